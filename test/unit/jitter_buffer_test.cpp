#include <boost/test/unit_test.hpp>

#include "jitter_buffer_packets.hpp"

#include <rtpsynth/jitter_buffer.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

// Every rule of the jitter buffer by example. What a step gives is written as a transcript.

namespace {

using namespace rtpsynth;
using namespace std::chrono_literals;
using buffer_type = jitter_buffer<std::monostate>;

class buffer {
public:
    explicit buffer(const jitter_buffer_options& o) : frames_(o) {}
    explicit buffer(unsigned capacity) : frames_({.capacity = capacity}) {}

    std::string put(const rtp_packet_view& packet, time_point arrival = {}) {
        transcript<std::monostate> sink;
        if (!frames_.insert(packet, {}, arrival, sink)) throw std::logic_error("refused");
        return sink.text;
    }
    std::string put(std::int64_t seq, std::uint32_t ssrc = 1) {
        return put(make_packet(seq, ssrc));
    }
    std::string put(const std::vector<int>& seqs) {
        transcript<std::monostate> sink;
        for (const int seq : seqs) {
            if (!frames_.insert(make_packet(seq), {}, {}, sink)) throw std::logic_error("refused");
        }
        return sink.text;
    }
    std::string expire(time_point now) {
        transcript<std::monostate> sink;
        frames_.expire(now, sink);
        return sink.text;
    }
    std::string flush() {
        transcript<std::monostate> sink;
        frames_.flush(sink);
        return sink.text;
    }
    const buffer_type* operator->() const { return &frames_; }

private:
    buffer_type frames_;
};

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

BOOST_AUTO_TEST_CASE(a_0_that_is_not_the_very_first_packet_is_nothing_special) {
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

BOOST_AUTO_TEST_CASE(a_gap_is_passed_over_when_the_buffer_is_full) {
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
    BOOST_TEST(b.put(65535) == "late(65535)"); // from before the beginning
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

BOOST_AUTO_TEST_CASE(suspects_of_different_streams_condemn_each_other) {
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

BOOST_AUTO_TEST_CASE(two_suspects_in_sequence_prove_a_restart) {
    buffer b(3);
    BOOST_TEST(b.put({0, 1, 3}) == "0 1");
    BOOST_TEST(b.put(500, 2) == "");
    // The old stream leaves; the new one is collected as any beginning is.
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

BOOST_AUTO_TEST_CASE(numbers_do_not_wrap) {
    buffer b(3);
    BOOST_TEST(b.put({65533, 65535, 65534}) == "65533 65534 65535");
    BOOST_TEST(b.put({1, 0}) == "65536 65537");
    for (std::int64_t n = 65538; n != 400'000; ++n) {
        const std::string out = b.put(n);
        if (out != std::to_string(n)) BOOST_ERROR("packet " << n << " gave " << out);
    }
}

BOOST_AUTO_TEST_CASE(what_comes_before_a_stream_that_began_with_0_has_a_negative_number) {
    buffer b(4);
    BOOST_TEST(b.put({2, 65535, 0}) == "");
    BOOST_TEST(b.put(65530) == "-6");
    BOOST_TEST(b.flush() == "[-5..-2 +640] -1 0 [1..1 +160] 2");
}

BOOST_AUTO_TEST_CASE(a_beginning_may_spread_over_more_than_half_the_circle) {
    buffer b(20);
    std::string expected;
    for (int i = 0; i != 19; ++i) BOOST_TEST(b.put(60000 - 3000 * i) == "");
    for (int i = 18; i >= 0; --i) {
        const int n = 60000 - 3000 * i;
        if (i != 18) {
            expected +=
                " [" + std::to_string(n - 2999) + ".." + std::to_string(n - 1) + " +479840] ";
        }
        expected += std::to_string(n);
    }
    BOOST_TEST(b.put(60000) == ""); // beyond 32768 from the least: not the same packet, a suspect
    BOOST_TEST(b.flush() == expected + " stray(60000)");
}

BOOST_AUTO_TEST_CASE(an_erasure_spans_no_more_than_the_pace_of_the_stream_makes_plausible) {
    const auto gap_of_3 = [](std::uint32_t span) {
        buffer b(1);
        b.put(make_packet(0, 1000, 1));
        b.put(make_packet(1, 1160, 1)); // 160 units a packet: for 3 lost ones 4 * 64 * 160 at most
        b.put(make_packet(2, 1560, 1)); // the least step counts
        return b.put(make_packet(6, 1560 + span, 1));
    };
    BOOST_TEST(gap_of_3(640) == "[3..5 +480] 6");
    BOOST_TEST(gap_of_3(643) == "[3..5 +482] 6"); // rounded down
    BOOST_TEST(gap_of_3(40960) == "[3..5 +30720] 6");
    BOOST_TEST(gap_of_3(40961) == "[3..5 +480] 6");
    BOOST_TEST(gap_of_3(0) == "[3..5 +0] 6");
    BOOST_TEST(gap_of_3(0U - 160) == "[3..5 +480] 6"); // backwards
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

BOOST_AUTO_TEST_CASE(a_new_stream_has_its_own_pace) {
    buffer b(1);
    BOOST_TEST(b.put({1, 2}) == "1 2");
    b.put(make_packet(7, 0, 2));
    BOOST_TEST(b.put(make_packet(8, 20000, 2)) == "[3..131078 restart] 131079 131080");
    BOOST_TEST(b.put(make_packet(10, 60000, 2)) == "[131081..131081 +20000] 131082");
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

BOOST_AUTO_TEST_CASE(what_goes_before_an_expired_packet_leaves_with_it) {
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

BOOST_AUTO_TEST_CASE(flush_hands_out_everything_and_the_stream_goes_on) {
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
