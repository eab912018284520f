/// \file
/// Comparison of addresses as sockets report them.
#pragma once

#include <boost/asio/ip/udp.hpp>

namespace rtpsynth::asio_server::detail {

/// An IPv4 address equals the same one mapped into IPv6, since it depends on the socket in which
/// form a source's address is reported. A scope of 0 matches any.
inline bool same_address(const boost::asio::ip::address& a,
                         const boost::asio::ip::address& b) noexcept {
    if (a.is_v4() && b.is_v4()) return a.to_v4() == b.to_v4();
    if (a.is_v6() && b.is_v6()) {
        const auto x = a.to_v6(), y = b.to_v6();
        return x.to_bytes() == y.to_bytes() &&
               (x.scope_id() == y.scope_id() || x.scope_id() == 0 || y.scope_id() == 0);
    }
    const auto& v6 = a.is_v6() ? a : b;
    const auto& v4 = a.is_v6() ? b : a;
    return v6.to_v6().is_v4_mapped() &&
           boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6.to_v6()) == v4.to_v4();
}

inline bool same_endpoint(const boost::asio::ip::udp::endpoint& a,
                          const boost::asio::ip::udp::endpoint& b) noexcept {
    return a.port() == b.port() && same_address(a.address(), b.address());
}

} // namespace rtpsynth::asio_server::detail
