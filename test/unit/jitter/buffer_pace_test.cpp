#include <boost/test/unit_test.hpp>

#include "buffer_packets.hpp"

#include <rtpsynth/jitter/buffer.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>

// How a jitter buffer learns a stream's step, and how long it takes a gap to be.

namespace {

using namespace rtpsynth;
using buffer = scripted_buffer;

BOOST_AUTO_TEST_CASE(an_erasure_spans_no_more_than_the_pace_of_the_stream_makes_plausible) {
    const auto gap_of_3 = [](std::uint32_t span) {
        buffer b(1);
        b.put(make_packet(0, 1000, 1));
        b.put(make_packet(1, 1160, 1)); // 160 units a packet: for 3 lost ones 4 * 64 * 160 at most
        return b.put(make_packet(5, 1160 + span, 1));
    };
    BOOST_TEST(gap_of_3(640) == "[2..4 +480] 5");
    BOOST_TEST(gap_of_3(643) == "[2..4 +482] 5"); // rounded down
    BOOST_TEST(gap_of_3(40960) == "[2..4 +30720] 5");
    BOOST_TEST(gap_of_3(40961) == "[2..4 +480] 5");
    BOOST_TEST(gap_of_3(0) == "[2..4 +0] 5");
    BOOST_TEST(gap_of_3(0U - 160) == "[2..4 +480] 5"); // backwards
}

BOOST_AUTO_TEST_CASE(an_erasure_before_any_pace_is_known) {
    const auto gap_of_1 = [](std::uint32_t step, std::uint32_t span) {
        buffer b(1);
        b.put(make_packet(1, 1000, 1));
        b.put(make_packet(2, 1000 + step, 1));
        return b.put(make_packet(4, 1000 + step + span, 1));
    };
    for (const std::uint32_t step : {0U, 0x80000000U, 0xffffffffU}) { // these teach nothing
        BOOST_TEST(gap_of_1(step, 131072) == "[3..3 +65536] 4");
        BOOST_TEST(gap_of_1(step, 131073) == "[3..3 +0] 4");
    }
    BOOST_TEST(gap_of_1(0x7fffffff, 0xffffffff) == "[3..3 +2147483647] 4");
    BOOST_TEST(gap_of_1(1, 129) == "[3..3 +1] 4");
}

// When the clock has jumped, an erasure of 1 packet spans the usual step, which is returned.
std::uint32_t step_after(std::initializer_list<std::uint32_t> advances) {
    scripted_buffer b(1);
    std::int64_t n = 1;
    std::uint32_t timestamp = 4000000000; // and it may wrap
    b.put(make_packet(n, timestamp, 1));
    for (const std::uint32_t advance : advances) b.put(make_packet(++n, timestamp += advance, 1));
    const std::string out = b.put(make_packet(n + 2, timestamp + 0xf0000000, 1));
    const auto plus = out.find('+');
    return static_cast<std::uint32_t>(std::stoul(out.substr(plus)));
}

BOOST_AUTO_TEST_CASE(the_usual_step_is_the_first_advance_and_then_any_that_comes_twice_in_a_row) {
    BOOST_TEST(step_after({}) == 0U);
    BOOST_TEST(step_after({160}) == 160U);
    BOOST_TEST(step_after({160, 240}) == 160U); // one odd packet changes nothing
    BOOST_TEST(step_after({160, 1}) == 160U);
    BOOST_TEST(step_after({160, 240, 240}) == 240U);
    BOOST_TEST(step_after({160, 240, 160, 240, 160}) == 160U);
    BOOST_TEST(step_after({160, 240, 240, 160}) == 240U);
    BOOST_TEST(step_after({160, 240, 240, 160, 160}) == 160U);
    BOOST_TEST(step_after({160, 240, 0, 0, 240}) == 240U);     // standing still is no advance,
    BOOST_TEST(step_after({160, 240, 0U - 160, 240}) == 240U); // nor is going backwards
    BOOST_TEST(step_after({0, 0xffffffff, 0xffffffff, 0x80000000, 0x80000000}) == 0U);
    BOOST_TEST(step_after({20'000'000}) == 20'000'000U);
}

BOOST_AUTO_TEST_CASE(the_step_after_a_gap_is_not_learnt) {
    buffer b(1);
    BOOST_TEST(b.put({1, 2, 4}) == "1 2 [3..3 +160] 4");
    b.put(make_packet(5, 640 + 240, 1));
    b.put(make_packet(7, 640 + 240 + 480, 1)); // 240 a packet, but that is not seen
    BOOST_TEST(b.put(make_packet(9, 0x80000000, 1)) == "[8..8 +160] 9");
}

BOOST_AUTO_TEST_CASE(a_new_stream_has_its_own_pace) {
    buffer b(1);
    BOOST_TEST(b.put({1, 2}) == "1 2");
    b.put(make_packet(7, 0, 2));
    BOOST_TEST(b.put(make_packet(8, 20000, 2)) == "[3..131078 restart] 131079 131080");
    BOOST_TEST(b.put(make_packet(10, 60000, 2)) == "[131081..131081 +20000] 131082");
}

} // namespace
