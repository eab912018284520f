#include <boost/test/unit_test.hpp>

#include "../effort.hpp"

#include <rtpsynth/audio/detail/resample_kernels.hpp>
#include <rtpsynth/audio/resample.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#ifdef _WIN32
#    include <windows.h>
#else
#    include <sys/mman.h>
#    include <unistd.h>
#endif

using namespace rtpsynth;

namespace {

constexpr std::uint32_t largest_rate = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t largest_size = std::numeric_limits<std::size_t>::max();

// The definition, one operation a line; volatile keeps compilers from fusing two of them.
std::vector<std::int16_t> defined(const std::vector<std::int16_t>& in, std::uint32_t in_rate,
                                  std::uint32_t out_rate) {
    if (in.empty()) return {};
    const double exact = static_cast<double>(in.size()) * out_rate / in_rate;
    const auto size = static_cast<std::size_t>(std::max(1.0, std::nearbyint(exact)));
    std::vector<std::int16_t> out(size);
    for (std::size_t i = 0; i < size; ++i) {
        const double position = static_cast<double>(i * std::uint64_t{in_rate}) / out_rate;
        const double whole = std::floor(position);
        if (whole >= static_cast<double>(in.size() - 1)) {
            out[i] = in.back();
            continue;
        }
        const double a = in[static_cast<std::size_t>(whole)];
        const double b = in[static_cast<std::size_t>(whole) + 1];
        volatile double change = b - a;
        change = change * (position - whole);
        const double value = std::nearbyint(a + change);
        out[i] = static_cast<std::int16_t>(std::clamp(value, -32768.0, 32767.0));
    }
    return out;
}

// The result of resample_linear(), which each kernel must give without the shortcuts.
std::vector<std::int16_t> resampled(const std::vector<std::int16_t>& in, std::uint32_t in_rate,
                                    std::uint32_t out_rate) {
    std::vector<std::int16_t> out(resampled_size(in.size(), in_rate, out_rate));
    const auto n = resample_linear(in, in_rate, out_rate, out);
    BOOST_REQUIRE(n);
    BOOST_REQUIRE_EQUAL(*n, out.size());
    for (const detail::resample_kernel& kernel : detail::supported_resample_kernels()) {
        if (in.empty()) break;
        std::vector<std::int16_t> same(out.size(), 99);
        detail::resample_any(kernel, in.data(), in.size(), in_rate, out_rate, same.data(),
                             same.size());
        BOOST_TEST_CONTEXT(kernel.name) BOOST_REQUIRE(same == out);
    }
    return out;
}

std::uint32_t draw(std::mt19937& random) { return static_cast<std::uint32_t>(random()); }

// Noise, or one of the patterns where wrong rounding or clipping shows first.
std::vector<std::int16_t> content(std::mt19937& random, std::size_t n) {
    std::vector<std::int16_t> pcm(n);
    const unsigned kind = random() % 4;
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t bits = draw(random);
        int x = static_cast<std::int16_t>(bits);
        if (kind == 1) x = bits & 1 ? 32767 : -32768;
        if (kind == 2) x = static_cast<int>(bits % 7) - 3;
        if (kind == 3) x = static_cast<int>(i % 65536) - 32768;
        pcm[i] = static_cast<std::int16_t>(x);
    }
    return pcm;
}

} // namespace

BOOST_AUTO_TEST_CASE(small_examples) {
    using pcm = std::vector<std::int16_t>;
    BOOST_TEST(resampled({0, 10, 20}, 8000, 16000) == (pcm{0, 5, 10, 15, 20, 20}));
    BOOST_TEST(resampled({0, 1, 4, 7}, 1, 2) == (pcm{0, 0, 1, 2, 4, 6, 7, 7})); // half to even
    BOOST_TEST(resampled({0, -1, -4, -7}, 1, 2) == (pcm{0, 0, -1, -2, -4, -6, -7, -7}));
    BOOST_TEST(resampled({-32768, 32767}, 1, 2) == (pcm{-32768, 0, 32767, 32767}));
    BOOST_TEST(resampled({32767, 32766, -32767}, 1, 2) ==
               (pcm{32767, 32766, 32766, 0, -32767, -32767}));
    BOOST_TEST(resampled({1, 2, 3, 4, 5, 6}, 48000, 16000) == (pcm{1, 4}));
    BOOST_TEST(resampled({0, 6, 3}, 1, 3) == (pcm{0, 2, 4, 6, 5, 4, 3, 3, 3}));
    BOOST_TEST(resampled({0, 30, 60, 90}, 3, 2) == (pcm{0, 45, 90}));
    BOOST_TEST(resampled({7}, 48000, 8000) == (pcm{7}));
    BOOST_TEST(resampled({}, 8000, 16000) == pcm{});
}

