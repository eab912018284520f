/// \file
/// The command line of rtp_echo.
#pragma once

#include "common/endpoint_argument.hpp"
#include "common/rtcp_argument.hpp"
#include "common/srtp_stream.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace echo {

struct program_options {
    std::vector<common::endpoint_argument> binds;     ///< port 0: the system chooses
    std::size_t channels = 1;                         ///< for each bind with a single port
    std::optional<rtpsynth::duration> tick;           ///< nullopt: send at once
    std::optional<rtpsynth::duration> stats;          ///< interval of the statistics line
    int receive_buffer_size = 0;                      ///< bytes, of each socket
    std::optional<common::endpoint_argument> metrics; ///< where to serve them; one port
    std::optional<common::rtcp_argument> rtcp;        ///< nullopt: RTCP is echoed
    std::optional<common::srtp_argument> srtp;

    /// Number of channels of \p bind, an element of binds.
    std::size_t channels_of(const common::endpoint_argument& bind) const noexcept {
        return bind.ports() == 1 ? channels : bind.ports();
    }
    std::size_t all_channels() const noexcept;
};

/// Parses the command line. Returns nothing if the program should exit with \p exit_status, having
/// printed help, the version or a usage error.
std::optional<program_options> parse_options(int argc, char** argv, int& exit_status);

} // namespace echo
