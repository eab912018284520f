/// \file
/// Names and addresses to endpoints.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string>

namespace rtpsynth::asio_server {

/// Which addresses are acceptable.
enum class address_family { any, v4, v6 };

/// Returns the first UDP endpoint that the system's resolver has for \p host: an address, with
/// `%scope` for a link-local one of IPv6, or a name. Blocks for as long as name resolution takes.
///
/// \par Errors
/// \p ec is cleared, or set to the resolver's or the system's error; then the endpoint is empty.
RTPSYNTH_API boost::asio::ip::udp::endpoint resolve(const std::string& host, std::uint16_t port,
                                                    address_family family,
                                                    boost::system::error_code& ec);

/// The same. \throws boost::system::system_error
RTPSYNTH_API boost::asio::ip::udp::endpoint resolve(const std::string& host, std::uint16_t port,
                                                    address_family family = address_family::any);

/// Formats an endpoint: `ADDRESS:PORT`, for IPv6 `[ADDRESS]:PORT`.
RTPSYNTH_API std::string to_string(const boost::asio::ip::udp::endpoint& endpoint);

} // namespace rtpsynth::asio_server
