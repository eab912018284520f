#include <boost/test/unit_test.hpp>

#include "answers/playout_clock.hpp"

#include <chrono>

using load::playout_clock;
using rtpsynth::duration;
using rtpsynth::time_point;
using namespace std::chrono_literals;

namespace {

constexpr duration tick = 20ms;
const time_point start{1h};

/// Packet \p n of a stream of 20 ms packets, \p after the first was due.
duration arrive(playout_clock& clock, int n, duration after) {
    return clock.arrive(n, n * tick, start + after);
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_came) {
    playout_clock clock{60ms};
    clock.stop(100);
    BOOST_TEST(clock.played() == 0U);
    BOOST_TEST(clock.late() == 0U);
    BOOST_TEST(clock.concealed() == 0U); // nobody has heard anything yet
}

BOOST_AUTO_TEST_CASE(on_time) {
    playout_clock clock{0ms};
    for (int n = 0; n != 100; ++n) BOOST_TEST((arrive(clock, n, n * tick) == 0ms));
    clock.stop(100);
    BOOST_TEST(clock.played() == 100U);
    BOOST_TEST(clock.late() == 0U);
    BOOST_TEST(clock.concealed() == 0U);
}

BOOST_AUTO_TEST_CASE(a_packet_may_arrive_at_its_playout_time_and_no_later) {
    playout_clock clock{60ms};
    BOOST_TEST((arrive(clock, 0, 5ms) == -60ms)); // from here on it counts
    BOOST_TEST((arrive(clock, 1, 85ms) == 0ms));
    BOOST_TEST((arrive(clock, 2, 105ms + 1ns) == 1ns));
    clock.stop(3);
    BOOST_TEST(clock.played() == 2U);
    BOOST_TEST(clock.late() == 1U);
    BOOST_TEST(clock.concealed() == 1U);
}

// A second during which nothing comes, then all of it at once: what waited no more than the delay
// is in time.
BOOST_AUTO_TEST_CASE(a_stall) {
    playout_clock clock{60ms};
    for (int n = 0; n != 50; ++n) arrive(clock, n, n * tick);
    for (int n = 50; n != 100; ++n) arrive(clock, n, 2000ms); // the 100th is due then
    for (int n = 100; n != 150; ++n) arrive(clock, n, n * tick);
    clock.stop(150);
    BOOST_TEST(clock.late() == 47U); // 97 has its turn at 1940 + 60 ms
    BOOST_TEST(clock.played() == 103U);
    BOOST_TEST(clock.concealed() == 47U);
}

BOOST_AUTO_TEST_CASE(lost_packets_are_concealed_up_to_the_end) {
    playout_clock clock{60ms};
    for (int n = 0; n != 10; ++n)
        if (n % 3 != 1) arrive(clock, n, n * tick); // not 1, 4, 7
    clock.stop(15);                                 // nor 10 to 14
    BOOST_TEST(clock.played() == 7U);
    BOOST_TEST(clock.late() == 0U);
    BOOST_TEST(clock.concealed() == 8U);
}

BOOST_AUTO_TEST_CASE(the_first_packet_to_arrive_is_not_the_first_of_the_stream) {
    playout_clock clock{60ms};
    arrive(clock, 5, 100ms); // its turn is at 160
    arrive(clock, 3, 101ms); // 120
    arrive(clock, 2, 101ms); // 100: late, before anything was played
    arrive(clock, 6, 120ms);
    clock.stop(7);
    BOOST_TEST(clock.played() == 3U);
    BOOST_TEST(clock.late() == 1U);
    BOOST_TEST(clock.concealed() == 1U); // 4
}

BOOST_AUTO_TEST_CASE(it_starts_again) {
    playout_clock clock{60ms};
    for (int n = 0; n != 5; ++n) arrive(clock, n, n * tick);
    clock.stop(6); // 5 never came
    // Another numbering, behind the old one, and later than the old clock would have waited.
    for (int n = -300; n != -290; ++n) arrive(clock, n, 10s + (n + 300) * tick);
    clock.stop(-290);
    clock.stop(-290); // not running
    BOOST_TEST(clock.played() == 15U);
    BOOST_TEST(clock.late() == 0U);
    BOOST_TEST(clock.concealed() == 1U);
}

BOOST_AUTO_TEST_CASE(silence_suppression_is_a_matter_of_positions) {
    playout_clock clock{60ms};
    clock.arrive(0, 0ms, start);
    clock.arrive(1, 5s, start + 5s); // the next number, 5 s later by its timestamp
    clock.arrive(2, 5s + tick, start + 5s + 81ms);
    clock.stop(3);
    BOOST_TEST(clock.played() == 2U);
    BOOST_TEST(clock.late() == 1U);
    BOOST_TEST(clock.concealed() == 1U);
}
