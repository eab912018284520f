/// \file
/// Between Python's hosts, ports and families and Asio's endpoints. With the GIL held; on an error
/// an exception is set.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace rtpsynth::python {

/// A str. \return false with TypeError or ValueError set
bool to_host(PyObject* value, const char* name, std::string& out);

/// 0, None, "auto", AF_UNSPEC; 4, "ipv4", AF_INET; 6, "ipv6", AF_INET6.
bool to_family(PyObject* value, const char* name, asio_server::address_family& out);

/// A numeric address. \return false with TypeError or ValueError set
bool to_numeric_address(PyObject* value, const char* name, boost::asio::ip::address& out);

/// A tuple (host, port) of a numeric address, as callbacks are given.
bool to_endpoint(PyObject* value, const char* name, boost::asio::ip::udp::endpoint& out);

/// asio_server::resolve; a name is looked up without the GIL. \return nothing with OSError set
std::optional<boost::asio::ip::udp::endpoint> resolve_released(const std::string& host,
                                                               std::uint16_t port,
                                                               asio_server::address_family family);

/// OSError for \p ec: socket.gaierror for what the resolver says, else the errno's subclass.
void set_host_error(const boost::system::error_code& ec, const std::string& host);

/// (host, port)
py_ref to_address(const boost::asio::ip::udp::endpoint& endpoint);

} // namespace rtpsynth::python
