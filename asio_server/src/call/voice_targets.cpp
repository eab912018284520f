// Where a voice_stream sends to.
#include "call/voice_stream_impl.hpp"

#include <boost/asio/error.hpp>

#include <cstdint>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

namespace error = boost::asio::error;

} // namespace

boost::system::error_code voice_stream_impl::start(
    std::shared_ptr<rtp_channel> first, std::shared_ptr<rtp_channel> second,
    const std::optional<endpoint>& peer, const std::optional<endpoint>& rtcp_peer) noexcept {
    bool ended = false;
    {
        completions done{engine_->completing()};
        const std::lock_guard setting{targets_lock_};
        if (peer && !has_peer_) {
            if (const error_code e = set_targets(*first, second.get(), *peer, rtcp_peer)) return e;
            has_peer_ = true;
        }
        {
            const std::lock_guard lock{lock_};
            rtp_.store(first.get(), std::memory_order_release);
            rtcp_.store(second.get(), std::memory_order_release);
            kept_rtp_ = std::move(first);
            kept_rtcp_ = std::move(second);
            started_ = true;
            ended = closing_; // by a handler
            ask(done);
        }
        follow(); // sets the target of RTCP, if the latch has chosen one
    }
    if (!ended) return {};
    kept_rtp_->close();
    if (kept_rtcp_) kept_rtcp_->close();
    return {};
}

boost::system::error_code voice_stream_impl::set_targets(
    rtp_channel& first, rtp_channel* second, const endpoint& peer,
    const std::optional<endpoint>& rtcp_peer) noexcept {
    if (!second) return first.set_target(peer);
    const auto before = second->target();
    const endpoint next{peer.address(), static_cast<std::uint16_t>(peer.port() + 1)};
    if (const error_code e = second->set_target(rtcp_peer.value_or(next))) return e;
    const error_code e = first.set_target(peer);
    if (e && before) static_cast<void>(second->set_target(*before)); // it accepted that before
    return e;
}

boost::system::error_code voice_stream_impl::set_peer(
    const endpoint& peer, const std::optional<endpoint>& rtcp_peer) noexcept {
    rtp_channel* const second = mux_ ? nullptr : rtcp();
    if (!mux_ && !second) return error::try_again; // in a handler, before start()
    const std::lock_guard setting{targets_lock_};
    const auto rtcp_before = second ? second->target() : std::nullopt;
    if (const error_code e = set_targets(*rtp(), second, peer, rtcp_peer)) return e;
    {
        const std::lock_guard lock{lock_};
        latch_.set_signalled(peer);
        has_peer_ = true;
        // If peer has not changed, the targets are what they were.
        moved_to_ = latching_ ? latch_.latched() : std::nullopt;
        rtcp_moved_to_ = moved_to_ ? rtcp_before : std::nullopt;
    }
    follow();
    return {};
}

void voice_stream_impl::on_moved() noexcept {
    const std::lock_guard setting{targets_lock_};
    follow();
}

/// Sets the targets that the latch has chosen, unless a set_peer() has replaced them. Call it with
/// targets_lock_ held.
void voice_stream_impl::follow() noexcept {
    rtp_channel* const second = mux_ ? nullptr : rtcp();
    std::optional<endpoint> to, rtcp_to;
    {
        const std::lock_guard lock{lock_};
        to = std::exchange(moved_to_, std::nullopt);
        // The port of the source's RTCP is not known yet: the next one is the best guess.
        if (to && !mux_ && !rtcp_moved_to_ && to->port() != 65535)
            rtcp_moved_to_ = endpoint{to->address(), static_cast<std::uint16_t>(to->port() + 1)};
        // Before start(), there is no second channel: start() calls this again.
        if (second) rtcp_to = std::exchange(rtcp_moved_to_, std::nullopt);
    }
    if (to && !set_targets(*rtp(), nullptr, *to, std::nullopt)) has_peer_ = true;
    if (rtcp_to && second->target() != rtcp_to) static_cast<void>(second->set_target(*rtcp_to));
}

} // namespace rtpsynth::asio_server::detail
