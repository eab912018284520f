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

/// Counters of a voice_stream since it was made. Every datagram that its channels received is
/// counted once: as RTP or RTCP in `session`, in `malformed`, in `other`, in `not_authentic`, or as
/// rejected. Of the RTP that `session` accepted or has on probation, or that the source that is
/// heard sent after its BYE, each packet is in `playout.received`, or in `not_played`.
struct voice_stream_stats {
    voice_sender_stats sender{}; ///< dry_runs, and late and missed ticks, among them
    playout_stats playout{};
    rtp_session_stats session{};
    source_latch_stats latch{}; ///< `rejected`: RTP that the latch did not let through
    channel_stats rtp{};
    channel_stats rtcp{}; ///< zeros with voice_stream_options::rtcp_mux

    std::uint64_t malformed = 0; ///< datagrams of RTP that cannot be parsed
    std::uint64_t other = 0;     ///< datagrams that are neither RTP nor RTCP, or on the port for
                                 ///< the other of both
    std::uint64_t not_authentic = 0; ///< datagrams that the protection refused
    std::uint64_t rtcp_rejected = 0; ///< that is not from the latched address
    std::uint64_t not_played = 0;    ///< packets of another source than the one that is heard, and
                                     ///< all that come while nobody reads

    std::uint64_t unsent = 0; ///< packets that the channel refused; before the peer is known, all
    std::uint64_t late_by_1ms = 0; ///< ticks that were sent more than 1 ms after their time
    duration most_late{};          ///< the latest of all

    std::uint64_t events_lost = 0; ///< because event_queue was full, oldest first
    std::uint64_t audio_lost = 0;  ///< ticks, because audio_queue was full, oldest first

    /// By the last report of the source that is heard, if it has had our sender report.
    std::optional<duration> round_trip_time{};
};

} // namespace rtpsynth::asio_server
