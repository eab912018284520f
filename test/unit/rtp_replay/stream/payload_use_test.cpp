#include <boost/test/unit_test.hpp>

#include "stream/padding_check.hpp"
#include "stream/payload_use.hpp"

#include <array>
#include <cstdint>

using namespace replay;

namespace {

void add(event_evidence& evidence, std::uint8_t timestamp, std::uint8_t event, bool end,
         std::uint8_t duration, std::uint8_t reserved = 0) {
    const std::array<std::uint8_t, 16> bytes{
        0x80,  101,
        0,     0,
        0,     0,
        0,     timestamp,
        0,     0,
        0,     0,
        event, static_cast<std::uint8_t>(end << 7 | reserved << 6 | 10),
        0,     duration};
    evidence.add(rtpsynth::rtp_packet_view::parse(bytes).value());
}

} // namespace

BOOST_AUTO_TEST_CASE(an_event_is_proven_by_a_duration_that_grows) {
    event_evidence e;
    add(e, 1, 5, false, 160);
    BOOST_CHECK(!e.proven());
    add(e, 1, 5, false, 160);
    BOOST_CHECK(!e.proven());
    add(e, 1, 5, false, 200);
    BOOST_CHECK(e.proven());
    add(e, 2, 6, false, 160);
    BOOST_CHECK(e.proven());
}

BOOST_AUTO_TEST_CASE(an_event_is_proven_by_a_repeated_end) {
    event_evidence e;
    add(e, 1, 5, true, 160);
    add(e, 1, 5, true, 160);
    BOOST_CHECK(e.proven());
}

BOOST_AUTO_TEST_CASE(what_no_event_has_refutes_it_for_good) {
    const auto proven = [] {
        event_evidence e;
        add(e, 1, 5, false, 160);
        add(e, 1, 5, false, 200);
        return e;
    };
    event_evidence other_event = proven(), reserved = proven(), unknown = proven();
    add(other_event, 1, 6, false, 210); // at the same time
    add(reserved, 2, 5, false, 210, 1);
    add(unknown, 2, 17, false, 210);
    for (event_evidence& e : {std::ref(other_event), std::ref(reserved), std::ref(unknown)}) {
        BOOST_CHECK(!e.proven());
        add(e, 3, 5, false, 1);
        add(e, 3, 5, false, 2);
        BOOST_CHECK(!e.proven());
    }
}

BOOST_AUTO_TEST_CASE(counts_that_are_random_are_encrypted) {
    padding_check few, zeros, right, random;
    const auto byte = [](unsigned i) { return static_cast<std::uint8_t>(i * 77); };
    for (unsigned i = 0; i < 3; ++i) few.add({byte(i), 10});
    BOOST_CHECK(!few.looks_encrypted());
    for (unsigned i = 0; i < 100; ++i) zeros.add({0, 255});
    BOOST_CHECK(!zeros.looks_encrypted());
    BOOST_CHECK_EQUAL(zeros.impossible(), 100U);
    for (unsigned i = 1; i < 100; ++i) right.add({byte(i), byte(i)});
    BOOST_CHECK(!right.looks_encrypted());
    for (unsigned i = 0; i < 4; ++i) random.add({byte(i), 255}); // one is 0
    BOOST_CHECK(random.looks_encrypted());
}

BOOST_AUTO_TEST_CASE(random_counts_are_often_impossible_in_small_packets) {
    padding_check small, large;
    for (unsigned i = 1; i <= 100; ++i) {
        const std::uint8_t count = static_cast<std::uint8_t>(i == 50 ? 0 : i);
        small.add({count, 100}); // of random ones about 61 would be impossible
        large.add({count, 255}); // less than one
    }
    BOOST_CHECK(!small.looks_encrypted());
    BOOST_CHECK(large.looks_encrypted());
    for (unsigned i = 101; i <= 116; ++i) small.add({static_cast<std::uint8_t>(i), 100});
    BOOST_CHECK_EQUAL(small.impossible(), 17U); // 71 of 116 would be
    BOOST_CHECK(!small.looks_encrypted());
    small.add({117, 100});
    BOOST_CHECK(small.looks_encrypted());
}
