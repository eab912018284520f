/// \file
/// The command line of rtp_load.
#pragma once

#include "common/endpoint_argument.hpp"
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
    int ptime = 20; ///< ms
    load::codec codec = load::codec::pcmu;
    rtpsynth::duration time{};      ///< that each stream sends for
    std::string wav;                ///< empty: a tone
    rtpsynth::duration max_delay{}; ///< of playout
    impairment_options impairment;
    double max_loss = 0; ///< percent
    bool json = false;
    std::string plot; ///< empty: none

    /// One packet's share of a stream's time.
    rtpsynth::duration packet_time() const { return std::chrono::milliseconds{ptime}; }
    /// G.711 has a byte a sample, 8 a millisecond.
    std::size_t payload_size() const { return std::size_t{8} * static_cast<unsigned>(ptime); }
    std::uint8_t payload_type() const { return codec == load::codec::pcmu ? 0 : 8; } // RFC 3551 §6
    const char* codec_name() const { return codec == load::codec::pcmu ? "PCMU" : "PCMA"; }
    /// How many packets each stream makes.
    std::uint64_t packets() const { return static_cast<std::uint64_t>(time / packet_time()); }
};

/// Reads the command line. Nothing if the program is to end with \p exit_status: help and version
/// have been printed to standard output, errors of usage to standard error.
std::optional<program_options> parse_options(int argc, char** argv, int& exit_status);

} // namespace load
