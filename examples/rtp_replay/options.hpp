/// \file
/// The command line of rtp_replay.
#pragma once

#include "stream/stream_finder.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace replay {

struct program_options {
    std::string file;
    finder_options finder;
    bool json = false;
    std::string wav;                   ///< the audio file to write; empty: none
    std::optional<std::uint32_t> ssrc; ///< of the stream to write
    bool as_sent = false;              ///< on the sender's timeline, not as it was heard
    bool stereo = false;               ///< also write the other direction
    bool all_ssrcs = false; ///< also write other streams between the same addresses and ports
};

/// Parses the command line. Returns nothing if the program should exit with \p exit_status, having
/// printed help, the version or a usage error.
std::optional<program_options> parse_options(int argc, char** argv, int& exit_status);

} // namespace replay
