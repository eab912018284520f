#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/rtp/builder.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;

namespace {

// A packet of event 5, unless it says otherwise, and what there is to tell after it: "+5" began,
// "-5/80" ended after 80 ms.
struct step {
    int at; // ms
    int seq;
    std::uint32_t timestamp;
    bool marker, end;
    int duration; // units
    std::string expected = {};
    std::uint8_t event = 5;
};

std::string text(const telephone_event_changes& changes) {
    std::string out;
    for (const telephone_event_change& c : changes) {
        if (!out.empty()) out += ' ';
        const bool began = c.what == telephone_event_change::kind::began;
        out += began ? '+' : '-';
        out += std::to_string(c.event);
        if (!began) out += '/' + std::to_string(c.length / 1ms);
        BOOST_CHECK(!began || c.length == 0ns);
    }
    return out;
}

time_point at(int ms) { return time_point{} + 1h + ms * 1ms; }

std::string receive(telephone_event_receiver& receiver, const step& s) {
    const telephone_event event{s.event, s.end, 10, static_cast<std::uint16_t>(s.duration)};
    return text(receiver.receive(static_cast<std::uint16_t>(s.seq), s.timestamp, s.marker, event,
                                 at(s.at)));
}

void check(const std::vector<step>& steps) {
    telephone_event_receiver receiver(8000);
    for (const step& s : steps) {
        BOOST_CHECK_MESSAGE(true, "packet " << s.seq);
        BOOST_CHECK_EQUAL(receive(receiver, s), s.expected);
    }
    BOOST_CHECK(!receiver.pressed());
}

constexpr bool M = true, E = true, no = false;

} // namespace

BOOST_AUTO_TEST_CASE(a_press) {
    check({{0, 1, 1000, M, no, 160, "+5"},
           {20, 2, 1000, no, no, 320},
           {40, 3, 1000, no, no, 480},
           {60, 4, 1000, no, E, 640, "-5/80"},
           {80, 5, 1000, no, E, 640},
           {100, 6, 1000, no, E, 640}});
}

BOOST_AUTO_TEST_CASE(no_marker) {
    check({{0, 1, 1000, no, no, 160, "+5"}, {20, 2, 1000, no, E, 320, "-5/40"}});
}

BOOST_AUTO_TEST_CASE(no_start) {
    check({{60, 4, 1000, no, no, 640, "+5"}, {80, 5, 1000, no, E, 800, "-5/100"}});
}

BOOST_AUTO_TEST_CASE(nothing_but_one_of_three_ends) {
    for (const int end : {4, 5, 6}) check({{20 * end, end, 1000, no, E, 640, "+5 -5/80"}});
}

BOOST_AUTO_TEST_CASE(no_end_at_all) {
    telephone_event_receiver receiver(8000);
    BOOST_CHECK(!receiver.deadline());
    BOOST_CHECK_EQUAL(receive(receiver, {0, 1, 1000, M, no, 160}), "+5");
    BOOST_CHECK_EQUAL(receive(receiver, {20, 2, 1000, no, no, 320}), "");
    BOOST_CHECK(receiver.deadline() == at(120));
    BOOST_CHECK(receiver.pressed() == std::uint8_t{5});
    BOOST_CHECK(receiver.expire(at(119)).empty());
    BOOST_CHECK_EQUAL(text(receiver.expire(at(120))), "-5/40");
    BOOST_CHECK(receiver.expire(at(1000)).empty());
    BOOST_CHECK(!receiver.deadline());
    BOOST_CHECK(!receiver.pressed());
}

BOOST_AUTO_TEST_CASE(no_end_before_the_next_press) {
    check({{0, 1, 1000, M, no, 160, "+5"},
           {20, 2, 1000, no, no, 320},
           {90, 6, 1720, M, no, 160, "-5/40 +6", 6},
           {110, 7, 1720, no, E, 320, "-6/40", 6}});
    // It ended before, though nobody asked.
    check({{0, 1, 1000, M, no, 160, "+5"},
           {900, 40, 8200, M, no, 160, "-5/20 +6", 6},
           {920, 41, 8200, no, E, 320, "-6/40", 6}});
}

BOOST_AUTO_TEST_CASE(a_packet_after_the_timeout_changes_nothing) {
    check({{0, 1, 1000, M, no, 160, "+5"},
           {140, 8, 1000, no, no, 1280, "-5/20"},
           {160, 9, 1000, no, E, 1440},
           {180, 10, 1000, no, E, 1440}});
}

