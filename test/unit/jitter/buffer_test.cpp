#include <boost/test/unit_test.hpp>

#include "buffer_packets.hpp"

#include <rtpsynth/jitter/buffer.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

// An example of every rule of the jitter buffer. The results of a step are written as a transcript.

namespace {

using namespace rtpsynth;
using namespace std::chrono_literals;
using buffer_type = jitter_buffer<std::monostate>;

using buffer = scripted_buffer;

BOOST_AUTO_TEST_CASE(a_stream_that_begins_with_0_needs_no_waiting) {
    buffer b(20);
    BOOST_TEST(b.put(0) == "0");
    BOOST_TEST(b.put(1) == "1");
    BOOST_TEST((b->last_lseq() == 1));
    BOOST_TEST(b->size() == 0U);
}

BOOST_AUTO_TEST_CASE(any_other_beginning_is_collected_until_the_buffer_is_full) {
    buffer b(4);
    BOOST_TEST(b.put({12, 10, 11}) == "");
    BOOST_TEST(b->size() == 3U);
    BOOST_TEST(b.put(13) == "10 11 12 13");
    BOOST_TEST(b.put(14) == "14");
}

BOOST_AUTO_TEST_CASE(number_0_is_special_only_in_the_first_packet) {
    buffer b(3);
    BOOST_TEST(b.put({1, 0}) == "");
    BOOST_TEST(b.put(2) == "0 1 2");
}

BOOST_AUTO_TEST_CASE(packets_leave_in_sequence_order) {
    buffer b(8);
    BOOST_TEST(b.put({0, 2, 4, 3}) == "0");
    BOOST_TEST(b.put(1) == "1 2 3 4");
    BOOST_TEST(b.put({6, 5, 8, 7}) == "5 6 7 8");
}

BOOST_AUTO_TEST_CASE(a_gap_is_skipped_when_the_buffer_is_full) {
    buffer b(3);
    BOOST_TEST(b.put({0, 2, 5}) == "0");
    BOOST_TEST(b.put(6) == "[1..1 +160] 2");
    BOOST_TEST(b.put(8) == "[3..4 +320] 5 6");
    BOOST_TEST(b.put(4) == "late(4)");
    BOOST_TEST(b.put(7) == "7 8");
    BOOST_TEST(b->stats().erasures == 2U);
    BOOST_TEST(b->stats().erased == 3U);
}

BOOST_AUTO_TEST_CASE(capacity_1_never_waits) {
    buffer b(1);
    BOOST_TEST(b.put(7) == "7");
    BOOST_TEST(b.put(9) == "[8..8 +160] 9");
    BOOST_TEST(b.put(8) == "late(8)");
    BOOST_TEST(b.put(9) == "duplicate(9)");
    BOOST_TEST(b.put(10) == "10");
    BOOST_TEST(b.flush() == "");
}

BOOST_AUTO_TEST_CASE(duplicates_and_late_packets_are_dropped) {
    buffer b(8);
    BOOST_TEST(b.put({0, 1, 2, 4}) == "0 1 2");
    BOOST_TEST(b.put(4) == "duplicate(4)"); // it is buffered
    BOOST_TEST(b.put(2) == "duplicate(2)"); // it was the last one handed out
    BOOST_TEST(b.put(1) == "late(1)");
    BOOST_TEST(b.put(-1) == "late(65535)"); // from before the beginning
    BOOST_TEST(b.put(3) == "3 4");
    BOOST_TEST(b->stats().duplicate == 2U);
    BOOST_TEST(b->stats().late == 2U);
    BOOST_TEST(b->stats().dropped() == 4U);
}

BOOST_AUTO_TEST_CASE(a_tail_that_keeps_a_buffer_nearly_full_becomes_stale) {
    buffer b(4);
    BOOST_TEST(b.put({0, 2, 4, 900}) == "0"); // all but full; now each packet counts
    BOOST_TEST(b.put({0, 0, 0}) == "duplicate(0) duplicate(0) duplicate(0)");
    BOOST_TEST(b.put(0) == "stale(900) duplicate(0)");
    BOOST_TEST(b->size() == 2U);
    BOOST_TEST(b.put(1) == "1 2");
    BOOST_TEST(b.put(3) == "3 4");
    BOOST_TEST(b->stats().stale == 1U);
}

BOOST_AUTO_TEST_CASE(a_new_tail_is_not_stale_at_once) {
    buffer b(4);
    BOOST_TEST(b.put({0, 2, 4, 900, 0, 0, 0}) == "0 duplicate(0) duplicate(0) duplicate(0)");
    BOOST_TEST(b.put(901) == "stale(900)");
    BOOST_TEST(b.put({0, 0, 0}) == "duplicate(0) duplicate(0) duplicate(0)");
    BOOST_TEST(b.put(0) == "stale(901) duplicate(0)");
}

BOOST_AUTO_TEST_CASE(numbers_do_not_wrap) {
    buffer b(3);
    BOOST_TEST(b.put({65533, 65535, 65534}) == "65533 65534 65535");
    BOOST_TEST(b.put({1, 0}) == "65536 65537");
    for (std::int64_t n = 65538; n != 400'000; ++n) {
        const std::string out = b.put(n);
        if (out != std::to_string(n)) BOOST_ERROR("packet " << n << " gave " << out);
    }
}

BOOST_AUTO_TEST_CASE(packets_before_number_0_have_negative_numbers) {
    buffer b(4);
    BOOST_TEST(b.put({2, -1, 0}) == "");
    BOOST_TEST(b.put(-6) == "-6");
    BOOST_TEST(b.flush() == "[-5..-2 +640] -1 0 [1..1 +160] 2");
}

BOOST_AUTO_TEST_CASE(no_packet_waits_longer_than_max_delay) {
    buffer b({.capacity = 20, .max_delay = 60ms});
    BOOST_TEST(!b->next_deadline());
    BOOST_TEST(b.put(make_packet(0), at(0)) == "0");
    BOOST_TEST(!b->next_deadline());
    b.put(make_packet(3), at(20));
    b.put(make_packet(2), at(10));
    b.put(make_packet(5), at(30));
    BOOST_TEST((b->next_deadline() == at(10) + 60ms));
    BOOST_TEST(b.expire(at(9) + 60ms) == "");
    BOOST_TEST(b.expire(at(10) + 60ms) == "[1..1 +160] 2 3");
    BOOST_TEST((b->next_deadline() == at(30) + 60ms));
    BOOST_TEST(b.put(4) == "4 5");
    BOOST_TEST(!b->next_deadline());
}

BOOST_AUTO_TEST_CASE(packets_before_an_expired_one_leave_with_it) {
    buffer b({.capacity = 20, .max_delay = 0ns});
    b.put(make_packet(0), at(0));
    b.put(make_packet(9), at(5)); // the oldest, but not the first
    b.put(make_packet(2), at(50));
    b.put(make_packet(10), at(70));
    b.put(make_packet(12), at(60));
    BOOST_TEST(b.expire(at(5)) == "[1..1 +160] 2 [3..8 +960] 9 10");
    BOOST_TEST((b->next_deadline() == at(60)));
    BOOST_TEST(b.expire(at(0)) == "");
    BOOST_TEST(b.expire(time_point::max()) == "[11..11 +160] 12");
}

BOOST_AUTO_TEST_CASE(without_max_delay_nothing_expires) {
    buffer b(20);
    b.put({0, 2});
    BOOST_TEST(!b->next_deadline());
    BOOST_TEST(b.expire(time_point::max()) == "");
}

BOOST_AUTO_TEST_CASE(a_suspect_has_no_deadline) {
    buffer b({.capacity = 20, .max_delay = 1ns});
    b.put(0);
    b.put(9, 2);
    BOOST_TEST(!b->next_deadline());
    BOOST_TEST(b.expire(time_point::max()) == "");
    BOOST_TEST(b.flush() == "stray(9)");
}

BOOST_AUTO_TEST_CASE(deadlines_at_the_ends_of_time) {
    buffer b({.capacity = 20, .max_delay = duration::max()});
    b.put(0);
    b.put(make_packet(4), time_point::max());
    BOOST_TEST((b->next_deadline() == time_point::max()));
    b.put(make_packet(2), at(1));
    BOOST_TEST((b->next_deadline() == time_point::max()));
    b.put(make_packet(3), time_point::min());
    BOOST_TEST((b->next_deadline() == at(-1)));
    BOOST_TEST(b.expire(at(-2)) == "");
    BOOST_TEST(b.expire(at(-1)) == "[1..1 +160] 2 3 4");
}

BOOST_AUTO_TEST_CASE(flush_hands_out_all_and_the_stream_continues) {
    buffer b(20);
    BOOST_TEST(b.flush() == "");
    b.put({0, 3, 2, 6});
    b.put(9, 2);
    BOOST_TEST(b.flush() == "[1..1 +160] 2 3 [4..5 +320] 6 stray(9)");
    BOOST_TEST(b->size() == 0U);
    BOOST_TEST(b.put({7, 5, 9, 8}) == "7 late(5) 8 9");
}

BOOST_AUTO_TEST_CASE(a_datagram_is_parsed_and_an_invalid_one_counted) {
    jitter_buffer<int> b({.capacity = 2});
    const std::array<std::uint8_t, 15> datagram{0x80, 0x88, 0, 0, 0, 0, 0, 160,
                                                1,    2,    3, 4, 7, 8, 9};
    struct {
        int frames = 0;
        void operator()(jitter_buffer<int>::frame&& f) {
            ++frames;
            BOOST_TEST(f.owner == 42);
            BOOST_TEST((f.arrival == at(5)));
            BOOST_TEST(f.packet.timestamp() == 160U);
            BOOST_TEST(f.packet.payload_type() == 8);
            BOOST_TEST(f.packet.payload().size() == 3U);
            BOOST_TEST(f.packet.payload()[2] == 9);
        }
        void operator()(const erasure&) { BOOST_ERROR("nothing is missing"); }
        void operator()(drop_reason, jitter_buffer<int>::frame&&) { BOOST_ERROR("dropped"); }
    } sink;
    BOOST_TEST(b.insert(std::span(datagram), 42, at(5), sink).has_value());
    BOOST_TEST(sink.frames == 1);
    const auto refused = b.insert(std::span(datagram).first(11), 43, at(5), sink);
    BOOST_TEST((refused.error() == errc::packet_too_short));
    b.count_invalid();
    BOOST_TEST(sink.frames == 1);
    BOOST_TEST(b.stats().received == 1U);
    BOOST_TEST(b.stats().invalid == 2U);
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused_by_name) {
    const auto complaint = [](const jitter_buffer_options& o) -> std::string {
        try {
            buffer_type b(o);
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return "";
    };
    for (const unsigned capacity : {0U, 16384U, std::numeric_limits<unsigned>::max()})
        BOOST_TEST(complaint({.capacity = capacity}).find("capacity") != std::string::npos);
    BOOST_TEST(complaint({.capacity = 5, .max_delay = -1ns}).find("max_delay") !=
               std::string::npos);
    for (const unsigned capacity : {1U, 16383U}) {
        for (const unsigned any : {0U, 65536U, std::numeric_limits<unsigned>::max()}) {
            BOOST_TEST(complaint({capacity, duration::max(), any, any}) == "");
        }
    }
}

} // namespace
