#include <boost/test/unit_test.hpp>

#include "../effort.hpp"

#include <rtpsynth/audio/detail/dot_kernels.hpp>
#include <rtpsynth/audio/resampler.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <span>
#include <utility>
#include <vector>

// The dot products of the resampler, and the resampler with each implementation of them.

using namespace rtpsynth;

namespace rtpsynth::detail {

struct resampler_test_access {
    static resampler make(std::uint32_t in_rate, std::uint32_t out_rate, resampler_quality quality,
                          const dot_kernel& kernel) {
        return {in_rate, out_rate, quality, kernel};
    }
};

} // namespace rtpsynth::detail

namespace {

using detail::dot_lanes;
using detail::dot_pair;

// The definition, one operation a line; volatile keeps compilers from fusing two of them.
float defined(const dot_pair& pair, std::size_t n) {
    std::array<float, dot_lanes> sums{};
    for (std::size_t i = 0; i < n; ++i) {
        const volatile float product = pair.a[i] * pair.b[i];
        sums[i % dot_lanes] += product;
    }
    for (std::size_t apart = dot_lanes / 2; apart != 0; apart /= 2)
        for (std::size_t i = 0; i < apart; ++i) sums[i] += sums[i + apart];
    return sums[0];
}

// Numbers of any size and sign, whose sums therefore depend on the order of additions.
std::vector<float> numbers(std::mt19937& random, std::size_t n) {
    std::vector<float> all(n);
    for (float& x : all) {
        const auto mantissa = static_cast<float>(static_cast<std::int32_t>(random()));
        x = mantissa / static_cast<float>(1U << random() % 24);
    }
    return all;
}

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

} // namespace

BOOST_AUTO_TEST_CASE(the_first_kernel_is_the_portable_one) {
    BOOST_REQUIRE(!detail::supported_dot_kernels().empty());
    BOOST_TEST(detail::supported_dot_kernels().front().name == "portable");
}

BOOST_AUTO_TEST_CASE(every_kernel_equals_the_definition_to_the_bit) {
    std::mt19937 random(1);
    constexpr std::size_t longest = 20 * dot_lanes;
    for (std::size_t round = 0; round < effort(std::size_t{2000}); ++round) {
        const std::size_t n = random() % 21 * dot_lanes;
        const std::size_t count = random() % 10;
        const auto a = numbers(random, longest + 40);
        const auto b = numbers(random, longest + 40);
        // At any addresses; neighbours often share b, and sometimes a.
        std::vector<dot_pair> pairs(count);
        for (dot_pair& pair : pairs) pair = {&a[random() % 40], &b[random() % (1 + round % 4)]};
        std::vector<float> expected;
        for (const dot_pair& pair : pairs) expected.push_back(defined(pair, n));
        for (const detail::dot_kernel& kernel : detail::supported_dot_kernels()) {
            std::vector<float> sums(count + 1, 99);
            kernel.dot(pairs.data(), count, n, sums.data());
            BOOST_TEST_CONTEXT(kernel.name << ", " << count << " of " << n) {
                BOOST_REQUIRE(
                    std::equal(expected.begin(), expected.end(), sums.begin(), same_bits));
                BOOST_REQUIRE_EQUAL(sums.back(), 99); // nothing is written past the end
            }
        }
    }
}

// Whole ratios, with rows in groups and without; fractions; rows that are interpolated, many and
// few of them.
BOOST_AUTO_TEST_CASE(a_resampler_gives_the_same_with_every_kernel_however_its_input_is_cut) {
    std::mt19937 random(2);
    std::vector<std::int16_t> in(4000);
    for (std::int16_t& sample : in) sample = static_cast<std::int16_t>(random());
    std::fill(in.begin() + 1000, in.begin() + 1200, std::int16_t{32767});
    std::fill(in.begin() + 1200, in.begin() + 1400, std::int16_t{-32768});
    constexpr std::pair<std::uint32_t, std::uint32_t> all_rates[] = {
        {24000, 8000},  {8000, 24000},  {16000, 8000},  {8000, 16000},    {48000, 8000},
        {8000, 48000},  {8000, 32000},  {4000, 48000},  {4000, 384000},   {24000, 16000},
        {16000, 24000}, {44100, 8000},  {8000, 44100},  {22050, 16000},   {44100, 44099},
        {8000, 12347},  {16000, 16000}, {192000, 4001}, {383999, 4001},   {4001, 383999},
        {48000, 4000},  {32000, 24000}, {24000, 32000}, {384000, 383999}, {48000, 44100},
    };
    for (const auto& [in_rate, out_rate] : all_rates)
        for (const auto quality :
             {resampler_quality::low, resampler_quality::standard, resampler_quality::high}) {
            std::vector<std::int16_t> expected;
            for (const detail::dot_kernel& kernel : detail::supported_dot_kernels())
                for (const std::size_t longest : {std::size_t{1}, in.size(), std::size_t{700}}) {
                    if (longest == 1 && !expected.empty()) continue;
                    auto converter =
                        detail::resampler_test_access::make(in_rate, out_rate, quality, kernel);
                    std::vector<std::int16_t> out(converter.output_size(in.size()));
                    std::size_t made = 0;
                    for (std::size_t at = 0; at < in.size();) {
                        std::size_t size = longest;
                        if (longest == 700) size = 1 + random() % 700;
                        size = std::min(size, in.size() - at);
                        const auto n = converter.process(std::span(in).subspan(at, size),
                                                         std::span(out).subspan(made));
                        BOOST_REQUIRE(n);
                        made += *n;
                        at += size;
                    }
                    BOOST_REQUIRE_EQUAL(made, out.size());
                    if (expected.empty()) expected = out;
                    BOOST_TEST_CONTEXT(kernel.name << ", " << in_rate << " to " << out_rate
                                                   << ", at once " << longest)
                    BOOST_REQUIRE(out == expected);
                }
        }
}
