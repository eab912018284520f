#include <boost/test/unit_test.hpp>

#include "call/relay_fixture.hpp"

#include <rtpsynth/asio_server/channel/port_range.hpp>

#include <optional>
#include <utility>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;

byte_vector report_of(std::uint32_t ssrc, std::span<const report_block> blocks,
                      std::optional<sender_info> sender = std::nullopt) {
    std::array<std::uint8_t, 200> storage;
    rtcp_builder out{storage};
    if (sender)
        out.add_sender_report(ssrc, *sender, blocks).value();
    else
        out.add_receiver_report(ssrc, blocks).value();
    out.add_cname(ssrc, "x").value();
    return {out.bytes().begin(), out.bytes().end()};
}

rtcp_report_view report_in(const byte_vector& bytes) {
    const auto compound = rtcp_compound_view::parse(bytes, rtcp_mode::reduced_size);
    BOOST_REQUIRE(compound.has_value());
    const auto report = rtcp_report_view::parse(*compound->begin());
    BOOST_REQUIRE(report.has_value());
    return *report;
}

// Ports of a range of this process's own, few of which others have.
port_range_options own_ports(bool single) {
    return {.address = own_loopback(), .first = 20000, .last = 29999, .single = single};
}

// Phones that send RTP from one socket and RTCP from the same or another one.
struct call : served {
    bool mux;
    port_range ports;
    phone alice, bob, alice_rtcp, bob_rtcp;
    rtp_relay relay;
    std::uint64_t from[2] = {};

    static rtp_relay_options options(bool mux) {
        rtp_relay_options o = relay_on_loopback();
        o.a.rtcp_mux = o.b.rtcp_mux = mux;
        return o;
    }
    explicit call(bool m) : mux{m}, ports{own_ports(m)}, relay{server, ports, options(m)} {}

    void say(relay_leg leg, std::uint32_t ssrc, unsigned seq) {
        (leg == leg_a ? alice : bob).send(relay.local_endpoint(leg), rtp_of(ssrc, seq));
        arrived(relay, leg, ++from[leg == leg_b]);
    }
    void report(relay_leg leg, const byte_vector& bytes) {
        phone& p = leg == leg_a ? (mux ? alice : alice_rtcp) : (mux ? bob : bob_rtcp);
        p.send(relay.rtcp_channel(leg).local_endpoint(), bytes);
        arrived(relay, leg, ++from[leg == leg_b]);
    }
    // What Bob hears of it.
    byte_vector meet() {
        for (unsigned i = 0; i != 2; ++i) say(leg_b, 0xb, 7 + i);
        byte_vector got;
        for (unsigned i = 0; i != 4; ++i) {
            say(leg_a, 0xa, 300 + i);
            got = next(bob);
        }
        return got;
    }
};

BOOST_AUTO_TEST_CASE(reports_reach_the_other_side_as_if_about_its_own_stream) {
    for (const bool mux : {true, false}) {
        call c{mux};
        const byte_vector last = c.meet();
        const rtp_packet_view heard = parsed(last);
        BOOST_TEST(c.relay.local_endpoint(leg_a).port() + !mux ==
                   c.relay.rtcp_channel(leg_a).local_endpoint().port());
        if (!mux) { // so that the relay knows Bob's other port
            c.report(leg_b, report_of(0xb, {}));
            BOOST_TEST((c.relay.rtcp_channel(leg_b).target() == c.bob_rtcp.endpoint()));
        }
        // Alice's report on her own stream is one on what Bob hears.
        sender_info info;
        info.ntp = ntp_time{0x1234567800000000U};
        info.rtp_timestamp = 160 * 303;
        info.packet_count = 4;
        c.report(leg_a, report_of(0xa, {}, info));
        const byte_vector sr = c.next(mux ? c.bob : c.bob_rtcp);
        BOOST_TEST((sr[1] == 200));
        BOOST_TEST(report_in(sr).ssrc() == heard.ssrc());
        BOOST_TEST(report_in(sr).sender()->rtp_timestamp == heard.timestamp());
        // Bob's report on what he hears is one on Alice's stream.
        report_block block;
        block.ssrc = heard.ssrc();
        block.extended_highest_seq = heard.seq();
        block.last_sr = info.ntp.compact();
        block.delay_since_last_sr = 99;
        block.jitter = 5;
        c.report(leg_b, report_of(0xb, std::array{block}));
        const byte_vector rr = c.next(mux ? c.alice : c.alice_rtcp);
        BOOST_REQUIRE(report_in(rr).block_count() == 1U);
        const report_block back = report_in(rr).block(0);
        BOOST_TEST(back.ssrc == 0xaU);
        BOOST_TEST((back.extended_highest_seq & 0xffffU) == 303U);
        BOOST_TEST(back.last_sr == info.ntp.compact());
        BOOST_TEST(back.delay_since_last_sr == 99U);
        BOOST_TEST(back.jitter == 5U);
        for (const relay_leg leg : {leg_a, leg_b}) BOOST_TEST(adds_up(c.relay.stats(leg)));
        BOOST_TEST(c.relay.stats(leg_a).rtcp_forwarded == 1U);
    }
}