BOOST_AUTO_TEST_CASE(repeated_packets) {
    check({{0, 1, 1000, M, no, 160, "+5"},
           {1, 1, 1000, M, no, 160},
           {20, 2, 1000, no, E, 320, "-5/40"},
           {20, 2, 1000, no, E, 320}, // the same number: SIPp
           {20, 2, 1000, no, E, 320},
           {300, 1, 1000, M, no, 160}});
}

BOOST_AUTO_TEST_CASE(end_packets_before_late_updates) {
    check({{60, 4, 1000, no, E, 640, "+5 -5/80"},
           {61, 3, 1000, no, no, 480},
           {62, 1, 1000, M, no, 160},
           {63, 5, 1000, no, E, 640}});
    check({{0, 1, 1000, M, no, 160, "+5"},
           {40, 3, 1000, no, no, 480},
           {41, 2, 1000, no, no, 320},
           {80, 5, 1000, no, E, 640, "-5/80"},
           {81, 4, 1000, no, E, 640}});
}

BOOST_AUTO_TEST_CASE(packets_of_a_press_after_the_next_began) {
    check({{0, 1, 1000, M, no, 160, "+5"},
           {100, 6, 1800, M, no, 160, "-5/20 +6", 6},
           {101, 4, 1000, no, E, 480},
           {120, 7, 1800, no, E, 320, "-6/40", 6},
           {121, 5, 1000, no, E, 480}});
}

BOOST_AUTO_TEST_CASE(a_press_of_which_all_comes_after_the_next_began) {
    check({{100, 6, 1800, M, no, 160, "+6", 6},
           {101, 4, 1000, no, E, 480, "+5 -5/60"},
           {102, 5, 1000, no, E, 480},
           {120, 7, 1800, no, E, 320, "-6/40", 6},
           {121, 3, 1000, no, no, 320}});
}

BOOST_AUTO_TEST_CASE(late_packets_of_presses_long_forgotten_are_no_press) {
    telephone_event_receiver receiver(8000);
    std::string told;
    for (int press = 0; press < 12; ++press)
        told += receive(receiver, {press * 50, press * 5,
                                   1000U + 400U * static_cast<unsigned>(press), M, E, 160});
    BOOST_CHECK_EQUAL(std::count(told.begin(), told.end(), '+'), 12);
    for (int press = 0; press < 12; ++press)
        BOOST_CHECK_EQUAL(
            receive(receiver,
                    {600, press * 5 + 1, 1000U + 400U * static_cast<unsigned>(press), no, E, 160}),
            "");
}

BOOST_AUTO_TEST_CASE(duration_zero) {
    check({{0, 1, 1000, M, no, 0, "+5"}, {20, 2, 1000, no, E, 0, "-5/0"}});
    check({{0, 1, 1000, M, no, 0, "+5"},
           {20, 2, 1000, no, no, 0},
           {40, 3, 1000, no, E, 320, "-5/40"}});
}

BOOST_AUTO_TEST_CASE(the_same_digit_twice) {
    check({{0, 1, 1000, M, no, 160, "+5"},
           {20, 2, 1000, no, E, 320, "-5/40"},
           {40, 3, 1000, no, E, 320},
           {60, 4, 1000, no, E, 320},
           {100, 6, 1800, M, no, 160, "+5"},
           {120, 7, 1800, no, E, 320, "-5/40"}});
    // Without an end between them, nor a marker.
    check({{0, 1, 1000, M, no, 160, "+5"},
           {90, 7, 1800, no, no, 320, "-5/20 +5"},
           {110, 8, 1800, no, E, 480, "-5/60"}});
    // Of each but one end.
    check({{40, 3, 1000, no, E, 320, "+5 -5/40"}, {160, 9, 1800, no, E, 320, "+5 -5/40"}});
    // From a sender that sends no ends.
    check({{0, 1, 1000, M, no, 160, "+5"},
           {60, 2, 1480, M, no, 160, "-5/20 +5"},
           {80, 3, 1480, no, E, 320, "-5/40"}});
}

