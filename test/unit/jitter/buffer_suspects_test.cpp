#include <boost/test/unit_test.hpp>

#include "buffer_packets.hpp"

#include <rtpsynth/jitter/buffer.hpp>

#include <cstdint>
#include <string>

// Suspects: packets that do not fit the stream, and what the next packet shows them to be. The
// results of steps are written as transcripts.

namespace {

using namespace rtpsynth;
using buffer = scripted_buffer;

BOOST_AUTO_TEST_CASE(far_ahead_is_a_suspect_beyond_max_dropout_and_twice_the_capacity) {
    buffer b(20);
    BOOST_TEST(b.put({0, 3000}) == "0");
    BOOST_TEST(b->size() == 1U);
    BOOST_TEST(b.put(3001) == "");
    BOOST_TEST(b->size() == 1U); // a suspect is not counted
    BOOST_TEST(b.put(1) == "stray(3001) 1");

    buffer strict({.capacity = 20, .max_dropout = 0});
    BOOST_TEST(strict.put({0, 40, 41}) == "0");
    BOOST_TEST(strict.put(1) == "stray(41) 1");
    BOOST_TEST(strict.flush() == "[2..39 +6080] 40");

    buffer large({.capacity = 2000});
    BOOST_TEST(large.put({0, 4000, 4001}) == "0");
    BOOST_TEST(large.flush() == "[1..3999 +639840] 4000 stray(4001)");
}

BOOST_AUTO_TEST_CASE(behind_is_never_ahead_however_large_max_dropout) {
    buffer b({.capacity = 3, .max_dropout = 65536});
    BOOST_TEST(b.put({0, 1, 2, 3, 4}) == "0 1 2 3 4");
    b.put(4 + 32767); // ahead, and widens the window
    BOOST_TEST(b.put(2) == "late(2)");
    BOOST_TEST(b.put(3) == "late(3)");
    BOOST_TEST(b.put(5) == "5");
}

BOOST_AUTO_TEST_CASE(far_behind_is_a_suspect_beyond_max_misorder) {
    buffer b({.capacity = 2, .max_misorder = 10});
    BOOST_TEST(b.put({0, 1, 2, 3, 4, 5, 6}) == "0 1 2 3 4 5 6");
    BOOST_TEST(b.put(6 - 10) == "late(65532)");
    BOOST_TEST(b.put(6 - 11) == "");
    BOOST_TEST(b.put(7) == "stray(65531) 7");
}

BOOST_AUTO_TEST_CASE(a_packet_of_another_source_is_a_suspect) {
    buffer b(2);
    BOOST_TEST(b.put(0) == "0");
    BOOST_TEST(b.put(1, 2) == "");
    BOOST_TEST(b.put(1) == "stray(1) 1");
    BOOST_TEST(b.put(2, 2) == ""); // not proved by its fellow of two packets ago
    BOOST_TEST(b.put(2) == "stray(2) 2");
}

BOOST_AUTO_TEST_CASE(suspects_of_different_streams_are_strays) {
    buffer b(2);
    BOOST_TEST(b.put(0) == "0");
    BOOST_TEST(b.put(10000) == "");
    BOOST_TEST(b.put(10002) == "stray(10000)");    // not the next in sequence
    BOOST_TEST(b.put(10003, 2) == "stray(10002)"); // not the same source
    BOOST_TEST(b.put(10003, 2) == "stray(10003)");
    BOOST_TEST(b.flush() == "stray(10003)");
    BOOST_TEST(b->stats().stray == 4U);
    BOOST_TEST(b.put(1) == "1");
}

BOOST_AUTO_TEST_CASE(two_suspects_in_sequence_are_a_restart) {
    buffer b(3);
    BOOST_TEST(b.put({0, 1, 3}) == "0 1");
    BOOST_TEST(b.put(500, 2) == "");
    // The old stream is handed out; the new one is collected like the first packets of any stream.
    BOOST_TEST(b.put(501, 2) == "[2..2 +160] 3");
    BOOST_TEST(b->stats().restarts == 1U);
    BOOST_TEST(b.put(502, 2) == "[4..131571 restart] 131572 131573 131574");
    BOOST_TEST(b.put(503, 2) == "131575");
    BOOST_TEST(b.put(4, 1) == ""); // the old stream is now the stranger
    BOOST_TEST(b.put(504, 2) == "stray(4) 131576");
    BOOST_TEST(b->stats().erased == 1U); // at a restart nothing was lost
    BOOST_TEST(b->stats().erasures == 2U);
}

BOOST_AUTO_TEST_CASE(a_restart_of_the_same_source) {
    buffer b(1);
    BOOST_TEST(b.put(40000) == "40000");
    BOOST_TEST(b.put(65535) == "");
    BOOST_TEST(b.put(0) == "[40001..196606 restart] 196607 196608"); // across its own wrap
    BOOST_TEST(b.put(1) == "196609");
}

BOOST_AUTO_TEST_CASE(a_restart_ends_the_pace_and_the_reference_of_the_old_stream) {
    buffer b(3);
    BOOST_TEST(b.put({0, 1, 2}) == "0 1 2");
    BOOST_TEST(b.put(make_packet(5000, 7, 2)) == "");
    BOOST_TEST(b.put(make_packet(5001, 8, 2)) == "");
    // The reference for the others is the first packet put in, not the lowest.
    BOOST_TEST(b.put(make_packet(2500, 0U - 160, 2)) == "[3..133571 restart] 133572");
    BOOST_TEST(b.put(make_packet(5002, 9, 2)) == "[133573..136071 +166] 136072 136073 136074");
}

// ---- a new numbering behind the old one ----

constexpr std::uint32_t later = 9'000'000;

BOOST_AUTO_TEST_CASE(timestamps_tell_a_new_numbering_behind_the_old_one) {
    for (const int back : {2, 50, 2500, 3000, 3001, 30000, 32768}) {
        buffer b(2);
        for (int n = 40000; n <= 40199; ++n) b.put(n);
        std::string text;
        for (int i = 0; i != 4; ++i) {
            const std::int64_t n = 40199 - back + i;
            text += b.put(make_packet(n, later + 160 * static_cast<std::uint32_t>(i), 1)) + ";";
        }
        const std::string first = std::to_string(131072 + 40199 - back);
        BOOST_TEST(text.starts_with(";[40200.." + std::to_string(131071 + 40199 - back) +
                                    " restart] " + first + " "));
        BOOST_TEST(b->last_lseq().value() == 131072 + 40199 - back + 3);
        BOOST_TEST(b->stats().restarts == 1U);
        BOOST_TEST(b->stats().dropped() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(an_old_packet_has_an_old_timestamp_or_one_a_little_ahead) {
    // 160 units a packet: one that comes 2 behind may be 2 * 64 * 160 behind, and 16 * 160 ahead.
    const auto put_2_behind = [](std::uint32_t distance) {
        buffer b(4);
        b.put({0, 1, 2, 3, 4, 5});
        std::string out = b.put(make_packet(3, 800 + distance, 1));
        return out += b.flush();
    };
    BOOST_TEST(put_2_behind(0U - 320) == "late(3)");
    BOOST_TEST(put_2_behind(0U - 20480) == "late(3)");
    BOOST_TEST(put_2_behind(0U - 20481) == "stray(3)");
    BOOST_TEST(put_2_behind(0) == "late(3)");
    BOOST_TEST(put_2_behind(2560) == "late(3)"); // B-frames
    BOOST_TEST(put_2_behind(2561) == "stray(3)");
    BOOST_TEST(put_2_behind(0x7fffffff) == "stray(3)");
    BOOST_TEST(put_2_behind(0x80000000) == "stray(3)");
}

BOOST_AUTO_TEST_CASE(an_old_packet_before_any_step_is_known) {
    const auto put_2_behind = [](std::uint32_t distance) {
        buffer b(4);
        b.put(make_packet(0, 1000, 1));
        std::string out = b.put(make_packet(-2, 1000 + distance, 1));
        return out += b.flush();
    };
    BOOST_TEST(put_2_behind(0U - 131072) == "late(65534)");
    BOOST_TEST(put_2_behind(0U - 131073) == "stray(65534)");
    BOOST_TEST(put_2_behind(16384) == "late(65534)");
    BOOST_TEST(put_2_behind(16385) == "stray(65534)");
}

BOOST_AUTO_TEST_CASE(a_packet_again_is_a_duplicate_whatever_its_timestamp) {
    buffer b(4);
    b.put({0, 1, 2});
    BOOST_TEST(b.put(make_packet(2, later, 1)) == "duplicate(2)");
}

BOOST_AUTO_TEST_CASE(late_packets_do_not_confirm_each_other) {
    buffer b(4);
    b.put({0, 1, 2, 3, 4, 5, 6, 7});
    BOOST_TEST(b.put({2, 3, 4, 5}) == "late(2) late(3) late(4) late(5)");
    BOOST_TEST(b.put(8) == "8");
}

// ---- long outages ----

BOOST_AUTO_TEST_CASE(an_outage_with_matching_numbers_and_timestamps_is_a_loss) {
    buffer b(4);
    b.put({0, 1, 2, 3});
    BOOST_TEST(b.put(5000) == "");
    BOOST_TEST(b.put(5001) == "");
    BOOST_TEST(!b->has_suspect());
    BOOST_TEST(b->size() == 2U);
    BOOST_TEST(b.put(5002) == "");
    BOOST_TEST(b.put(5003) == "[4..4999 +799360] 5000 5001 5002 5003");
    BOOST_TEST(b.put(5004) == "5004");
    BOOST_TEST(b->stats().restarts == 0U);
    BOOST_TEST(b->stats().erased == 4996U);
}

BOOST_AUTO_TEST_CASE(what_was_buffered_leaves_before_an_outage) {
    buffer b(4);
    b.put({0, 1, 3});
    BOOST_TEST(b.put(5000) == "");
    BOOST_TEST(b.put(5001) == "[2..2 +160] 3");
    BOOST_TEST(b.flush() == "[4..4999 +799360] 5000 5001");
}

BOOST_AUTO_TEST_CASE(an_outage_of_more_numbers_than_there_are) {
    for (const std::int64_t lost : {5000, 40000, 70000, 13'000'000}) {
        buffer b(1);
        b.put({0, 1, 2});
        BOOST_TEST(b.put(3 + lost) == "");
        const auto span = static_cast<std::uint32_t>(160 * lost);
        BOOST_TEST(b.put(4 + lost) == "[3.." + std::to_string(2 + lost) + " +" +
                                          std::to_string(span) + "] " + std::to_string(3 + lost) +
                                          " " + std::to_string(4 + lost));
        BOOST_TEST(b.put(5 + lost) == std::to_string(5 + lost));
    }
}

BOOST_AUTO_TEST_CASE(an_outage_of_2_to_the_31_units_or_more_is_a_restart) {
    const auto put_after = [](std::uint32_t units) {
        buffer b(1);
        b.put(make_packet(0, 0, 1));
        b.put(make_packet(1, 1, 1)); // one unit a packet, so that numbers can follow
        const std::int64_t n = units;
        b.put(make_packet(1 + n, 1 + units, 1));
        return b.put(make_packet(2 + n, 2 + units, 1));
    };
    BOOST_TEST(put_after(0x7fff8000) == "[2..2147450880 +2147450879] 2147450881 2147450882");
    BOOST_TEST(put_after(0x80008000) == "[2..163840 restart] 163841 163842");
}

BOOST_AUTO_TEST_CASE(an_outage_with_another_source_or_step_is_a_restart) {
    const auto put_after = [](std::uint32_t units, std::uint32_t ssrc) {
        buffer b(1);
        b.put({0, 1});
        b.put(make_packet(5000, 160 + units, ssrc));
        return b.put(make_packet(5001, 320 + units, ssrc));
    };
    const std::string loss = "[2..4999 +799680] 5000 5001";
    const std::string restart = "[2..136071 restart] 136072 136073";
    BOOST_TEST(put_after(4999 * 160, 1) == loss);
    BOOST_TEST(put_after(4999 * 160, 2) == restart);
    BOOST_TEST(put_after(4999 * 160 + 1, 1) == restart);
    BOOST_TEST(put_after(4998 * 160, 1) == restart);
    BOOST_TEST(put_after(5000 * 160, 1) == restart);
    BOOST_TEST(put_after(0U - 60537 * 160, 1) == restart); // backwards
    BOOST_TEST(put_after(0, 1) == restart);

    buffer stepless(1); // no step is known to count by
    stepless.put(0);
    BOOST_TEST(stepless.put({5000, 5001}) == "[1..136071 restart] 136072 136073");
}

BOOST_AUTO_TEST_CASE(an_outage_keeps_the_usual_step) {
    buffer b(1);
    b.put({0, 1, 5000, 5001});
    BOOST_TEST(b.put(make_packet(5003, 0x80000000, 1)) == "[5002..5002 +160] 5003");
}

// The stream continues where it was after what looked like the end of an outage. The two packets
// are then beyond every number that can be derived from 16 bits.
BOOST_AUTO_TEST_CASE(a_stream_goes_on_before_two_packets_far_ahead) {
    buffer b(6);
    b.put({0, 1, 2});
    BOOST_TEST(b.put({70000, 70001}) == "");
    BOOST_TEST(b->size() == 2U);
    BOOST_TEST(b.put({4, 3}) == "3 4");
    for (int n = 5; n != 80; ++n) b.put(n);
    BOOST_TEST(b.put({81, 82, 83}) == "");
    BOOST_TEST(b.put(85) == "[80..80 +160] 81 82 83");
    BOOST_TEST(b->last_lseq().value() == 83);
    BOOST_TEST(b.flush() == "[84..84 +160] 85 [86..69999 +11186240] 70000 70001");
    BOOST_TEST(b.put(70002) == "70002");
}

BOOST_AUTO_TEST_CASE(two_packets_far_ahead_become_stale_as_any_tail) {
    buffer b(3);
    b.put({0, 1, 2});
    BOOST_TEST(b.put({70000, 70001}) == ""); // all but full
    BOOST_TEST(b.put({2, 2}) == "duplicate(2) duplicate(2)");
    BOOST_TEST(b.put(2) == "stale(4465) duplicate(2)");
    BOOST_TEST(b.flush() == "[3..69999 +11199520] 70000");
}

BOOST_AUTO_TEST_CASE(the_numbers_reach_two_packets_that_were_far_ahead) {
    buffer b(4);
    b.put({0, 1, 2});
    BOOST_TEST(b.put({70000, 70001}) == "");
    for (int n = 3; n != 69999; ++n) {
        if (b.put(n) != std::to_string(n)) BOOST_ERROR("packet " << n);
    }
    BOOST_TEST(b.put(70001) == "duplicate(4465)");
    BOOST_TEST(b.put(69999) == "69999 70000 70001");
    BOOST_TEST(b.put(70002) == "70002");
}

// ---- lseq never goes backwards ----

BOOST_AUTO_TEST_CASE(a_new_stream_is_numbered_above_all_before_it) {
    buffer b({.capacity = 4, .max_misorder = 32768});
    b.put({0, 1, 2});
    BOOST_TEST(b.put({10, 11, 12}) == ""); // waits for 3
    b.put(make_packet(0, later, 2));
    BOOST_TEST(b.put(make_packet(1, later + 160, 2)) == "[3..9 +1120] 10 11 12");
    // As far behind the first packet as possible.
    const std::uint32_t earlier = later - 160U * 32768;
    BOOST_TEST(b.put(make_packet(32768, earlier, 2)) == "");
    BOOST_TEST(b.flush().starts_with("[13..98303 restart] 98304 [98305..131071 +"));
}

BOOST_AUTO_TEST_CASE(packets_cannot_creep_below_what_was_handed_out) {
    buffer b(64);
    for (int n = 0; n != 100; ++n) b.put(n);
    b.put(10, 9);
    b.put(11, 9);
    for (int k = 1; k != 21; ++k) b.put(10 - 3000 * k, 9);
    BOOST_TEST(b.flush().starts_with("[100..128081 restart] 128082 "));
    BOOST_TEST(b->stats().stray == 19U);
}

BOOST_AUTO_TEST_CASE(the_first_packets_may_span_the_whole_number_space) {
    buffer b({.capacity = 20, .max_dropout = 32767, .max_misorder = 32768});
    BOOST_TEST(b.put({30000, 30000 + 32767, 30000 - 32768, 30000 + 32766, 30000 - 32767}) == "");
    BOOST_TEST(b.put(30000 + 32767) == "duplicate(62767)");
    BOOST_TEST(b.put(30000 - 32768) == "duplicate(62768)");
    BOOST_TEST(b.flush() == "-2768 -2767 [-2766..29999 +5242560] 30000 "
                            "[30001..62765 +5242400] 62766 62767");
}

} // namespace
