/// \file
/// The command line of rtp_load.
#pragma once

#include "common/endpoint_argument.hpp"
#include "common/rtcp_argument.hpp"
#include "common/srtp_stream.hpp"
#include "traffic/impairment.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace load {

enum class codec { pcmu, pcma };

struct program_options {
    common::endpoint_argument target;
    std::size_t streams = 10;
    std::uint16_t source_port = 0; ///< of the first stream; 0: the system chooses all
    int ptime = 20;                ///< ms
    load::codec codec = load::codec::pcmu;
    rtpsynth::duration time{};      ///< how long each stream sends
    std::string wav;                ///< audio file; empty: a tone
    rtpsynth::duration max_delay{}; ///< playout delay
    impairment_options impairment;
    double max_loss = 0; ///< percent
    bool json = false;
    std::optional<common::rtcp_argument> rtcp;
    std::optional<common::srtp_argument> srtp;
    std::string plot; ///< SVG file; empty: none

    /// Duration of the media in a packet.
    rtpsynth::duration packet_time() const { return std::chrono::milliseconds{ptime}; }
    /// Bytes: G.711 has one per sample, 8 per millisecond.
    std::size_t payload_size() const { return std::size_t{8} * static_cast<unsigned>(ptime); }
    std::uint8_t payload_type() const { return codec == load::codec::pcmu ? 0 : 8; } // RFC 3551 §6
    const char* codec_name() const { return codec == load::codec::pcmu ? "PCMU" : "PCMA"; }
    /// Packets that each stream makes.
    std::uint64_t packets() const { return static_cast<std::uint64_t>(time / packet_time()); }
};

/// Parses the command line. Returns nothing if the program should exit with \p exit_status, having
/// printed help, the version or a usage error.
std::optional<program_options> parse_options(int argc, char** argv, int& exit_status);

} // namespace load
