#include "call.hpp"

#include <rtpsynth/rtp/packet.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>

namespace echo {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t rtcp_room = 1400; // bytes of a report

// A peer that is silent for this long, in which it would send three reports, has ended.
constexpr auto longest_silence = 15s;
// A peer that sends nothing valid within this time is forgotten, to make room for others.
constexpr auto longest_proof = 1s;

} // namespace

call::call(const program_options& options, const call_address& at, rtpsynth::time_point now)
    : at_(at), heard_(now) {
    if (options.rtcp) session_.emplace(common::make_session(*options.rtcp, std::nullopt));
    if (options.srtp) srtp_.emplace(*options.srtp);
}

void call::take(const rtpsynth::asio_server::datagram_view& datagram, bool is_rtcp, buffer& scratch,
                call_totals& totals) noexcept {
    std::span<const std::uint8_t> packet = datagram.data;
    if (srtp_) {
        if (packet.size() > common::srtp_stream::max_packet) {
            ++totals.refused;
            return;
        }
        std::copy(packet.begin(), packet.end(), scratch.begin());
        const auto own = std::span(scratch).first(packet.size());
        const auto size = is_rtcp ? srtp_->unprotect_rtcp(own) : srtp_->unprotect(own);
        if (!size) {
            ++totals.refused;
            return;
        }
        packet = own.first(*size);
    }
    if (is_rtcp && session_) {
        take_rtcp(packet, datagram.received_at, totals);
        return;
    }
    if (const auto rtp = rtpsynth::rtp_packet_view::parse(packet); rtp && !is_rtcp) {
        if (session_) session_->receive_rtp(*rtp, datagram.received_at);
        heard_ = datagram.received_at;
        is_valid_ = was_heard_ = true;
    } else if (srtp_) { // RTCP without --rtcp
        heard_ = datagram.received_at;
        is_valid_ = true;
    }
    if (srtp_) {
        const auto size = is_rtcp ? srtp_->protect_rtcp(scratch, packet.size())
                                  : srtp_->protect(scratch, packet.size());
        if (!size) {
            ++totals.refused;
            return;
        }
        packet = std::span(scratch).first(*size);
    }
    send(packet, totals);
}

void call::take_rtcp(std::span<const std::uint8_t> packet, rtpsynth::time_point arrival,
                     call_totals& totals) noexcept {
    const auto what = session_->receive_rtcp(packet, arrival);
    if (what.outcome == rtpsynth::session_outcome::malformed) {
        ++totals.refused;
        return;
    }
    ++totals.rtcp_received;
    heard_ = arrival;
    is_valid_ = true;
    was_heard_ = what.source == nullptr || !what.source->left(); // no report after a BYE
}

void call::report(rtpsynth::time_point now, buffer& scratch, call_totals& totals) noexcept {
    if (session_ && now >= session_->next_rtcp()) send_rtcp(now, scratch, totals);
}

void call::leave(rtpsynth::time_point now, buffer& scratch, call_totals& totals) noexcept {
    if (!session_) return;
    was_heard_ = true;
    session_->leave(now);
    send_rtcp(now, scratch, totals);
}

// A source address may be forged: a peer that has sent nothing since the last report gets none.
void call::send_rtcp(rtpsynth::time_point now, buffer& scratch, call_totals& totals) noexcept {
    const auto made =
        session_->make_rtcp(now, common::wall_clock(), std::span(scratch).first(rtcp_room));
    if (!made || made->empty() || !was_heard_) return;
    was_heard_ = false;
    std::size_t size = made->size(); // at the beginning of scratch
    if (srtp_) {
        const auto protected_size = srtp_->protect_rtcp(scratch, size);
        if (!protected_size) return;
        size = *protected_size;
    }
    send(std::span(scratch).first(size), totals);
    ++totals.rtcp_sent;
}

void call::send(std::span<const std::uint8_t> datagram, call_totals& totals) noexcept {
    const auto error = at_.channel->try_send_to(datagram, at_.peer);
    if (error && error != boost::asio::error::would_block) ++totals.not_answerable;
}

rtpsynth::time_point call::end() const noexcept {
    return heard_ + (is_valid_ ? rtpsynth::duration(longest_silence) : longest_proof);
}

rtpsynth::time_point call::due() const noexcept {
    return session_ ? std::min(end(), session_->next_rtcp()) : end();
}

bool call::is_over(rtpsynth::time_point now) const noexcept { return now >= end(); }

} // namespace echo
