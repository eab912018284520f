// Payload types mapped and dropped; the numbers around those that are dropped.
#include "rewriter_packets.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace rewriter_test;

namespace {

stream_rewriter_options without_events() {
    stream_rewriter_options options = with_events();
    options.payload_types.drop(event);
    return options;
}

fields numbered(unsigned number, std::uint8_t type) {
    return {.seq = static_cast<std::uint16_t>(number), .timestamp = number * 160, .type = type};
}
bytes digit(unsigned number) { return packet(numbered(number, event), {5, 10, 0, 160}); }
bytes audio(unsigned number) { return packet(numbered(number, pcmu)); }

} // namespace

BOOST_AUTO_TEST_CASE(the_map_is_the_identity_at_first) {
    payload_type_map map;
    for (int type = 0; type < 128; ++type)
        BOOST_TEST((map[static_cast<std::uint8_t>(type)] == static_cast<std::uint8_t>(type)));
    map.set(0x80 | 101, 0x80 | 96);
    BOOST_TEST((map[101] == std::uint8_t{96}));
    map.drop_all();
    BOOST_TEST(!map[101].has_value());
    map.set(0, 127);
    BOOST_TEST((map[0] == std::uint8_t{127}));
    map.drop(0);
    BOOST_TEST(!map[0].has_value());
}

BOOST_AUTO_TEST_CASE(types_are_mapped_and_markers_kept) {
    stream_rewriter_options options = with_events();
    options.payload_types.set(event, 97);
    fixture t(options);
    t.begin(audio(0));
    t.forward(packet({.seq = 1, .timestamp = 160, .type = event, .marker = true}, {5, 10, 0, 160}));
    BOOST_TEST(t.out.type == 97);
    BOOST_TEST(t.out.marker);
}

BOOST_AUTO_TEST_CASE(numbers_close_up_behind_what_is_dropped) {
    fixture t(without_events());
    t.begin(audio(65534));
    bytes dropped = digit(65535);
    BOOST_TEST(t.put(dropped) == outcome::unmapped);
    BOOST_TEST(t.out.type == event);                      // unchanged
    BOOST_TEST(t.put(digit(65535)) == outcome::unmapped); // twice: counts once
    BOOST_TEST(t.put(digit(65536)) == outcome::unmapped);
    t.forward(audio(65537));
    BOOST_TEST(t.out.seq == 101);
    t.forward(audio(65534)); // a duplicate
    BOOST_TEST(t.out.seq == 100);
    BOOST_TEST(t.rewriter.stats().unmapped == 3U);
}

BOOST_AUTO_TEST_CASE(a_segment_may_begin_with_what_is_dropped) {
    fixture t(without_events());
    BOOST_TEST(t.put(digit(10)) == outcome::unmapped);
    BOOST_TEST(t.put(digit(11)) == outcome::unmapped);
    t.begin(audio(14)); // 12 and 13 are lost, or were digits
    BOOST_TEST(t.out.seq == 100);
    BOOST_TEST(t.out.timestamp == origin.timestamp);
    BOOST_TEST(t.out.marker);
    BOOST_TEST(t.put(audio(13)) == outcome::overtaken);
    t.forward(audio(15));
    BOOST_TEST(t.out.seq == 101);
}

BOOST_AUTO_TEST_CASE(a_packet_overtaken_by_one_that_is_dropped_has_its_place) {
    fixture t(without_events());
    t.begin(audio(10));
    t.put(digit(12));
    t.put(digit(14));
    t.forward(audio(15));
    BOOST_TEST(t.out.seq == 103); // 11 and 13 are missing
    t.forward(audio(13));
    BOOST_TEST(t.out.seq == 102);
    t.forward(audio(11));
    BOOST_TEST(t.out.seq == 101);
}

BOOST_AUTO_TEST_CASE(the_number_of_one_that_is_dropped_is_no_others) {
    fixture t(without_events());
    t.begin(audio(10));
    t.put(digit(11));
    t.forward(audio(12));
    BOOST_TEST(t.put(audio(11)) == outcome::overtaken);
}

