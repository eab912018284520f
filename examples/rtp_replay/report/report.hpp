/// \file
/// The results for a capture, as plain data.
#pragma once

#include "network/frame_counts.hpp"
#include "stream/stream_finder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace replay {

struct stream_summary {
    stream_key key;
    std::string codec; ///< names of the payload types, joined by "+"
    std::vector<payload_use> payloads;
    std::optional<std::uint32_t> clock_rate; ///< Hz, of the first type that has a known one
    std::optional<std::uint32_t> ptime_ms;   ///< from SDP
    bool encrypted = false;                  ///< SRTP
    std::uint64_t packets = 0;               ///< without invalid ones
    std::uint64_t lost = 0;                  ///< sequence numbers that never arrived
    double lost_percent = 0;                 ///< of the expected packets
    std::uint64_t duplicates = 0, reordered = 0, rejected = 0, restarts = 0;
    std::uint64_t invalid = 0;    ///< invalid RTP (RFC 3550 §5.1), received and not lost
    std::uint64_t collisions = 0; ///< packets of a second sender (RFC 3550 §8.2)
    std::optional<double> max_jitter_ms, mean_jitter_ms; ///< nullopt: not measured
    std::optional<double> max_delta_ms;    ///< between packets; nullopt: only one came
    std::optional<double> clock_drift_ppm; ///< positive: the sender's clock is fast
    std::optional<double> mos, r_factor;   ///< of a listener; nullopt: of this codec not known
    std::string digits;                    ///< pressed, the first digit_reader::most of them
    std::uint64_t digits_left_out = 0;
    std::uint64_t erasures = 0;        ///< gaps given up by the jitter buffer
    std::uint64_t erased_packets = 0;  ///< packets in them
    std::uint64_t dropped_packets = 0; ///< by the jitter buffer, for any reason
    double start_s = 0;                ///< after the capture's first frame
    double duration_s = 0;             ///< first to last arrival
};

struct audio_summary {
    std::string file;
    stream_key key;
    bool as_sent = false;      ///< on the sender's timeline, else as its receiver heard it
    std::uint32_t rate = 0;    ///< Hz
    unsigned channels = 1;     ///< 2: of both directions
    std::uint64_t streams = 0; ///< streams written; key is that of the chosen one
    double duration_s = 0;
    double concealed_s = 0; ///< ticks of 20 ms with concealed audio in them
    double silence_s = 0;   ///< filled in, as sent; ticks that are silent, as heard
    bool shortened = false; ///< the limit on silence was reached
};

struct report {
    std::string file;
    frame_report frames;
    std::vector<stream_summary> streams;
    std::uint64_t streams_left_out = 0; ///< beyond the limit
    std::uint64_t unproven_packets = 0; ///< that parse as RTP but belong to no stream
    std::uint64_t sdp_left_out = 0;     ///< media descriptions beyond the limit
    std::optional<audio_summary> wav;
    std::string error; ///< empty if all is well
};

stream_summary summarise(const rtp_stream& stream, const stream_finder& finder);
/// Sets the streams of \p r from \p finder.
void tell(const stream_finder& finder, report& r);

/// `0xDEE0EE8F`
std::string ssrc_text(std::uint32_t ssrc);

} // namespace replay
