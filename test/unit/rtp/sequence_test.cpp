#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/sequence.hpp>

#include <cstdint>
#include <limits>

using rtpsynth::seq_distance;
using rtpsynth::unwrap_seq;

namespace {

std::uint16_t low16(long long v) { return static_cast<std::uint16_t>(v & 0xffff); }

BOOST_AUTO_TEST_CASE(distance_is_the_step_that_leads_there) {
    for (const int base : {0, 1, 5, 32767, 32768, 32769, 65534, 65535}) {
        for (int step = -32768; step <= 32767; ++step) {
            const int distance = seq_distance(low16(base + step), low16(base));
            if (distance != step)
                BOOST_ERROR("base " << base << " step " << step << " gave " << distance);
        }
    }
}

BOOST_AUTO_TEST_CASE(half_the_number_space_counts_as_behind) {
    BOOST_TEST(seq_distance(0, 0x8000) == -32768);
    BOOST_TEST(seq_distance(0x8000, 0) == -32768);
    BOOST_TEST(seq_distance(0x7fff, 0) == 32767);
}

BOOST_AUTO_TEST_CASE(unwrap_finds_the_nearest_number_with_these_low_bits) {
    const std::int64_t references[] = {0,  1,      65535,  65536,     100000,         -1,
                                       -5, -65536, -70000, 1LL << 40, (1LL << 40) - 1};
    for (const std::int64_t reference : references) {
        for (int step = -32768; step <= 32767; ++step) {
            const std::int64_t wanted = reference + step;
            const std::int64_t got = unwrap_seq(low16(wanted), reference);
            if (got != wanted)
                BOOST_ERROR("reference " << reference << " step " << step << " gave " << got);
        }
    }
}

BOOST_AUTO_TEST_CASE(unwrap_follows_a_stream_over_many_wraps) {
    std::int64_t highest = 65530;
    for (std::int64_t n = highest; n < 65530 + 5 * 65536; n += 7) {
        highest = unwrap_seq(low16(n), highest);
        BOOST_REQUIRE_EQUAL(highest, n);
    }
}

BOOST_AUTO_TEST_CASE(numbers_before_the_first_are_negative) {
    BOOST_TEST(unwrap_seq(65535, 0) == -1);
    BOOST_TEST(unwrap_seq(32768, 0) == -32768);
    static_assert(unwrap_seq(65535, 0) == -1 && seq_distance(0, 65535) == 1);
}

} // namespace