BOOST_AUTO_TEST_CASE(comfort_noise_has_the_clock_of_the_audio) {
    stream_rewriter_options options;
    options.formats.set(96, {16'000, payload_kind::media});
    fixture t(options, 16'000);
    t.begin(packet({.seq = 0, .timestamp = 5000, .type = 96}));
    t.now += std::chrono::seconds(1);
    t.forward(packet({.seq = 1, .timestamp = 5320, .type = noise}, {60}));
    BOOST_TEST(t.out.timestamp == origin.timestamp + 320);
}

BOOST_AUTO_TEST_CASE(one_that_is_dropped_behind_another_leaves_a_gap) {
    fixture t(without_events());
    t.begin(audio(10));
    t.forward(audio(12));
    BOOST_TEST(t.out.seq == 102);
    BOOST_TEST(t.put(digit(11)) == outcome::unmapped);
    t.forward(audio(13));
    BOOST_TEST(t.out.seq == 103);
}

// Whatever is lost or reordered: the numbers that come out are those of the source without what was
// dropped, counted from its first, as long as it is dropped in order.
BOOST_AUTO_TEST_CASE(numbers_are_those_of_a_source_that_never_sent_what_is_dropped) {
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        struct sent {
            std::int64_t in;
            std::int64_t out;
            bool is_digit;
        };
        std::vector<sent> packets;
        std::int64_t in = 60'000, out = 100;
        for (int i = 0; i < 3000; ++i, ++in) {
            const bool is_digit = i > 0 && random() % 4 == 0;
            packets.push_back({in, out, is_digit});
            out += !is_digit;
        }
        // Digits stay in their place; audio comes up to 20 packets late, or not at all.
        std::vector<std::pair<std::int64_t, sent>> arrivals;
        for (const sent& p : packets) {
            if (!p.is_digit && p.in != 60'000 && random() % 20 == 0) continue;
            const bool is_late = !p.is_digit && p.in != 60'000 && random() % 5 == 0;
            arrivals.emplace_back(p.in + (is_late ? static_cast<int>(random() % 20) : 0), p);
        }
        std::stable_sort(arrivals.begin(), arrivals.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        fixture t(without_events());
        for (const auto& [when, p] : arrivals) {
            t.now = time_point{milliseconds(20 * when)};
            const auto number = static_cast<unsigned>(p.in);
            const outcome result = t.put(p.is_digit ? digit(number) : audio(number));
            if (p.is_digit)
                BOOST_REQUIRE(result == outcome::unmapped);
            else
                BOOST_REQUIRE_EQUAL(t.out.seq, static_cast<std::uint16_t>(p.out));
        }
    }
}

// A number is known to be dropped for 1024 numbers; behind that nothing is passed that might lie on
// another.
BOOST_AUTO_TEST_CASE(the_number_map_forgets_after_a_window) {
    detail::number_map map(0);
    map.begin(0);
    map.pass(0);
    map.drop(1);
    for (int n = 2; n < 5000; ++n) {
        BOOST_REQUIRE(map.pass(n) == n - 1);
        if (n < 1024) {
            BOOST_REQUIRE(map.to_output(0) == 0);
            BOOST_REQUIRE(map.to_source(0) == 0);
            BOOST_REQUIRE(!map.to_output(1));
        } else {
            BOOST_REQUIRE(!map.to_output(1));
            BOOST_REQUIRE(!map.to_output(0));
            BOOST_REQUIRE(!map.to_source(0));
        }
        BOOST_REQUIRE(map.to_source(n - 1) == n);
    }
    map.drop(5000); // the same bit again and again
    for (int n = 5001; n < 10'000; ++n) {
        BOOST_REQUIRE(map.pass(n) == n - 2);
        BOOST_REQUIRE(map.to_output(n) == n - 2);
    }
    map.drop(10'000);
    map.pass(20'000); // a gap of more than a window
    BOOST_TEST((map.to_output(19'999) == 19'999 - 3));
    BOOST_TEST((map.to_output(10'000 + 1024 * 9) == 10'000 + 1024 * 9 - 3));
}

BOOST_AUTO_TEST_CASE(the_number_map_goes_both_ways) {
    std::mt19937 random(2);
    for (int round = 0; round < 100; ++round) {
        detail::number_map map(65'500);
        map.begin(7);
        std::map<std::int64_t, std::int64_t> passed;
        for (std::int64_t n = 7; n < 1000; ++n) {
            if (random() % 3 == 0)
                map.drop(n);
            else if (random() % 5 != 0)
                passed[*map.pass(n)] = n;
        }
        for (const auto& [out, in] : passed) {
            BOOST_REQUIRE(map.to_source(out) == in);
            BOOST_REQUIRE(map.to_output(in) == out);
        }
        BOOST_TEST(!map.to_source(65'499));
        BOOST_TEST(!map.to_source(map.highest_out() + 1));
    }
}
