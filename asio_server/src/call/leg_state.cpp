#include "call/leg_state.hpp"

#include "channel/same_endpoint.hpp"

#include <rtpsynth/asio_server/call/rtp_relay.hpp>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/packet.hpp>

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
    : leg_state{options, now, stream_origin::draw(system_random32)} {}

leg_state::leg_state(const relay_leg_options& options, time_point now, const stream_origin& origin)
    : latch_{options.latch, options.peer},
      policy_{options.latch.latch},
      rtcp_mux_{options.rtcp_mux},
      heard_{now},
      protection_{options.protection},
      transcoder_{options.transcode.empty()
                      ? nullptr
                      : std::make_unique<leg_transcoder>(options, origin.timestamp)},
      rewriter_{options.clock_rate, origin, leg_transcoder::rewriter_options(options)} {}

leg_state::outcome leg_state::pass(const datagram_view& view, bool to_rtcp_port, leg_state& to,
                                   workspace& work) noexcept {
    const datagram_kind kind = classify(view.data);
    if (kind == datagram_kind::rtp && !to_rtcp_port) return pass_rtp(view, to, work);
    if (kind == datagram_kind::rtcp) return pass_rtcp(view, to, work);
    ++stats_.other;
    return {};
}

void leg_state::count_unsent(const datagram_view& view, bool to_rtcp_port) noexcept {
    const datagram_kind kind = classify(view.data);
    if (kind == datagram_kind::rtp && !to_rtcp_port)
        ++stats_.received, ++stats_.unsent;
    else if (kind == datagram_kind::rtcp)
        ++stats_.rtcp_received, ++stats_.rtcp_unsent;
    else
        ++stats_.other;
}

void leg_state::count_sent(const outcome& passed, bool is_accepted) noexcept {
    if (passed.is_rtcp)
        ++(is_accepted ? stats_.rtcp_forwarded : stats_.rtcp_unsent);
    else
        ++(is_accepted ? stats_.forwarded : stats_.unsent);
}

leg_state::outcome leg_state::pass_rtp(const datagram_view& view, leg_state& to,
                                       workspace& work) noexcept {
    ++stats_.received;
    std::size_t size = view.data.size();
    if (size > rtp_relay::max_packet_size) {
        ++stats_.oversized;
        return {};
    }
    std::span<std::uint8_t> bytes{work.first};
    std::memcpy(bytes.data(), view.data.data(), size);
    if (protection_) {
        const auto plain = protection_->unprotect(bytes.first(size));
        if (!plain) {
            ++stats_.not_authentic;
            return {};
        }
        size = std::min(*plain, size);
    }
    rtp_packet_view packet;
    if (packet.assign(bytes.data(), size) != errc{}) {
        ++stats_.malformed;
        return {};
    }
    const auto place = latch_.receive(packet, view.source, view.received_at);
    if (place == source_latch::outcome::rejected) {
        ++stats_.rejected;
        return {};
    }
    if (place != source_latch::outcome::probation) {
        heard(view.received_at);
        ssrc_ = packet.ssrc();
    }
    outcome passed{.has_moved = place == source_latch::outcome::latched};
    if (!to.reachable_) {
        ++stats_.unsent;
        return passed;
    }
    const std::uint8_t source_type = packet.payload_type();
    const auto rewritten = rewriter_.rewrite(bytes.first(size), view.received_at);
    if (!is_forwarded(rewritten)) {
        ++stats_.dropped;
        return passed;
    }
    if (transcoder_) {
        size = transcode(source_type, rewritten == stream_rewriter::outcome::switched,
                         view.received_at, size, bytes, work.second);
        if (size == 0) return passed;
    }
    if (to.protection_) {
        const auto protected_size = to.protection_->protect(bytes, size);
        size = protected_size ? std::min(*protected_size, bytes.size()) : 0;
        if (size == 0) ++stats_.unsent;
    }
    passed.packet = bytes.first(size);
    return passed;
}

