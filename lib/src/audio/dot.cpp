#include <rtpsynth/audio/detail/dot_kernels.hpp>
#include <rtpsynth/base/compiler.h>

#include <array>
#include <cstring>

// A fused multiply-add would round once where the definition rounds twice: lib/CMakeLists.txt
// therefore compiles the library with -ffp-contract=off.

namespace rtpsynth::detail {
namespace {

// Sixteen sums, in four registers of SSE2 or NEON.
struct sixteen {
    floats_x4 s0{};
    floats_x4 s1{};
    floats_x4 s2{};
    floats_x4 s3{};

    void add_products(const float* a, const sixteen& b) noexcept {
        const sixteen x(a);
        s0 = s0 + x.s0 * b.s0;
        s1 = s1 + x.s1 * b.s1;
        s2 = s2 + x.s2 * b.s2;
        s3 = s3 + x.s3 * b.s3;
    }

    float total() const noexcept {
        const floats_x4 sum = (s0 + s2) + (s1 + s3);
        return (sum[0] + sum[2]) + (sum[1] + sum[3]);
    }

    sixteen() = default;
    explicit sixteen(const float* from) noexcept {
        std::memcpy(&s0, from, sizeof s0);
        std::memcpy(&s1, from + 4, sizeof s1);
        std::memcpy(&s2, from + 8, sizeof s2);
        std::memcpy(&s3, from + 12, sizeof s3);
    }
};

// Two at a time: an addition then has not to wait for the one before, and all sums are in
// registers.
void dot_two(const dot_pair& one, const dot_pair& two, std::size_t n, float* sums) noexcept {
    sixteen sums_one;
    sixteen sums_two;
    if (one.b == two.b) {
        for (std::size_t i = 0; i < n; i += dot_lanes) {
            const sixteen b(one.b + i);
            sums_one.add_products(one.a + i, b);
            sums_two.add_products(two.a + i, b);
        }
    } else {
        for (std::size_t i = 0; i < n; i += dot_lanes) {
            sums_one.add_products(one.a + i, sixteen(one.b + i));
            sums_two.add_products(two.a + i, sixteen(two.b + i));
        }
    }
    sums[0] = sums_one.total();
    sums[1] = sums_two.total();
}

void dot_portable(const dot_pair* pairs, std::size_t count, std::size_t n, float* sums) {
    for (; count >= 2; count -= 2, pairs += 2, sums += 2) dot_two(pairs[0], pairs[1], n, sums);
    if (count == 0) return;
    sixteen last;
    for (std::size_t i = 0; i < n; i += dot_lanes)
        last.add_products(pairs->a + i, sixteen(pairs->b + i));
    *sums = last.total();
}

constexpr dot_kernel portable_dot_kernel{"portable", dot_portable};

} // namespace

std::span<const dot_kernel> supported_dot_kernels() noexcept {
    static const dot_kernel* const avx2 = dot_avx2_kernel();
    static const std::array<dot_kernel, 2> all{portable_dot_kernel,
                                               avx2 ? *avx2 : portable_dot_kernel};
    return std::span{all}.first(avx2 ? 2 : 1);
}

} // namespace rtpsynth::detail
