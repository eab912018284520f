// voice_stream: where replies go when the other side is behind a NAT.
#include "voice_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>
#include <vector>

namespace rtpsynth::asio_server {

struct latching {
    rtp_server server{immediate()};
    plain_phone signalled, phone;
    std::atomic<std::uint64_t> ticks{0};

    voice_stream_options options(latch_policy policy) {
        voice_stream_options o = silent_stream_to(signalled.endpoint());
        o.latch.latch = policy;
        o.sender.idle = idle_policy::silence;
        o.on_audio = [this](voice_stream&, const audio_tick&, std::span<const std::int16_t>) {
            ++ticks;
        };
        return o;
    }
    static void send(plain_phone& from, const voice_stream& to, unsigned first, unsigned count,
                     std::uint32_t ssrc) {
        for (unsigned i = 0; i != count; ++i) from.send_rtp(to.local_endpoint(), first + i, ssrc);
    }
    static bool hears(plain_phone& p) {
        while (!p.receive(0ms).empty()) {
        }
        return !p.receive(patience).empty();
    }
};

BOOST_FIXTURE_TEST_SUITE(latch, latching)

BOOST_AUTO_TEST_CASE(without_a_latch_replies_go_to_the_peer) {
    voice_stream stream{server, options(latch_policy::none)};
    send(phone, stream, 0, 10, 1);
    BOOST_TEST(next_event(stream) == "first 1");
    BOOST_TEST(hears(signalled));
    BOOST_REQUIRE(stream.peer().has_value());
    BOOST_TEST(*stream.peer() == signalled.endpoint());
    BOOST_TEST(stream.stats().latch.latched == 0u);
}

BOOST_AUTO_TEST_CASE(replies_follow_a_source_to_its_new_port_and_no_packet_is_lost) {
    voice_stream stream{server, options(latch_policy::follow)};
    send(phone, stream, 0, 4, 1);
    BOOST_TEST(next_event(stream) == "first 1");
    BOOST_TEST(hears(phone));
    BOOST_TEST(*stream.peer() == phone.endpoint());
    BOOST_TEST(stream.stats().playout.received == 4u);

    plain_phone stranger;
    send(stranger, stream, 1000, 10, 2);
    BOOST_TEST(eventually([&] { return stream.stats().latch.rejected == 10; }));

    std::this_thread::sleep_for(110ms);
    plain_phone moved;
    send(moved, stream, 4, 4, 1);
    BOOST_TEST(next_event(stream) == "changed 1");
    BOOST_TEST(hears(moved));
    BOOST_TEST(*stream.peer() == moved.endpoint());
    const auto s = stream.stats();
    BOOST_TEST(s.playout.received == 8u);
    BOOST_TEST(s.playout.restarts == 0u);
    BOOST_TEST(s.latch.latched == 2u);
    BOOST_TEST(s.not_played == 0u);
}

// The server's thread receives packets as soon as the sockets are bound.
BOOST_AUTO_TEST_CASE(a_source_that_is_there_before_the_constructor_returns_is_latched_to) {
    const udp::endpoint where = voice_stream{server, silent_stream()}.local_endpoint();
    std::atomic<bool> ended{false};
    std::thread sender{[&] {
        for (unsigned seq = 0; !ended; ++seq) phone.send_rtp(where, seq, 1);
    }};
    const auto has_latched = [&](const std::optional<udp::endpoint>& peer) {
        voice_stream_options o = options(latch_policy::follow);
        o.channel.bind = where;
        o.latch.probation = 1;
        o.peer = peer;
        std::optional<voice_stream> stream;
        const auto is_made = [&] {
            try {
                stream.emplace(server, o);
            } catch (const boost::system::system_error&) { // wine frees a port a little later
            }
            return stream.has_value();
        };
        return eventually(is_made) && eventually([&] {
                   return stream->peer() == phone.endpoint() && stream->stats().rtp.sent != 0;
               });
    };
    bool ok = true;
    for (int i = 0; i != 50 && ok; ++i)
        ok = has_latched(std::nullopt) && has_latched(signalled.endpoint());
    ended = true;
    sender.join();
    BOOST_TEST(ok);
}

BOOST_AUTO_TEST_CASE(once_latched_no_other_address_says_bye) {
    voice_stream stream{server, options(latch_policy::once)};
    send(phone, stream, 0, 4, 1);
    BOOST_TEST(next_event(stream) == "first 1");
#ifndef _WIN32 // where there is one loopback address
    boost::asio::io_context context;
    udp::socket elsewhere{context, udp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
    // RR without blocks and BYE of SSRC 1.
    constexpr std::array<std::uint8_t, 16> bye{0x80, 201, 0, 1, 0, 0, 0, 1,
                                               0x81, 203, 0, 1, 0, 0, 0, 1};
    for (int i = 0; i != 3; ++i)
        elsewhere.send_to(boost::asio::buffer(bye), stream.local_endpoint());
    BOOST_TEST(eventually([&] { return stream.stats().rtcp_rejected == 3; }));
    phone.send(bye, stream.local_endpoint());
    phone.send(bye, stream.local_endpoint());
    BOOST_TEST(next_event(stream) == "left ");
#endif
}

BOOST_AUTO_TEST_CASE(a_new_peer_is_believed) {
    voice_stream stream{server, options(latch_policy::once)};
    send(phone, stream, 0, 4, 1);
    BOOST_TEST(hears(phone));
    BOOST_TEST(!stream.set_peer(signalled.endpoint()));
    BOOST_TEST(*stream.peer() == phone.endpoint()); // nothing was said that is new
    plain_phone transferred;
    BOOST_TEST(!stream.set_peer(transferred.endpoint()));
    BOOST_TEST(hears(transferred));
    send(transferred, stream, 0, 4, 2);
    BOOST_TEST(eventually([&] { return stream.stats().latch.latched == 2; }));
}

BOOST_AUTO_TEST_CASE(rtcp_on_a_port_of_its_own_goes_where_it_comes_from) {
    voice_stream_options o = options(latch_policy::follow);
    o.rtcp_mux = false;
    o.session.bandwidth = 1e8;
    o.session.reduced_minimum = true;
    port_range ports{{.address = own_loopback(), .first = 21000, .last = 21099}};
    voice_stream stream{server, ports, o};
    send(phone, stream, 0, 4, 1);
    BOOST_TEST(next_event(stream) == "first 1");
    plain_phone rtcp;
    constexpr std::array<std::uint8_t, 8> report{0x80, 201, 0, 1, 0, 0, 0, 1};
    rtcp.send(report, stream.local_rtcp_endpoint());
    BOOST_TEST(hears(rtcp));
    // Also when the signalling says again what it said before.
    BOOST_TEST(!stream.set_peer(signalled.endpoint()));
    BOOST_TEST(*stream.peer() == phone.endpoint());
    for (int i = 0; i != 3; ++i) BOOST_TEST(hears(rtcp));
}

// From several threads, while the latch follows the source.
BOOST_AUTO_TEST_CASE(peers_are_set_while_the_source_moves) {
    for (const source_policy policy : {source_policy::any, source_policy::target}) {
        voice_stream_options o = options(latch_policy::follow);
        o.latch.probation = 1;
        o.channel.source_lock.policy = policy;
        voice_stream stream{server, o};
        std::atomic<bool> ended{false}, refused{false};
        std::vector<std::thread> threads;
        threads.emplace_back([&] {
            plain_phone one, two;
            for (unsigned i = 0; !ended; ++i) send(i % 2 ? one : two, stream, i, 1, i % 7);
        });
        for (plain_phone* const peer : {&signalled, &phone})
            threads.emplace_back([&, peer] {
                while (!ended)
                    if (stream.set_peer(peer->endpoint())) refused = true;
            });
        std::this_thread::sleep_for(50ms);
        ended = true;
        for (std::thread& thread : threads) thread.join();
        BOOST_TEST(!refused);
        // What is still in the socket may be latched to after a set_peer().
        plain_phone transferred;
        BOOST_TEST(eventually([&] {
            return !stream.set_peer(signalled.endpoint()) &&
                   !stream.set_peer(transferred.endpoint()) && !transferred.receive(50ms).empty();
        }));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace rtpsynth::asio_server
