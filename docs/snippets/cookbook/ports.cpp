/// \file
/// Cookbook: both legs of a call on RTP and RTCP ports out of a range, on one core of several.

#include <rtpsynth/asio_server.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/system/system_error.hpp>

#include <iostream>

namespace asio_server = rtpsynth::asio_server;

const auto on_rtp = [](asio_server::rtp_channel&, const asio_server::datagram_view&) {};
const auto on_rtcp = [](asio_server::rtp_channel&, const asio_server::datagram_view&) {};

/// The legs of a relay belong on one server: their handlers are never called at once.
struct call {
    call(asio_server::rtp_server_pool& pool, asio_server::port_range& ports)
        : caller{ports.create_pair(pool.pick(), {}, on_rtp, on_rtcp)},
          callee{ports.create_pair(pool.server_of(*caller.rtp), {}, on_rtp, on_rtcp)} {}

    asio_server::channel_pair caller, callee;
};

int main() try {
    asio_server::rtp_server_pool pool(2); // without a number: a server for each core
    asio_server::port_range ports(
        {.address = boost::asio::ip::make_address("127.0.0.1"), .first = 16384, .last = 32767});

    const call one(pool, ports);
    for (const auto& leg : {one.caller, one.callee}) {
        const auto rtp = leg.rtp->local_endpoint(), rtcp = leg.rtcp->local_endpoint();
        std::cout << (rtp.port() % 2 == 0 ? "even" : "odd") << ", RTCP on the port + "
                  << rtcp.port() - rtp.port() << '\n';
    }
    std::cout << ports.stats().in_use << " of " << ports.stats().places << " pairs in use\n";
} catch (const boost::system::system_error& error) { // address_in_use: no pair was free
    std::cerr << error.what() << '\n';               // what SIP says with 486 or 503
    return 1;
}
