/// \file
/// Cookbook: a relay between two telephones. One of them moves to another port, as it may behind a
/// NAT, and an attacker tries to replace it.

#include <rtpsynth/asio_server.hpp>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>

using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
using boost::asio::ip::udp;

/// Sends packets of 20 ms with one SSRC from its own port.
struct telephone {
    udp::socket socket;
    std::uint32_t ssrc;

    void send(const udp::endpoint& to, std::uint16_t number) {
        std::array<std::uint8_t, 172> packet{0x80};
        rtpsynth::detail::store_be16(&packet[2], number);
        rtpsynth::detail::store_be32(&packet[4], 160U * number);
        rtpsynth::detail::store_be32(&packet[8], ssrc);
        socket.send_to(boost::asio::buffer(packet), to);
    }
};

int main() {
    rtp_server server(caller_runs, {.tick = std::nullopt}); // served by this thread
    port_range ports({.address = boost::asio::ip::make_address("127.0.0.1"), .single = true});

    boost::asio::io_context context;
    const udp::endpoint any{boost::asio::ip::address_v4::loopback(), 0};
    telephone alice{udp::socket{context, any}, 1}, bob{udp::socket{context, any}, 2};
    telephone moved{udp::socket{context, any}, 1}, stranger{udp::socket{context, any}, 3};

    rtp_relay_options options;
    options.a.peer = alice.socket.local_endpoint(); // where its signalling comes from
    options.b.peer = bob.socket.local_endpoint();
    options.media_timeout = 30s;
    options.on_media_timeout = [](rtp_relay& relay, relay_leg) { relay.close(); }; // and hang up
    options.on_source_changed = [&](rtp_relay&, relay_leg leg, const udp::endpoint& from) {
        if (leg != relay_leg::a) return;
        const bool has_moved = from == moved.socket.local_endpoint();
        std::cout << (has_moved ? "Alice has moved\n" : "Alice was found\n");
    };
    rtp_relay relay(server, ports, options);

    const auto to_a = relay.local_endpoint(relay_leg::a), to_b = relay.local_endpoint(relay_leg::b);
    auto until = std::chrono::steady_clock::now();
    for (std::uint16_t number = 0; number != 50; ++number) {
        (number < 25 ? alice : moved).send(to_a, number);
        stranger.send(to_a, number);
        bob.send(to_b, number);
        for (until += 20ms; std::chrono::steady_clock::now() < until;) server.run_one_until(until);
    }
    const relay_leg_stats stats = relay.stats(relay_leg::a);
    std::cout << stats.forwarded << " packets forwarded, " << stats.rejected << " rejected\n";
}
