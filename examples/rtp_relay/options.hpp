/// \file
/// The command line of rtp_relay.
#pragma once

#include "common/endpoint_argument.hpp"

#include <rtpsynth/base/clock.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace relay {

/// `ADDRESS` or `ADDRESS=ADVERTISED`.
struct listen_address {
    boost::asio::ip::address address;
    std::string advertised; ///< in answers; empty: the SIP proxy uses its own
};

/// Where commands come from.
struct control_address {
    std::optional<common::endpoint_argument> udp; ///< otherwise:
    std::string path;                             ///< of a Unix socket
};

struct program_options {
    std::vector<control_address> control;
    std::vector<listen_address> listen;   ///< at most one of each family, at least one
    std::vector<listen_address> external; ///< the same; empty: there is one network
    std::uint16_t first_port = 0, last_port = 0;
    rtpsynth::duration timeout{};
    std::optional<std::filesystem::path> recordings, prompts; ///< directories
    std::size_t threads = 1;
    std::optional<std::uint8_t> dscp;
    std::optional<common::endpoint_argument> metrics; ///< one port
};

/// Parses the command line. Returns nothing if the program should exit with \p exit_status, having
/// printed help, the version or a usage error.
std::optional<program_options> parse_options(int argc, char** argv, int& exit_status);

} // namespace relay
