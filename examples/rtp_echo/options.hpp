/// \file
/// The command line of rtp_echo.
#pragma once

#include "common/endpoint_argument.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace echo {

struct program_options {
    std::vector<common::endpoint_argument> binds; ///< port 0: of the system's choice
    std::size_t channels = 1;                     ///< a bind that gives one port
    std::optional<rtpsynth::duration> tick;       ///< none: at once
    std::optional<rtpsynth::duration> stats;      ///< between two lines of statistics
    int receive_buffer_size = 0;                  ///< bytes, of each socket

    /// How many of \p bind, which is one of binds.
    std::size_t channels_of(const common::endpoint_argument& bind) const noexcept {
        return bind.ports() == 1 ? channels : bind.ports();
    }
    std::size_t all_channels() const noexcept;
};

/// Reads the command line. Nothing if the program is to end with \p exit_status: help and version
/// have been printed to standard output, errors of usage to standard error.
std::optional<program_options> parse_options(int argc, char** argv, int& exit_status);

} // namespace echo