/// Gives the packet in \p bytes another codec, in \p spare, which \p bytes becomes then. \return
/// its size; 0 if it is dropped and was counted
std::size_t leg_state::transcode(std::uint8_t source_type, bool begins, time_point arrival,
                                 std::size_t size, std::span<std::uint8_t>& bytes,
                                 std::span<std::uint8_t> spare) noexcept {
    const auto made = transcoder_->convert(source_type, begins, bytes.first(size), arrival, spare);
    switch (made.what) {
    case leg_transcoder::outcome::transcoded:
        ++stats_.transcoded;
        bytes = spare;
        break;
    case leg_transcoder::outcome::late:
        ++stats_.late;
        break;
    case leg_transcoder::outcome::refused:
        ++stats_.undecodable;
        break;
    case leg_transcoder::outcome::passed:
        break;
    }
    return made.size;
}

leg_state::outcome leg_state::pass_rtcp(const datagram_view& view, leg_state& to,
                                        workspace& work) noexcept {
    ++stats_.rtcp_received;
    std::size_t size = view.data.size();
    if (!is_from_peer(view.source)) {
        ++stats_.rtcp_rejected;
        return {};
    }
    if (size > rtp_relay::max_packet_size) {
        ++stats_.rtcp_malformed;
        return {};
    }
    std::span<std::uint8_t> bytes{work.first}, other{work.second};
    std::memcpy(bytes.data(), view.data.data(), size);
    if (protection_) {
        const auto plain = protection_->unprotect_rtcp(bytes.first(size));
        if (!plain) {
            ++stats_.rtcp_not_authentic;
            return {};
        }
        size = std::min(*plain, size);
    }
    std::span<const std::uint8_t> compound = bytes.first(size);
    if (!rtcp_compound_view::parse(compound, rtcp_mode::reduced_size)) {
        ++stats_.rtcp_malformed;
        return {};
    }
    heard(view.received_at);
    outcome passed{.is_rtcp = true, .rtcp_has_moved = follows_rtcp(view.source, compound)};
    if (rewriter_.has_source()) { // otherwise it sends no RTP: its RTCP keeps its SSRC
        const auto own = rewriter_.translate_forward(compound, other);
        compound = own ? *own : std::span<const std::uint8_t>{};
        if (transcoder_) transcoder_->to_output(other.first(compound.size()));
        std::swap(bytes, other);
    }
    if (!compound.empty()) {
        const auto back = to.rewriter_.translate_back(compound, other);
        compound = back ? *back : std::span<const std::uint8_t>{};
        if (to.transcoder_) to.transcoder_->to_source(other.first(compound.size()));
    }
    size = compound.size();
    if (size == 0) {
        ++stats_.rtcp_dropped;
        return passed;
    }
    if (to.protection_) {
        const auto protected_size = to.protection_->protect_rtcp(other, size);
        size = protected_size ? std::min(*protected_size, other.size()) : 0;
        if (size == 0) ++stats_.rtcp_unsent;
    }
    passed.packet = other.first(size);
    return passed;
}

/// With latch_policy::none, RTCP is accepted from any source, as RTP is.
bool leg_state::is_from_peer(const endpoint& source) const noexcept {
    if (policy_ == latch_policy::none) return true;
    const auto peer = latch_.target();
    return peer && (rtcp_mux_ ? same_endpoint(*peer, source)
                              : same_address(peer->address(), source.address()));
}

/// Whether RTCP of this side's source came from elsewhere than its RTCP is sent to.
bool leg_state::follows_rtcp(const endpoint& source,
                             std::span<const std::uint8_t> compound) const noexcept {
    return policy_ != latch_policy::none && !rtcp_mux_ && ssrc_ && sender_of(compound) == ssrc_ &&
           !(rtcp_target_ && same_endpoint(*rtcp_target_, source));
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
