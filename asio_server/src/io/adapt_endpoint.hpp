/// \file
/// Converts an address to one that a socket of either family can send to.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

namespace rtpsynth::asio_server::detail {

/// Converts \p to to the family of a socket bound to \p local. \return an error if that is
/// impossible
inline boost::system::error_code adapt_endpoint(boost::asio::ip::udp::endpoint& to,
                                                const boost::asio::ip::udp::endpoint& local,
                                                bool v6_only) noexcept {
    namespace ip = boost::asio::ip;
    if (to.port() == 0) return boost::asio::error::invalid_argument;
    const bool v6 = local.address().is_v6();
    if (to.address().is_v6() == v6) return {};
    if (!v6 || v6_only) return boost::asio::error::address_family_not_supported;
    to.address(ip::make_address_v6(ip::v4_mapped, to.address().to_v4()));
    return {};
}

} // namespace rtpsynth::asio_server::detail
