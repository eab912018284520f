/// \file
/// The state of one peer of rtp_echo: its RTCP session and its SRTP.
#pragma once

#include "options.hpp"

#include "common/srtp_stream.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/timer_wheel.hpp>
#include <rtpsynth/rtcp/session.hpp>

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace echo {

/// Counters over all calls. Written on the server's executor, read on any thread.
struct call_totals {
    std::atomic<std::uint64_t> rtcp_received{0}; ///< valid datagrams
    std::atomic<std::uint64_t> rtcp_sent{0};     ///< our own datagrams
    /// Datagrams that are not answered: SRTP that is malformed, replayed or protected with another
    /// key, malformed RTCP, and datagrams of peers for which there is no room.
    std::atomic<std::uint64_t> refused{0};
    /// Datagrams that the channel did not accept, apart from those that found its queue full.
    std::atomic<std::uint64_t> not_answerable{0};
};

/// The channel and the peer of a call.
struct call_address {
    rtpsynth::asio_server::rtp_channel* channel = nullptr;
    boost::asio::ip::udp::endpoint peer;

    bool operator==(const call_address&) const = default;

    struct hash {
        std::size_t operator()(const call_address& a) const noexcept {
            return std::hash<boost::asio::ip::address>{}(a.peer.address()) * 31 + a.peer.port() +
                   std::hash<const void*>{}(a.channel);
        }
    };
};

/// One peer, whose RTP is echoed and reported on in RTCP. It is a timer: its owner calls report()
/// at due().
class call : public rtpsynth::timer_wheel::timer {
public:
    /// Room for a packet and what SRTP adds.
    using buffer = std::array<std::uint8_t,
                              common::srtp_stream::max_packet + common::srtp_stream::max_overhead>;

    /// \throws std::bad_alloc
    call(const program_options& options, const call_address& at, rtpsynth::time_point now);

    const call_address& at() const noexcept { return at_; }

    /// Answers a datagram of RTP or RTCP. \p scratch is overwritten.
    void take(const rtpsynth::asio_server::datagram_view& datagram, bool is_rtcp, buffer& scratch,
              call_totals& totals) noexcept;

    /// Sends the report that is due, if the peer was heard since the last one.
    void report(rtpsynth::time_point now, buffer& scratch, call_totals& totals) noexcept;

    /// Sends a BYE, if RTCP was sent before.
    void leave(rtpsynth::time_point now, buffer& scratch, call_totals& totals) noexcept;

    /// When to call report(), or to destroy the call: see is_over().
    rtpsynth::time_point due() const noexcept;
    /// Whether the peer has been silent for 15 s, or has sent nothing valid within 1 s.
    bool is_over(rtpsynth::time_point now) const noexcept;

private:
    void take_rtcp(std::span<const std::uint8_t> packet, rtpsynth::time_point arrival,
                   call_totals& totals) noexcept;
    void send(std::span<const std::uint8_t> datagram, call_totals& totals) noexcept;
    void send_rtcp(rtpsynth::time_point now, buffer& scratch, call_totals& totals) noexcept;
    rtpsynth::time_point end() const noexcept;

    call_address at_;
    std::optional<rtpsynth::rtp_session> session_; // with --rtcp
    std::optional<common::srtp_stream> srtp_;      // with --srtp
    rtpsynth::time_point heard_;                   // the last valid packet, or the start
    bool is_valid_ = false;                        // there was a valid packet
    bool was_heard_ = false;                       // a packet has come since the last report
};

} // namespace echo
