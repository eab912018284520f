// What the relay's tests share: telephones, and a server that the test itself serves.
#pragma once

#include "call/rtp_tools.hpp"
#include "server_tools.hpp"

#include <rtpsynth/asio_server/call/rtp_relay.hpp>
#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/packet.hpp>

#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace rtpsynth::asio_server {

using namespace std::chrono_literals;
using byte_vector = std::vector<std::uint8_t>;

inline byte_vector rtp_of(std::uint32_t ssrc, unsigned seq, std::uint8_t type = 0,
                          std::size_t payload = 4) {
    const rtp_header header = header_of(ssrc, seq);
    byte_vector packet{header.begin(), header.end()};
    packet[1] = type;
    packet.resize(packet.size() + payload, static_cast<std::uint8_t>(seq));
    return packet;
}

inline rtp_packet_view parsed(const byte_vector& bytes) {
    rtp_packet_view view;
    BOOST_REQUIRE((view.assign(bytes.data(), bytes.size()) == errc{}));
    return view;
}

/// A socket, which sends from its own address and never waits.
class phone {
public:
    explicit phone(std::uint16_t port = 0) : socket_{context_, {own_loopback(), port}} {
        socket_.non_blocking(true);
    }
    udp::endpoint endpoint() const {
        error_code e;
        return socket_.local_endpoint(e);
    }
    void send(const udp::endpoint& to, const byte_vector& bytes) {
        socket_.send_to(boost::asio::buffer(bytes), to);
    }
    /// What has arrived; nullopt: nothing.
    std::optional<byte_vector> receive() {
        byte_vector bytes(2500);
        error_code e;
        bytes.resize(socket_.receive_from(boost::asio::buffer(bytes), source, 0, e));
        if (e) return std::nullopt;
        return bytes;
    }
    udp::endpoint source; // of what was received last

private:
    boost::asio::io_context context_;
    udp::socket socket_;
};

/// A server that runs only while the test waits for something.
struct served {
    rtp_server server{caller_runs, immediate()};

    bool until(const std::function<bool()>& holds) {
        const auto limit = std::chrono::steady_clock::now() + patience;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            server.run_one_until(std::chrono::steady_clock::now() + 2ms);
        }
        return true;
    }
    byte_vector next(phone& p) {
        std::optional<byte_vector> got;
        BOOST_REQUIRE(until([&] { return (got = p.receive()).has_value(); }));
        return *got;
    }
    /// Until a side of the relay has so many datagrams of RTP and RTCP.
    void arrived(const rtp_relay& relay, relay_leg leg, std::uint64_t datagrams) {
        BOOST_REQUIRE(until([&] {
            const relay_leg_stats s = relay.stats(leg);
            return s.received + s.rtcp_received + s.other >= datagrams;
        }));
    }
};

inline rtp_relay_options relay_on_loopback() {
    rtp_relay_options o;
    o.a.channel = o.b.channel = on_loopback();
    o.a.latch.probation = o.b.latch.probation = 2;
    return o;
}

constexpr relay_leg leg_a = relay_leg::a, leg_b = relay_leg::b;

/// A relay between two phones.
struct two_phones : served {
    phone alice, bob;
    rtp_relay relay;
    unsigned seq_a = 100, seq_b = 5000;
    std::uint64_t from_a = 0, from_b = 0;

    explicit two_phones(const rtp_relay_options& o = relay_on_loopback()) : relay{server, o} {}

    udp::endpoint a() const { return relay.local_endpoint(leg_a); }
    udp::endpoint b() const { return relay.local_endpoint(leg_b); }
    void say_a(std::uint8_t type = 0) {
        alice.send(a(), rtp_of(0xa, seq_a++, type));
        arrived(relay, leg_a, ++from_a);
    }
    void say_b(std::uint8_t type = 0) {
        bob.send(b(), rtp_of(0xb, seq_b++, type));
        arrived(relay, leg_b, ++from_b);
    }
    /// Two packets of each, after which the relay knows them.
    void meet() {
        for (int i = 0; i != 2; ++i) say_a();
        for (int i = 0; i != 2; ++i) say_b();
        while (alice.receive()) {
        }
        BOOST_REQUIRE((relay.target(leg_a) == alice.endpoint()));
        BOOST_REQUIRE((relay.target(leg_b) == bob.endpoint()));
    }
};

/// Whether every datagram was counted once.
inline bool adds_up(const relay_leg_stats& s) {
    return s.received == s.forwarded + s.rejected + s.not_authentic + s.malformed + s.oversized +
                             s.dropped + s.late + s.undecodable + s.unsent &&
           s.rtcp_received == s.rtcp_forwarded + s.rtcp_rejected + s.rtcp_not_authentic +
                                  s.rtcp_malformed + s.rtcp_dropped + s.rtcp_unsent &&
           s.dropped == s.stream.dropped();
}

} // namespace rtpsynth::asio_server
