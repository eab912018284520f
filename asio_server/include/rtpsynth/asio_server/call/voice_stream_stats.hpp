/// \file
/// The counters of voice_stream.
#pragma once

#include <rtpsynth/asio_server/call/source_latch.hpp>
#include <rtpsynth/asio_server/channel/stats.hpp>
#include <rtpsynth/audio/voice_sender_stats.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/jitter/playout_stats.hpp>
#include <rtpsynth/rtcp/session_stats.hpp>

#include <cstdint>
#include <optional>

namespace rtpsynth::asio_server {

/// Counters of a voice_stream since construction. Every datagram that its channels received is
/// counted once: as RTP or RTCP in `session`, in `malformed`, in `other`, in `not_authentic`, in
/// `latch.rejected`, or in `rtcp_rejected`. Each RTP packet that `session` accepted or has on
/// probation, or that the current source sent after its BYE, is also counted in `playout.received`
/// or in `not_played`. The current source is the one that is played.
struct voice_stream_stats {
    voice_sender_stats sender{}; ///< among them dry_runs, late and missed ticks
    playout_stats playout{};
    rtp_session_stats session{};
    source_latch_stats latch{}; ///< `rejected`: RTP packets, which are then ignored
    channel_stats rtp{};
    channel_stats rtcp{}; ///< zeros with voice_stream_options::rtcp_mux

    std::uint64_t malformed = 0; ///< RTP datagrams that cannot be parsed
    /// Datagrams that are neither RTP nor RTCP, RTP on the port for RTCP, and the reverse.
    std::uint64_t other = 0;
    std::uint64_t not_authentic = 0; ///< datagrams that the protection refused, or too long for it
    std::uint64_t rtcp_rejected = 0; ///< RTCP from another IP address than the latched source's
    /// Packets of other sources than the current one, and all before the audio is read first.
    std::uint64_t not_played = 0;

    /// Packets that the channel or the protection refused, and RTP before the peer is known.
    std::uint64_t unsent = 0;
    std::uint64_t late_by_1ms = 0; ///< ticks that were sent more than 1 ms after their time
    duration most_late{};          ///< the greatest lateness of a tick

    std::uint64_t events_lost = 0; ///< events that were dropped since event_queue was full
    std::uint64_t audio_lost = 0;  ///< ticks that were dropped since audio_queue was full

    /// From the last report of the current source; nullopt if there is none, or if it refers to
    /// none of our last 8 sender reports.
    std::optional<duration> round_trip_time{};
};

} // namespace rtpsynth::asio_server
