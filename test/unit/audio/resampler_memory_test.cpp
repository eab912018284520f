#include <boost/test/unit_test.hpp>

#include "../counted_heap.hpp"

#include <rtpsynth/audio/resampler.hpp>

#include <cstddef>
#include <cstdint>

// What a resampler allocates, which is also what the design of its filter costs.

using namespace rtpsynth;

BOOST_AUTO_TEST_CASE(a_filter_of_any_two_rates_has_a_bounded_size) {
    struct rates {
        std::uint32_t in, out;
    };
    // Those without a large common divisor, far apart and close to each other, both ways; and the
    // longest filter of as many rows as may be exact.
    for (const auto& [in, out] :
         {rates{384000, 4001}, rates{4001, 384000}, rates{192000, 11025}, rates{44100, 44099},
          rates{48000, 47953}, rates{8184, 8192}, rates{380000, 4004}, rates{384000, 4000}})
        BOOST_TEST_CONTEXT(in << " to " << out) {
            const std::size_t before = heap::allocated_bytes;
            const resampler converter(in, out, resampler_quality::high);
            const std::size_t bytes = heap::allocated_bytes - before;
            BOOST_CHECK_GT(bytes, 4 * converter.delay_samples());
            BOOST_CHECK_LE(bytes, 1.2 * (1 << 20));
        }
}
