/// \file
/// What is told of a capture, as plain data.
#pragma once

#include "stream_finder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace replay {

/// How many frames of the capture were what.
struct frame_counts {
    std::uint64_t frames = 0;
    std::uint64_t udp = 0;
    std::uint64_t fragments = 0; ///< of IP datagrams; not put together
    std::uint64_t malformed = 0; ///< too short for what their headers say
    std::uint64_t cut_short = 0; ///< UDP whose payload's end the capture left out; they count
};

struct stream_summary {
    stream_key key;
    std::string codec; ///< names of the payload types, joined by "+"
    std::vector<payload_use> payloads;
    std::uint32_t clock_rate = 0; ///< Hz
    bool clock_rate_assumed = false;
    std::uint64_t packets = 0;
    std::int64_t lost = 0; ///< RFC 3550 A.3: duplicates make it smaller, even negative
    double lost_percent = 0;
    std::uint64_t missing = 0; ///< sequence numbers that never came
    std::uint64_t duplicates = 0, reordered = 0, rejected = 0, restarts = 0;
    std::optional<double> max_jitter_ms, mean_jitter_ms; ///< none of telephone events alone
    std::uint64_t erasures = 0;                          ///< gaps that the jitter buffer gave up
    std::uint64_t erased_packets = 0;                    ///< packets in them
    std::uint64_t dropped_packets = 0;                   ///< by the jitter buffer, for any reason
    double start_s = 0;                                  ///< after the capture's first frame
    double duration_s = 0;                               ///< first to last arrival
};

struct wav_summary {
    std::string file;
    stream_key key;
    double duration_s = 0;
    double silence_s = 0;
    bool shortened = false; ///< more silence was due than is ever written
};

struct report {
    std::string file;
    frame_counts frames;
    std::vector<stream_summary> streams;
    bool streams_left_out = false;
    std::optional<wav_summary> wav;
    std::string error; ///< empty if all is well
};

stream_summary summarise(const rtp_stream& stream, const stream_finder& finder);

/// `0xDEE0EE8F`
std::string ssrc_text(std::uint32_t ssrc);

} // namespace replay
