#include "call/leg_state.hpp"

#include "channel/same_endpoint.hpp"

#include <rtpsynth/asio_server/call/rtp_relay.hpp>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

// The SSRC of a compound packet's sender; nullopt if the packet is truncated.
std::optional<std::uint32_t> sender_of(std::span<const std::uint8_t> compound) noexcept {
    if (compound.size() < 8) return std::nullopt;
    return rtpsynth::detail::load_be32(compound.data() + 4);
}

} // namespace

leg_state::leg_state(const relay_leg_options& options, time_point now)
    : latch_{options.latch, options.peer},
      policy_{options.latch.latch},
      heard_{now},
      protection_{options.protection},
      rewriter_{options.clock_rate, stream_origin::draw(system_random32), options.stream} {}

void leg_state::attach(std::shared_ptr<rtp_channel> rtp, std::shared_ptr<rtp_channel> rtcp) {
    rtp_ = std::move(rtp);
    rtcp_ = std::move(rtcp);
    const auto peer = latch_.target();
    if (!peer) return;
    if (const auto error = rtp_->set_target(*peer))
        throw boost::system::system_error{error, "peer"};
    send_to(*peer);
}

boost::system::error_code leg_state::set_peer(const endpoint& peer) noexcept {
    if (const auto error = rtp_->set_target(peer)) return error;
    latch_.set_signalled(peer);
    send_to(*latch_.target());
    return {};
}

/// Sets the target of RTP and, without rtcp_mux, the next port as the target of RTCP. If the
/// channel refuses \p target, no RTP is sent to this side.
void leg_state::send_to(const endpoint& target) noexcept {
    reachable_ = !rtp_->set_target(target);
    if (rtcp_ == rtp_) return;
    // After port 65535 comes 0, which set_target() refuses.
    endpoint beside{target.address(), static_cast<std::uint16_t>(target.port() + 1)};
    if (!rtcp_->set_target(beside)) rtcp_target_ = beside;
}

bool leg_state::forward_rtp(const datagram_view& view, leg_state& to, workspace& work) noexcept {
    ++stats_.received;
    std::size_t size = view.data.size();
    if (size > rtp_relay::max_packet_size) {
        ++stats_.oversized;
        return false;
    }
    const std::span<std::uint8_t> bytes{work.first};
    std::memcpy(bytes.data(), view.data.data(), size);
    if (protection_) {
        const auto plain = protection_->unprotect(bytes.first(size));
        if (!plain) {
            ++stats_.not_authentic;
            return false;
        }
        size = std::min(*plain, size);
    }
    rtp_packet_view packet;
    if (packet.assign(bytes.data(), size) != errc{}) {
        ++stats_.malformed;
        return false;
    }
    const auto place = latch_.receive(packet, view.source, view.received_at);
    if (place == source_latch::outcome::rejected) {
        ++stats_.rejected;
        return false;
    }
    if (place != source_latch::outcome::probation) {
        heard(view.received_at);
        ssrc_ = packet.ssrc();
    }
    const bool has_moved = place == source_latch::outcome::latched;
    if (has_moved) send_to(view.source);
    if (!to.reachable_) {
        ++stats_.unsent;
        return has_moved;
    }
    if (!is_forwarded(rewriter_.rewrite(bytes.first(size), view.received_at))) {
        ++stats_.dropped;
        return has_moved;
    }
    if (to.protection_) {
        const auto protected_size = to.protection_->protect(bytes, size);
        size = protected_size ? std::min(*protected_size, bytes.size()) : 0;
    }
    ++(size != 0 && !to.rtp_->try_send(bytes.first(size)) ? stats_.forwarded : stats_.unsent);
    return has_moved;
}

void leg_state::forward_rtcp(const datagram_view& view, leg_state& to, workspace& work) noexcept {
    ++stats_.rtcp_received;
    std::size_t size = view.data.size();
    if (!is_from_peer(view.source)) {
        ++stats_.rtcp_rejected;
        return;
    }
    if (size > rtp_relay::max_packet_size) {
        ++stats_.rtcp_malformed;
        return;
    }
    std::span<std::uint8_t> bytes{work.first}, other{work.second};
    std::memcpy(bytes.data(), view.data.data(), size);
    if (protection_) {
        const auto plain = protection_->unprotect_rtcp(bytes.first(size));
        if (!plain) {
            ++stats_.rtcp_not_authentic;
            return;
        }
        size = std::min(*plain, size);
    }
    std::span<const std::uint8_t> compound = bytes.first(size);
    if (!rtcp_compound_view::parse(compound, rtcp_mode::reduced_size)) {
        ++stats_.rtcp_malformed;
        return;
    }
    heard(view.received_at);
    follow_rtcp(view.source, compound);
    if (rewriter_.has_source()) { // otherwise it sends no RTP: its RTCP keeps its SSRC
        const auto own = rewriter_.translate_forward(compound, other);
        compound = own ? *own : std::span<const std::uint8_t>{};
        std::swap(bytes, other);
    }
    if (!compound.empty()) {
        const auto back = to.rewriter_.translate_back(compound, other);
        compound = back ? *back : std::span<const std::uint8_t>{};
    }
    size = compound.size();
    if (size == 0) {
        ++stats_.rtcp_dropped;
        return;
    }
    if (to.protection_) {
        const auto protected_size = to.protection_->protect_rtcp(other, size);
        size = protected_size ? std::min(*protected_size, other.size()) : 0;
    }
    ++(size != 0 && !to.rtcp_->try_send(other.first(size)) ? stats_.rtcp_forwarded
                                                           : stats_.rtcp_unsent);
}

/// With latch_policy::none, RTCP is accepted from any source, as RTP is.
bool leg_state::is_from_peer(const endpoint& source) const noexcept {
    if (policy_ == latch_policy::none) return true;
    const auto peer = latch_.target();
    return peer && (rtcp_ == rtp_ ? same_endpoint(*peer, source)
                                  : same_address(peer->address(), source.address()));
}

void leg_state::follow_rtcp(const endpoint& source,
                            std::span<const std::uint8_t> compound) noexcept {
    if (policy_ == latch_policy::none || rtcp_ == rtp_ || !ssrc_ || sender_of(compound) != ssrc_ ||
        (rtcp_target_ && same_endpoint(*rtcp_target_, source)))
        return;
    if (!rtcp_->set_target(source)) rtcp_target_ = source;
}

relay_leg_stats leg_state::stats() const noexcept {
    relay_leg_stats s = stats_;
    s.latch = latch_.stats();
    s.stream = rewriter_.stats();
    return s;
}

void leg_state::heard(time_point at) noexcept {
    heard_ = std::max(heard_, at);
    silent_ = false;
}

bool leg_state::note_silence(time_point now, duration limit) noexcept {
    if (silent_ || now - heard_ < limit) return false;
    silent_ = true;
    ++stats_.timeouts;
    return true;
}

std::optional<time_point> leg_state::next_silence(duration limit) const noexcept {
    return silent_ ? std::nullopt : std::optional{heard_ + limit};
}

} // namespace rtpsynth::asio_server::detail
