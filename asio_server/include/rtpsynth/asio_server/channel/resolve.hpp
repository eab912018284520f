/// \file
/// Names and addresses to endpoints.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string>

namespace rtpsynth::asio_server {

/// Which addresses will do.
enum class address_family { any, v4, v6 };

/// The first UDP endpoint that the system's resolver has for \p host: an address, with %scope for a
/// link-local one of IPv6, or a name. Blocks for as long as name resolution takes.
/// \return an endpoint of port 0 with \p ec set, a resolver's or the system's error, if none
RTPSYNTH_API boost::asio::ip::udp::endpoint resolve(const std::string& host, std::uint16_t port,
                                                    address_family family,
                                                    boost::system::error_code& ec);

/// The same. \throws boost::system::system_error
RTPSYNTH_API boost::asio::ip::udp::endpoint resolve(const std::string& host, std::uint16_t port,
                                                    address_family family = address_family::any);

/// "ADDRESS:PORT", "[ADDRESS]:PORT" for IPv6.
RTPSYNTH_API std::string to_string(const boost::asio::ip::udp::endpoint& endpoint);

} // namespace rtpsynth::asio_server