BOOST_AUTO_TEST_CASE(sizes_are_rounded_half_to_even) {
    BOOST_TEST(resampled_size(160, 8000, 16000) == 320U);
    BOOST_TEST(resampled_size(160, 8000, 44100) == 882U);
    BOOST_TEST(resampled_size(1, 2, 1) == 1U); // 0.5, but never less than 1
    BOOST_TEST(resampled_size(3, 2, 1) == 2U); // 1.5
    BOOST_TEST(resampled_size(5, 2, 1) == 2U); // 2.5
    BOOST_TEST(resampled_size(7, 2, 1) == 4U); // 3.5
    BOOST_TEST(resampled_size(5, 3, 1) == 2U);
    BOOST_TEST(resampled_size(4, 3, 1) == 1U);
    BOOST_TEST(resampled_size(0, 8000, 16000) == 0U);
    BOOST_TEST(resampled_size(160, 0, 16000) == 0U);
    BOOST_TEST(resampled_size(160, 8000, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(overflowing_sizes_saturate) {
    BOOST_TEST(resampled_size(1, 1, largest_rate) == largest_rate);
    BOOST_TEST(resampled_size(1, largest_rate, 1) == 1U);
    BOOST_TEST(resampled_size(largest_size, 1, 1) == largest_size);
    BOOST_TEST(resampled_size(largest_size, largest_rate, largest_rate) == largest_size);
    BOOST_TEST(resampled_size(largest_size, 1, 2) == largest_size);
    BOOST_TEST(resampled_size(largest_size, 1, largest_rate) == largest_size);
    BOOST_TEST(resampled_size(largest_size / 2, 1, 2) == largest_size - 1);
    BOOST_TEST(resampled_size(largest_size / 2 + 1, 1, 2) == largest_size);
    BOOST_TEST(resampled_size(largest_size, 2, 1) == largest_size / 2 + 1); // ….5 to even
}

BOOST_AUTO_TEST_CASE(bad_arguments_are_refused_and_write_nothing) {
    const std::vector<std::int16_t> in(160, 1);
    std::vector<std::int16_t> out(319, 2);
    BOOST_TEST((resample_linear(in, 0, 8000, out).error() == errc::invalid_argument));
    BOOST_TEST((resample_linear(in, 8000, 0, out).error() == errc::invalid_argument));
    BOOST_TEST((resample_linear({}, 0, 0, {}).error() == errc::invalid_argument));
    BOOST_TEST((resample_linear(in, 8000, 16000, out).error() == errc::buffer_too_small));
    BOOST_TEST((resample_linear(in, 8000, 8000, std::span(out).first(159)).error() ==
                errc::buffer_too_small));
    BOOST_TEST((resample_linear(in, 1, largest_rate, out).error() == errc::buffer_too_small));
    BOOST_TEST(std::count(out.begin(), out.end(), 2) == 319);
}

BOOST_AUTO_TEST_CASE(output_past_the_result_is_not_touched) {
    const std::vector<std::int16_t> in(50, 1);
    for (const std::uint32_t out_rate : {1U, 2U, 3U, 4U, 6U}) {
        std::vector<std::int16_t> out(200, 2);
        const auto n = resample_linear(in, 3, out_rate, out);
        BOOST_REQUIRE(n);
        BOOST_TEST(static_cast<std::size_t>(std::count(out.begin(), out.end(), 1)) == *n);
    }
}

BOOST_AUTO_TEST_CASE(equal_rates_copy_even_in_place) {
    std::mt19937 random(1);
    auto pcm = content(random, 333);
    BOOST_TEST(resampled(pcm, 44100, 44100) == pcm);
    const auto before = pcm;
    BOOST_TEST(resample_linear(pcm, largest_rate, largest_rate, pcm).value() == 333U);
    BOOST_TEST(pcm == before);
}

BOOST_AUTO_TEST_CASE(usual_rates_equal_the_definition_at_every_length) {
    std::mt19937 random(2);
    for (const std::uint32_t in_rate : {8000U, 11025U, 16000U, 32000U, 44100U, 48000U})
        for (const std::uint32_t out_rate : {8000U, 11025U, 16000U, 32000U, 44100U, 48000U})
            for (std::size_t n = 0; n <= 200; ++n) {
                if (in_rate == out_rate) continue;
                const auto in = content(random, n);
                BOOST_REQUIRE(resampled(in, in_rate, out_rate) == defined(in, in_rate, out_rate));
            }
}

BOOST_AUTO_TEST_CASE(random_rates_and_contents_equal_the_definition) {
    std::mt19937 random(3);
    for (int round = 0; round < effort(20'000); ++round) {
        const std::size_t n = random() % 300;
        // From a few hertz, where ties are frequent, to the whole range.
        const std::uint32_t mask = largest_rate >> random() % 32;
        const std::uint32_t in_rate = std::max<std::uint32_t>(draw(random) & mask, 1);
        std::uint32_t out_rate = std::max<std::uint32_t>(draw(random) & mask, 1);
        if (round % 3 == 0) out_rate = in_rate / static_cast<std::uint32_t>(1 + random() % 9);
        if (round % 3 == 1 && in_rate < largest_rate / 9)
            out_rate = in_rate * static_cast<std::uint32_t>(1 + random() % 9);
        if (out_rate == 0 || resampled_size(n, in_rate, out_rate) > 20000) continue;
        const auto in = content(random, n);
        BOOST_TEST_CONTEXT(n << " samples, " << in_rate << " -> " << out_rate)
        BOOST_REQUIRE(resampled(in, in_rate, out_rate) == defined(in, in_rate, out_rate));
    }
}

BOOST_AUTO_TEST_CASE(long_inputs_equal_the_definition) {
    std::mt19937 random(4);
    const auto in = content(random, 200000);
    for (const std::uint32_t out_rate : {1U, 8000U, 16000U, 24000U, 44100U, 47999U, 96000U})
        BOOST_TEST((resampled(in, 48000, out_rate) == defined(in, 48000, out_rate)));
}

// Another language may pass samples at odd addresses.
BOOST_AUTO_TEST_CASE(no_alignment_is_needed) {
    std::mt19937 random(5);
    const auto in = content(random, 100);
    for (const std::uint32_t out_rate : {4U, 8U, 12U, 16U, 48U}) {
        const auto expected = defined(in, 8, out_rate);
        std::vector<std::uint8_t> from(1 + 2 * in.size());
        std::vector<std::uint8_t> to(1 + 2 * expected.size());
        std::memcpy(from.data() + 1, in.data(), 2 * in.size());
        const auto* odd_in = static_cast<const std::int16_t*>(static_cast<void*>(from.data() + 1));
        auto* odd_out = static_cast<std::int16_t*>(static_cast<void*>(to.data() + 1));
        BOOST_TEST(resample_linear({odd_in, in.size()}, 8, out_rate, {odd_out, expected.size()})
                       .has_value());
        BOOST_TEST(std::memcmp(to.data() + 1, expected.data(), 2 * expected.size()) == 0);
    }
}

namespace {

/// Memory that ends where an unreadable page begins.
class guarded_page {
public:
    guarded_page() {
#ifdef _WIN32
        SYSTEM_INFO info;
        ::GetSystemInfo(&info);
        size_ = info.dwPageSize;
        pages_ = ::VirtualAlloc(nullptr, 2 * size_, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        DWORD before = 0;
        BOOST_REQUIRE(pages_ != nullptr);
        BOOST_REQUIRE(::VirtualProtect(end(), size_, PAGE_NOACCESS, &before) != 0);
#else
        size_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        pages_ =
            ::mmap(nullptr, 2 * size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        BOOST_REQUIRE(pages_ != MAP_FAILED);
        BOOST_REQUIRE(::mprotect(end(), size_, PROT_NONE) == 0);
#endif
    }
    ~guarded_page() {
#ifdef _WIN32
        ::VirtualFree(pages_, 0, MEM_RELEASE);
#else
        ::munmap(pages_, 2 * size_);
#endif
    }
    guarded_page(const guarded_page&) = delete;
    guarded_page& operator=(const guarded_page&) = delete;

    std::int16_t* end() const {
        return static_cast<std::int16_t*>(pages_) + size_ / sizeof(std::int16_t);
    }

private:
    std::size_t size_ = 0;
    void* pages_ = nullptr;
};

} // namespace

// No sanitizer watches gathered loads.
BOOST_AUTO_TEST_CASE(nothing_is_read_past_the_end) {
    const guarded_page page;
    const std::int16_t* const end = page.end();
    std::vector<std::int16_t> out(2000);
    for (std::size_t n = 1; n <= 130; ++n)
        for (const std::uint32_t out_rate : {1U, 2U, 3U, 5U, 6U, 7U, 11U, 12U, 24U, 47U, 96U}) {
            const std::size_t size = resampled_size(n, 6, out_rate);
            if (size > out.size()) continue;
            BOOST_TEST(resample_linear({end - n, n}, 6, out_rate, out).has_value());
            for (const detail::resample_kernel& kernel : detail::supported_resample_kernels())
                detail::resample_any(kernel, end - n, n, 6, out_rate, out.data(), size);
        }
}