BOOST_AUTO_TEST_CASE(before_it_is_known_rtcp_goes_to_the_port_after_that_of_rtp) {
    call c{false};
    // A pair of ports of a phone's, as RFC 3550 has them.
    std::optional<phone> rtp, rtcp;
    for (std::uint16_t port = 12000; !rtcp && port < 14000;
         port = static_cast<std::uint16_t>(port + 2))
        try {
            rtp.emplace(port);
            rtcp.emplace(static_cast<std::uint16_t>(port + 1));
        } catch (const boost::system::system_error&) {
            rtp.reset();
        }
    BOOST_REQUIRE(rtcp.has_value());
    BOOST_TEST(!c.relay.set_peer(leg_b, rtp->endpoint()));
    for (unsigned i = 0; i != 2; ++i) c.say(leg_a, 0xa, i);
    c.next(*rtp);
    c.report(leg_a, report_of(0xa, {}));
    c.next(*rtcp);
}

BOOST_AUTO_TEST_CASE(an_unchanged_peer_changes_nothing) {
    call c{false};
    BOOST_TEST(!c.relay.set_peer(leg_b, c.bob.endpoint()));
    c.meet();
    c.report(leg_b, report_of(0xb, {}));
    const auto target = [&] { return c.relay.rtcp_channel(leg_b).target(); };
    BOOST_TEST((target() == c.bob_rtcp.endpoint()));
    BOOST_TEST(!c.relay.set_peer(leg_b, c.bob.endpoint()));
    BOOST_TEST((target() == c.bob_rtcp.endpoint()));
    BOOST_TEST((c.relay.target(leg_b) == c.bob.endpoint()));
    // Another one does.
    udp::endpoint other = c.alice.endpoint();
    BOOST_TEST(!c.relay.set_peer(leg_b, other));
    other.port(static_cast<std::uint16_t>(other.port() + 1));
    BOOST_TEST((target() == other));
}

BOOST_AUTO_TEST_CASE(rtcp_from_elsewhere_moves_nothing) {
    call c{false};
    c.meet();
    phone mallory; // with the same address here
    c.report(leg_b, report_of(0xb, {}));
    const udp::endpoint to = c.relay.rtcp_channel(leg_b).local_endpoint();
    mallory.send(to, report_of(0xbad, {})); // of another source
    c.arrived(c.relay, leg_b, ++c.from[1]);
    BOOST_TEST((c.relay.rtcp_channel(leg_b).target() == c.bob_rtcp.endpoint()));
    BOOST_TEST(adds_up(c.relay.stats(leg_b)));
}

BOOST_AUTO_TEST_CASE(a_side_that_only_listens_reports_too) {
    call c{true};
    BOOST_TEST(!c.relay.set_peer(leg_b, c.bob.endpoint()));
    byte_vector last;
    for (unsigned i = 0; i != 3; ++i) {
        c.say(leg_a, 0xa, i);
        last = c.next(c.bob);
    }
    report_block block;
    block.ssrc = parsed(last).ssrc();
    block.extended_highest_seq = parsed(last).seq();
    c.report(leg_b, report_of(0x77, std::array{block}));
    const byte_vector rr = c.next(c.alice);
    BOOST_TEST(report_in(rr).ssrc() == 0x77U);
    BOOST_REQUIRE(report_in(rr).block_count() == 1U);
    BOOST_TEST(report_in(rr).block(0).ssrc == 0xaU);
}

BOOST_AUTO_TEST_CASE(ports_of_the_range_are_free_again_after_the_call) {
    call c{false};
    BOOST_TEST(c.ports.stats().in_use == 2U);
    c.relay.close();
    BOOST_TEST(c.ports.stats().in_use == 0U);
    port_range one_pair{{.address = own_loopback(), .first = 30000, .last = 30001}};
    BOOST_CHECK_THROW((rtp_relay{c.server, one_pair, call::options(false)}),
                      boost::system::system_error);
    BOOST_TEST(one_pair.stats().in_use == 0U);
}

BOOST_AUTO_TEST_CASE(each_side_may_have_a_range_of_its_own) {
    served s;
    port_range a{own_ports(false)};
    port_range b{{.address = own_loopback(), .first = 30000, .last = 31999}};
    rtp_relay relay{s.server, a, b, call::options(false)};
    BOOST_TEST(relay.local_endpoint(leg_a).port() < 30000U);
    BOOST_TEST(relay.local_endpoint(leg_b).port() >= 30000U);
    BOOST_TEST(a.stats().in_use == 1U);
    BOOST_TEST(b.stats().in_use == 1U);
    relay.close();
    BOOST_TEST(a.stats().in_use == 0U);
    BOOST_TEST(b.stats().in_use == 0U);
}

} // namespace
