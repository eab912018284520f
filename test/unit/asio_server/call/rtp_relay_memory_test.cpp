// What a relay does without memory, and that forwarding takes none.
#include <boost/test/unit_test.hpp>

#include "allocation_fault.hpp"
#include "call/relay_fixture.hpp"

#include <optional>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;

BOOST_AUTO_TEST_CASE(a_relay_that_cannot_be_made_leaves_nothing) {
    served s;
    const rtp_relay_options options = [] {
        rtp_relay_options o = relay_on_loopback();
        o.media_timeout = 1s;
        o.b.rtcp_mux = false;
        o.on_media_timeout = [](rtp_relay&, relay_leg) {};
        o.b.transcode = {{{"PCMU/8000", 0, {}}, {"G722/8000", 9, {}}}};
        return o;
    }();
    bool made = false;
    for (long granted = 0; !made; ++granted) {
        BOOST_REQUIRE(granted < 1000);
        std::optional<rtp_relay> relay;
        {
            const memory::shortage shortage{granted, 1};
            made = memory::done([&] { relay.emplace(s.server, options); });
        }
        if (relay) {
            BOOST_TEST(relay->channel(leg_a).is_open());
            relay.reset();
        }
        s.server.poll();
        BOOST_REQUIRE(s.server.stats().open_channels == 0U);
        if (made) made = memory::refused == 0;
    }
}

BOOST_AUTO_TEST_CASE(closing_without_memory_is_refused_or_done) {
    served s;
    bool enough = false;
    for (long granted = 0; !enough; ++granted) {
        BOOST_REQUIRE(granted < 1000);
        rtp_relay relay{s.server, relay_on_loopback()};
        int completed = 0;
        bool started = false;
        {
            const memory::shortage shortage{granted, 1};
            started = memory::done([&] {
                relay.async_close([&](error_code e) {
                    BOOST_TEST(!e);
                    ++completed;
                });
            });
        }
        enough = memory::refused == 0;
        if (started)
            BOOST_REQUIRE(s.until([&] { return completed != 0; }));
        else
            BOOST_TEST(relay.channel(leg_a).is_open());
        BOOST_TEST(relay.close() == !started);
        s.server.poll();
        BOOST_TEST(completed == int{started});
        BOOST_REQUIRE(s.server.stats().open_channels == 0U);
    }
}

void check_forwarding(rtp_relay_options o) {
    served s;
    phone alice, bob;
    o.a.peer = alice.endpoint();
    o.b.peer = bob.endpoint();
    o.media_timeout = 10s;
    rtp_relay relay{s.server, o};
    std::array<std::uint8_t, 64> storage;
    rtcp_builder report{storage};
    report.add_receiver_report(0xa).value();
    const byte_vector rtcp{report.bytes().begin(), report.bytes().end()};
    std::vector<byte_vector> packets;
    for (unsigned i = 0; i != 1000; ++i)
        packets.push_back(i % 50 == 49 ? rtcp : rtp_of(0xa, i - i / 50, 0, 160));
    const auto all = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i != last; ++i)
            alice.send(relay.local_endpoint(leg_a), packets[i]);
        while (relay.stats(leg_a).received + relay.stats(leg_a).rtcp_received < last)
            s.server.run_one_until(std::chrono::steady_clock::now() + 2ms);
    };
    for (std::size_t i = 0; i != 400; i += 20) all(i, i + 20); // buffers have grown
    {
        const memory::shortage shortage{0, 1000000};
        for (std::size_t i = 400; i != 1000; i += 20) all(i, i + 20);
    }
    BOOST_TEST(memory::refused == 0);
    const relay_leg_stats stats = relay.stats(leg_a);
    BOOST_TEST(stats.forwarded == 980U);
    BOOST_TEST(stats.rtcp_forwarded == 20U);
    BOOST_TEST(stats.transcoded == (o.a.transcode.empty() ? 0U : 980U));
    BOOST_TEST(adds_up(stats));
}

BOOST_AUTO_TEST_CASE(forwarding_takes_no_memory) { check_forwarding(relay_on_loopback()); }

BOOST_AUTO_TEST_CASE(transcoding_takes_no_memory) {
    rtp_relay_options o = relay_on_loopback();
    for (const voice_codec& target : {voice_codec{"PCMA/8000", 8, {}}, {"G722/8000", 9, {}}}) {
        o.a.transcode = {{{"PCMU/8000", 0, {}}, target}};
        check_forwarding(o);
    }
}

} // namespace