BOOST_AUTO_TEST_CASE(segments_are_one_press) {
    // Two of 0xffff units, of which some packets arrive: 16.4 s.
    telephone_event_receiver receiver(8000);
    BOOST_CHECK_EQUAL(receive(receiver, {0, 1, 1000, M, no, 160}), "+5");
    int seq = 2;
    for (int ms = 20; ms < 8190; ms += 20)
        BOOST_REQUIRE_EQUAL(receive(receiver, {ms, seq++, 1000, no, no, (ms + 20) * 8}), "");
    BOOST_CHECK_EQUAL(receive(receiver, {8200, seq++, 1000, no, no, 0xffff}), "");
    for (int ms = 8240; ms < 16'380; ms += 80)
        BOOST_REQUIRE_EQUAL(
            receive(receiver, {ms, seq += 4, 1000 + 0xffff, no, no, (ms + 20) * 8 - 0xffff}), "");
    BOOST_CHECK_EQUAL(receive(receiver, {16'400, seq += 1, 1000 + 2 * 0xffff, no, no, 290}), "");
    // A packet of an earlier segment, late.
    BOOST_CHECK_EQUAL(receive(receiver, {16'401, seq - 3, 1000 + 0xffff, no, no, 0xffff}), "");
    BOOST_CHECK_EQUAL(receive(receiver, {16'420, seq += 1, 1000 + 2 * 0xffff, no, E, 450}),
                      "-5/" + std::to_string((2 * 0xffff + 450) / 8));
    BOOST_CHECK_EQUAL(receive(receiver, {16'440, seq += 1, 1000 + 2 * 0xffff, no, E, 450}), "");
}

BOOST_AUTO_TEST_CASE(segments_with_what_was_around_their_border_lost) {
    check({{8000, 400, 1000, no, no, 64'000, "+5"},
           {8090, 405, 1000 + 0xffff, no, no, 64'880 - 0xffff + 800},
           {8110, 406, 1000 + 0xffff, no, E, 305, "-5/8230"}});
    // A late first segment is before the one that was seen first.
    check({{8220, 411, 1000 + 0xffff, no, no, 225, "+5"},
           {8221, 410, 1000, no, no, 0xffff},
           {8240, 412, 1000 + 0xffff, no, E, 385, "-5/8240"}});
}

// Of senders that move the timestamp in every packet some count the duration from the start ...
BOOST_AUTO_TEST_CASE(a_timestamp_that_moves_while_the_duration_grows) {
    check({{0, 1, 1000, M, no, 160, "+5"},
           {20, 2, 1160, no, no, 320},
           {40, 3, 1320, no, no, 480},
           {60, 4, 1480, no, E, 640, "-5/80"},
           {80, 5, 1640, no, E, 640},
           {100, 6, 1800, no, E, 640},
           {200, 11, 2600, M, no, 160, "+5"},
           {220, 12, 2760, no, no, 320},
           {240, 13, 2920, no, E, 480, "-5/60"},
           {260, 14, 3080, no, E, 480}});
    // With losses, and packets that overtake others.
    check({{0, 1, 1000, M, no, 160, "+5"},
           {60, 4, 1480, no, no, 640},
           {61, 3, 1320, no, no, 480},
           {80, 5, 1640, no, no, 800},
           {120, 7, 1960, no, E, 1120, "-5/140"},
           {121, 6, 1800, no, no, 960},
           {140, 8, 2120, no, E, 1120}});
    check({{0, 2, 1160, no, no, 320, "+5"},
           {1, 1, 1000, M, no, 160},
           {20, 3, 1320, no, E, 480, "-5/60"}});
}

// ... and others from the timestamp.
BOOST_AUTO_TEST_CASE(a_timestamp_that_moves_with_a_constant_duration) {
    for (const int duration : {160, 0}) {
        const std::string length = "-5/" + std::to_string(60 + duration / 8);
        check({{0, 1, 1000, M, no, duration, "+5"},
               {20, 2, 1160, no, no, duration},
               {40, 3, 1320, no, no, duration},
               {60, 4, 1480, no, E, duration, length},
               {80, 5, 1640, no, E, duration},
               {100, 6, 1800, no, E, duration},
               {200, 11, 2600, no, no, duration, "+5"},
               {220, 12, 2760, no, no, duration},
               {260, 14, 3080, no, E, duration, length},
               {280, 15, 3240, no, E, duration}});
    }
    check({{0, 1, 1000, M, no, 160, "+5"},
           {40, 3, 1320, no, no, 160},
           {100, 6, 1800, no, E, 160, "-5/120"}});
    // A marker on each.
    check({{0, 1, 1000, M, no, 160, "+5"},
           {20, 2, 1160, M, no, 320, "-5/20 +5"},
           {40, 3, 1320, M, no, 480},
           {60, 4, 1480, M, E, 640, "-5/80"}});
}

BOOST_AUTO_TEST_CASE(another_origin_of_the_timestamps) {
    check({{0, 1, 1'000'000, M, E, 160, "+5 -5/20"},
           {100, 9000, 5, M, E, 160, "+5 -5/20"},
           {200, 100, 0x8000'0000, M, E, 160, "+5 -5/20"},
           {300, 105, 0x8000'0320, M, E, 160, "+5 -5/20"}});
    // Behind by little, but a minute later.
    check({{0, 1, 10'000, M, E, 160, "+5 -5/20"}, {60'000, 3000, 9'000, M, E, 160, "+5 -5/20"}});
    // The numbers wrap.
    check({{0, 65535, 0xffff'ff80, M, no, 160, "+5"},
           {20, 0, 0xffff'ff80, no, E, 320, "-5/40"},
           {40, 1, 0xffff'ff80, no, E, 320},
           {120, 5, 0x180, M, E, 160, "+5 -5/20"},
           {121, 2, 0xffff'ff80, no, E, 320}});
}

BOOST_AUTO_TEST_CASE(a_timestamp_that_is_used_again) {
    // The same capture played twice: SIPp.
    check({{0, 1, 1000, M, no, 0, "+5"},
           {20, 2, 1000, no, no, 320},
           {40, 3, 1000, no, E, 480, "-5/60"},
           {1000, 1, 1000, M, no, 0, "+5"},
           {1020, 2, 1000, no, no, 320},
           {1040, 3, 1000, no, E, 480, "-5/60"},
           {1040, 3, 1000, no, E, 480}});
    // By the next event, at once.
    check({{0, 1, 1000, M, no, 160, "+5"},
           {20, 2, 1000, no, E, 320, "-5/40"},
           {60, 4, 1000, M, no, 160, "+6", 6},
           {80, 5, 1000, no, E, 320, "-6/40", 6},
           {81, 3, 1000, no, E, 320}});
}

BOOST_AUTO_TEST_CASE(the_end_of_the_call) {
    telephone_event_receiver receiver(16000);
    BOOST_CHECK(receiver.finish().empty());
    BOOST_CHECK_EQUAL(receive(receiver, {0, 1, 1000, M, no, 320}), "+5");
    BOOST_CHECK_EQUAL(text(receiver.finish()), "-5/20"); // 16 kHz
    BOOST_CHECK(receiver.finish().empty());
    BOOST_CHECK_EQUAL(receive(receiver, {20, 2, 1000, no, E, 640}), "");
}

BOOST_AUTO_TEST_CASE(where_a_press_began) {
    telephone_event_receiver receiver(8000);
    const auto began = receiver.receive(1, 1234, true, {1, false, 10, 160}, at(0));
    BOOST_REQUIRE_EQUAL(began.size(), 1U);
    BOOST_CHECK_EQUAL(began.begin()->timestamp, 1234U);
    receiver.receive(2, 1234 + 0xffff, false, {1, false, 10, 160}, at(20));
    const auto ended = receiver.finish();
    BOOST_REQUIRE_EQUAL(ended.size(), 1U);
    BOOST_CHECK_EQUAL(ended.begin()->timestamp, 1234U);
}

BOOST_AUTO_TEST_CASE(packets_as_they_arrive) {
    telephone_event_receiver receiver(8000);
    std::array<std::uint8_t, 64> out{};
    const auto packet = [&](std::uint16_t seq, std::span<const std::uint8_t> payload) {
        const auto size = build_rtp(
            out, {.marker = true, .payload_type = 101, .seq = seq, .timestamp = 7}, payload);
        return rtp_packet_view::parse(std::span{out}.first(size.value())).value();
    };
    const std::uint8_t payload[] = {11, 0x0a, 0x03, 0x20, 1, 2, 3, 4};
    BOOST_CHECK(receiver.receive(packet(1, std::span{payload}.first(3)), at(0)).empty());
    BOOST_CHECK_EQUAL(text(receiver.receive(packet(2, payload), at(0))), "+11");
    // One that says nothing lets time pass all the same.
    BOOST_CHECK_EQUAL(text(receiver.receive(packet(3, {}), at(100))), "-11/100");
}

BOOST_AUTO_TEST_CASE(a_clock_rate_is_needed) {
    BOOST_CHECK_THROW(telephone_event_receiver{0}, std::invalid_argument);
}
