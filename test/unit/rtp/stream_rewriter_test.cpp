// The numbers, timestamps and markers of a rewritten stream, within a source and at switches.
#include "rewriter_packets.hpp"

#include <stdexcept>

using namespace rewriter_test;

BOOST_AUTO_TEST_CASE(refuses_bad_arguments) {
    BOOST_CHECK_THROW(stream_rewriter(0, origin), std::invalid_argument);
    BOOST_CHECK_THROW(stream_rewriter(8000, origin, {.cname = std::string(256, 'x')}),
                      std::invalid_argument);
    BOOST_CHECK_NO_THROW(stream_rewriter(1, origin, {.cname = std::string(255, 'x')}));
}

BOOST_AUTO_TEST_CASE(begins_at_the_origin_with_a_marker) {
    fixture t;
    source a{{.ssrc = 7, .seq = 65535, .timestamp = 0xffff'ffb0}};
    t.begin(a.next());
    BOOST_TEST(t.out.ssrc == origin.ssrc);
    BOOST_TEST(t.out.seq == 100);
    BOOST_TEST(t.out.timestamp == 1000U);
    BOOST_TEST(t.out.marker);
    t.forward(a.next());
    BOOST_TEST(t.out.seq == 101);
    BOOST_TEST(t.out.timestamp == 1160U);
    BOOST_TEST(!t.out.marker);
    BOOST_TEST(t.rewriter.source_ssrc() == 7U);
}

BOOST_AUTO_TEST_CASE(leaves_all_else_as_it_was) {
    fixture t;
    // Padding, an extension, two CSRCs.
    bytes p{0xb2, 0x00, 0, 5, 0, 0, 0, 9, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8};
    p.insert(p.end(), {0xbe, 0xde, 0, 1, 0x10, 0x55, 0, 0, 0xd5, 0xd5, 0xd5, 2, 0, 2});
    const bytes before = p;
    BOOST_TEST(t.rewriter.rewrite(p, t.now) == outcome::switched);
    const bytes head{0xb2, 0x80, 0, 100, 0, 0, 0x03, 0xe8, 0, 0, 0xaa, 0xaa};
    BOOST_TEST(bytes(p.begin(), p.begin() + 12) == head, boost::test_tools::per_element());
    BOOST_TEST(bytes(p.begin() + 12, p.end()) == bytes(before.begin() + 12, before.end()),
               boost::test_tools::per_element());
    BOOST_TEST(t.rewriter.stats().octets == 4U); // without padding
}

BOOST_AUTO_TEST_CASE(loss_reordering_duplicates_and_pauses_stay) {
    fixture t;
    source a{{.seq = 65534}};
    t.begin(a.next());
    a.skip(); // lost: 65535
    const bytes late = a.next();
    t.forward(a.next());
    BOOST_TEST(t.out.seq == 103);
    BOOST_TEST(t.out.timestamp == 1480U);
    t.forward(late);
    BOOST_TEST(t.out.seq == 102);
    BOOST_TEST(t.out.timestamp == 1320U);
    t.forward(late);
    BOOST_TEST(t.out.seq == 102);
    a.pause(16000);
    t.now += std::chrono::seconds(2);
    a.f.marker = true;
    t.forward(a.next());
    BOOST_TEST(t.out.seq == 104);
    BOOST_TEST(t.out.timestamp == 1480U + 160 + 16000);
    BOOST_TEST(t.out.marker); // the source's own
    BOOST_TEST(t.rewriter.stats().switches == 1U);
}

BOOST_AUTO_TEST_CASE(a_switch_goes_on_by_the_wall_clock) {
    fixture t;
    source a{{.ssrc = 1}}, b{{.ssrc = 2, .seq = 40000, .timestamp = 0xdead'0000}};
    t.begin(a.next());
    t.forward(a.next());
    t.now += milliseconds(480); // 500 since the packet before
    t.begin(b.next());
    BOOST_TEST(t.out.seq == 102);
    BOOST_TEST(t.out.timestamp == 1160U + 4000);
    BOOST_TEST(t.out.marker);
    t.forward(b.next());
    BOOST_TEST(t.out.seq == 103);
    BOOST_TEST(t.out.timestamp == 1160U + 4160);
    BOOST_TEST(!t.out.marker);
}

BOOST_AUTO_TEST_CASE(a_switch_goes_on_by_a_packet_at_least) {
    fixture t;
    source a{{.ssrc = 1}};
    t.begin(a.next());
    t.forward(a.next());
    std::uint32_t timestamp = t.out.timestamp;
    t.now -= milliseconds(20);
    for (std::uint32_t ssrc = 2; ssrc < 50; ++ssrc) { // at once, and then with the clock set back
        t.now -= milliseconds(ssrc / 10);
        BOOST_TEST(t.put(packet({.ssrc = ssrc})) == outcome::switched);
        BOOST_TEST(t.out.timestamp == timestamp + 160);
        timestamp = t.out.timestamp;
    }
}

BOOST_AUTO_TEST_CASE(what_was_lost_before_a_switch_leaves_no_gap) {
    fixture t;
    source a{{.ssrc = 1}}, b{{.ssrc = 2}};
    t.begin(a.next());
    const bytes lost = a.next();
    t.begin(b.next());
    BOOST_TEST(t.out.seq == 101);
    BOOST_TEST(t.put(lost) == outcome::late);
    t.forward(b.next());
    BOOST_TEST(t.out.seq == 102);
    BOOST_TEST(t.rewriter.stats().late == 1U);
}

BOOST_AUTO_TEST_CASE(jitter_at_the_switch_is_made_up_for) {
    fixture t;
    source a{{.ssrc = 1}}, b{{.ssrc = 2}};
    t.begin(a.next());
    for (int i = 0; i < 100; ++i) t.forward(a.next());
    t.now += milliseconds(30); // the last packet comes late
    BOOST_TEST(t.put(a.next()) == outcome::forwarded);
    const std::uint32_t last = t.out.timestamp;
    t.now += milliseconds(20 * 5 - 30);
    t.begin(b.next());
    BOOST_TEST(std::abs(static_cast<int>(t.out.timestamp - last) - 5 * 160) <= 20);
}

BOOST_AUTO_TEST_CASE(a_delay_that_stays_is_no_jitter) {
    fixture t;
    source a{{.ssrc = 1}};
    t.begin(a.next());
    for (int i = 0; i < 50; ++i) t.forward(a.next());
    t.now += milliseconds(200); // the path is longer from now on
    for (int i = 0; i < 100; ++i) t.forward(a.next());
    const std::uint32_t last = t.out.timestamp;
    t.begin(packet({.ssrc = 2}));
    BOOST_TEST(t.out.timestamp - last < 160U + 20);
}

BOOST_AUTO_TEST_CASE(a_pause_without_timestamps_is_no_jitter) {
    fixture t;
    source a{{.ssrc = 1}};
    t.begin(a.next());
    t.forward(a.next());
    t.now += std::chrono::seconds(4); // the sender's clock stood still
    t.forward(a.next());
    t.begin(packet({.ssrc = 2}));
    BOOST_TEST(t.out.timestamp == origin.timestamp + 320 + 160 + 2000); // 0.25 s at most
}

BOOST_AUTO_TEST_CASE(a_packet_lasts_as_long_as_those_of_its_source) {
    fixture t;
    t.begin(packet({.ssrc = 1, .seq = 0, .timestamp = 0}));
    t.now += milliseconds(40);
    t.forward(packet({.ssrc = 1, .seq = 1, .timestamp = 480}));
    t.now -= milliseconds(15);
    t.begin(packet({.ssrc = 2}));
    BOOST_TEST(t.out.timestamp == origin.timestamp + 960);
}

BOOST_AUTO_TEST_CASE(what_runs_ahead_of_the_clock_is_made_up_for) {
    fixture t;
    t.begin(packet({.ssrc = 1}));
    t.now -= milliseconds(20);
    // Four segments 5 ms apart last 20 ms each.
    for (std::uint32_t ssrc = 2; ssrc < 6; ++ssrc) {
        t.now += milliseconds(5);
        t.put(packet({.ssrc = ssrc}));
    }
    t.now += milliseconds(480);
    t.put(packet({.ssrc = 9}));
    BOOST_TEST(t.out.timestamp == origin.timestamp + 4000); // 500 ms after the first
}

BOOST_AUTO_TEST_CASE(a_packet_overtaken_by_the_first_of_its_source_is_dropped) {
    fixture t;
    source b{{.seq = 500}};
    const bytes overtaken = b.next();
    t.begin(b.next());
    BOOST_TEST(t.put(overtaken) == outcome::overtaken);
    t.forward(b.next());
    BOOST_TEST(t.out.seq == 101);
    BOOST_TEST(t.rewriter.stats().overtaken == 1U);
    BOOST_TEST(t.rewriter.stats().dropped() == 1U);
}

BOOST_AUTO_TEST_CASE(back_to_an_earlier_source) {
    fixture t;
    source a{{.ssrc = 1}}, b{{.ssrc = 2}};
    t.begin(a.next());
    t.begin(b.next());
    for (int i = 0; i < 100; ++i) t.forward(b.next());
    a.pause(16000); // a long hold: at once
    t.begin(a.next());
    BOOST_TEST(t.out.seq == 202);
    // Soon after: two in sequence without the other between them.
    t.put(b.next());
    BOOST_TEST(t.rewriter.stats().late == 1U);
    t.forward(a.next());
    t.put(b.next());
    BOOST_TEST(t.rewriter.stats().late == 2U);
    t.now += milliseconds(20);
    t.begin(b.next());
    BOOST_TEST(t.out.seq == 204);
    BOOST_TEST(t.rewriter.stats().switches == 4U);
}

BOOST_AUTO_TEST_CASE(old_packets_of_an_earlier_source_never_switch) {
    fixture t;
    source a{{.ssrc = 1, .seq = 65530}}, b{{.ssrc = 2}};
    std::vector<bytes> old;
    t.begin(a.next());
    for (int i = 0; i < 10; ++i) {
        old.push_back(a.next());
        t.forward(old.back());
    }
    t.begin(b.next());
    for (const bytes& p : old) BOOST_TEST(t.put(p) == outcome::late);
}

BOOST_AUTO_TEST_CASE(a_former_source_that_goes_on_does_not_come_back_between_the_presents_packets) {
    fixture t;
    source a{{.ssrc = 1}}, b{{.ssrc = 2}};
    t.begin(a.next());
    t.begin(b.next());
    for (int i = 0; i < 200; ++i) {
        BOOST_TEST(t.put(a.next()) == outcome::late);
        t.forward(b.next());
    }
}

BOOST_AUTO_TEST_CASE(two_in_sequence_are_not_from_before_and_behind_a_switch) {
    fixture t;
    source a{{.ssrc = 1}};
    t.begin(a.next());
    t.begin(packet({.ssrc = 2}));
    BOOST_TEST(t.put(a.next()) == outcome::late);
    t.begin(packet({.ssrc = 3}));
    BOOST_TEST(t.put(a.next()) == outcome::late);
}

BOOST_AUTO_TEST_CASE(a_restart_within_one_ssrc_is_a_switch) {
    fixture t;
    source a{{.seq = 1000}};
    t.begin(a.next());
    for (int i = 0; i < 50; ++i) t.forward(a.next());
    a.f.seq = 30000;
    a.f.timestamp = 0x8000'0000;
    BOOST_TEST(t.put(a.next()) == outcome::rejected);
    t.now += milliseconds(20);
    t.begin(a.next());
    BOOST_TEST(t.out.seq == 151);
    BOOST_TEST(t.out.timestamp == 1000U + 50 * 160 + 320);
    BOOST_TEST(t.out.marker);
}

BOOST_AUTO_TEST_CASE(a_jump_of_the_timestamp_is_a_switch) {
    for (const std::uint32_t jump : {80'000U, 0x7000'0000U, 0U - 16'000, 0U - 80'000}) {
        fixture t;
        source a;
        t.begin(a.next());
        for (int i = 0; i < 50; ++i) t.forward(a.next());
        a.pause(jump);
        t.begin(a.next());
        BOOST_TEST(t.out.seq == 151);
        BOOST_TEST(t.out.timestamp == 1000U + 51 * 160);
    }
    // A pause of so long is none if the time has passed; 4 s are the sender's business.
    fixture t;
    source a;
    t.begin(a.next());
    a.pause(800'000);
    t.now += std::chrono::seconds(100);
    t.forward(a.next());
    a.pause(32'000);
    t.forward(a.next());
    BOOST_TEST(t.out.timestamp == 1320U + 832'000);
}

BOOST_AUTO_TEST_CASE(a_switch_that_is_asked_for) {
    fixture t;
    source a{{.ssrc = 1}}, b{{.ssrc = 2}};
    t.begin(a.next());
    t.begin(b.next());
    t.rewriter.switch_source();
    t.begin(a.next()); // though it was left just now
    BOOST_TEST(t.out.seq == 102);
    t.rewriter.switch_source();
    t.begin(a.next()); // of the same source
    BOOST_TEST(t.out.seq == 103);
    BOOST_TEST(t.out.marker);
    BOOST_TEST(t.put(b.next()) == outcome::late);
    t.forward(a.next());
}

BOOST_AUTO_TEST_CASE(the_marker_is_on_the_first_audio) {
    fixture t;
    const bytes digit{5, 10, 0, 160};
    t.begin(packet({.seq = 0, .timestamp = 0, .type = event}, digit));
    BOOST_TEST(!t.out.marker);
    t.forward(packet({.seq = 1, .timestamp = 160, .type = noise}, {60}));
    BOOST_TEST(!t.out.marker);
    t.forward(packet({.seq = 2, .timestamp = 320}));
    BOOST_TEST(t.out.marker);
    t.forward(packet({.seq = 3, .timestamp = 480}));
    BOOST_TEST(!t.out.marker);
}

BOOST_AUTO_TEST_CASE(an_event_at_a_switch_ends_at_the_wall_clock) {
    fixture t;
    source a{{.ssrc = 1}};
    t.begin(a.next());
    t.forward(a.next());
    t.now += milliseconds(980); // 1 s since the last packet
    // A key has been down for 400 ms: it was pressed 600 ms after the last packet.
    t.begin(packet({.ssrc = 2, .seq = 0, .timestamp = 5000, .type = event},
                   {5, 10, 3200 >> 8, 3200 & 0xff}));
    BOOST_TEST(t.out.timestamp == 1160U + 4800);
    t.forward(packet({.ssrc = 2, .seq = 1, .timestamp = 8360}));
    BOOST_TEST(t.out.timestamp == 1160U + 8160);
    // And one that is longer than the time since: behind the last packet nevertheless.
    t.begin(packet({.ssrc = 3, .seq = 0, .timestamp = 5000, .type = event}, {5, 10, 0x80, 0}));
    BOOST_TEST(t.out.timestamp == 1160U + 8320);
}

BOOST_AUTO_TEST_CASE(each_clock_rate_goes_on_by_itself) {
    stream_rewriter_options options = with_events();
    options.formats.set(96, {48000, payload_kind::media});
    fixture t(options, 48000);
    t.begin(packet({.ssrc = 1, .seq = 0, .timestamp = 0, .type = 96}));
    t.forward(packet({.ssrc = 1, .seq = 1, .timestamp = 777, .type = event}, {1, 10, 0, 160}));
    BOOST_TEST(t.out.timestamp == 1000U); // of 160 units, of which 160 had passed
    t.forward(packet({.ssrc = 1, .seq = 2, .timestamp = 777, .type = event}, {1, 10, 1, 64}));
    BOOST_TEST(t.out.timestamp == 1000U);
    t.forward(packet({.ssrc = 1, .seq = 3, .timestamp = 2880, .type = 96}));
    BOOST_TEST(t.out.timestamp == 1000U + 2880);
    t.now += milliseconds(940);
    t.begin(packet({.ssrc = 2, .seq = 3, .timestamp = 9, .type = 96}));
    BOOST_TEST(t.out.timestamp == 1000U + 2880 + 48 * 960);
    t.forward(packet({.ssrc = 2, .seq = 4, .timestamp = 6, .type = event}, {1, 10, 0, 160}));
    BOOST_TEST(t.out.timestamp == 1320U + 8 * 1000 - 160);
}

BOOST_AUTO_TEST_CASE(no_rtp_is_counted) {
    fixture t;
    bytes junk{1, 2, 3};
    BOOST_TEST(t.rewriter.rewrite(junk, t.now) == outcome::malformed);
    BOOST_TEST(t.rewriter.rewrite({}, t.now) == outcome::malformed);
    BOOST_TEST(t.rewriter.stats().malformed == 2U);
    BOOST_TEST(!t.rewriter.has_source());
}
