// Dot products with AVX2, four at a time. Only functions marked RTPSYNTH_AVX2 contain such
// instructions. They are only reached through dot_avx2_kernel(), which checks the CPU.
#include <rtpsynth/audio/detail/dot_kernels.hpp>
#include <rtpsynth/base/compiler.h>

#ifdef RTPSYNTH_AVX2

#    include <immintrin.h>

namespace rtpsynth::detail {
namespace {

// Not a fused multiply-add, which would round once where the other kernels round twice.
RTPSYNTH_AVX2_INLINE __m256 plus_products(__m256 sum, const float* a, __m256 b) {
    return _mm256_add_ps(sum, _mm256_mul_ps(_mm256_loadu_ps(a), b));
}

RTPSYNTH_AVX2_INLINE __m128 plus_upper_half(__m256 x) {
    return _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
}

// (a0 + a2, a1 + a3, b0 + b2, b1 + b3)
RTPSYNTH_AVX2_INLINE __m128 halve(__m128 a, __m128 b) {
    return _mm_add_ps(_mm_shuffle_ps(a, b, 0x44), _mm_shuffle_ps(a, b, 0xee));
}

RTPSYNTH_AVX2_INLINE __m128 dot_four(const dot_pair* pairs, std::size_t n) {
    const dot_pair p = pairs[0];
    const dot_pair q = pairs[1];
    const dot_pair r = pairs[2];
    const dot_pair s = pairs[3];
    __m256 p0 = _mm256_setzero_ps();
    __m256 p1 = p0;
    __m256 q0 = p0;
    __m256 q1 = p0;
    __m256 r0 = p0;
    __m256 r1 = p0;
    __m256 s0 = p0;
    __m256 s1 = p0;
    if (p.b == q.b && p.b == r.b && p.b == s.b) {
        // Loading takes longer than computing.
        for (std::size_t i = 0; i < n; i += dot_lanes) {
            const __m256 b0 = _mm256_loadu_ps(p.b + i);
            const __m256 b1 = _mm256_loadu_ps(p.b + i + 8);
            p0 = plus_products(p0, p.a + i, b0);
            p1 = plus_products(p1, p.a + i + 8, b1);
            q0 = plus_products(q0, q.a + i, b0);
            q1 = plus_products(q1, q.a + i + 8, b1);
            r0 = plus_products(r0, r.a + i, b0);
            r1 = plus_products(r1, r.a + i + 8, b1);
            s0 = plus_products(s0, s.a + i, b0);
            s1 = plus_products(s1, s.a + i + 8, b1);
        }
    } else {
        for (std::size_t i = 0; i < n; i += dot_lanes) {
            p0 = plus_products(p0, p.a + i, _mm256_loadu_ps(p.b + i));
            p1 = plus_products(p1, p.a + i + 8, _mm256_loadu_ps(p.b + i + 8));
            q0 = plus_products(q0, q.a + i, _mm256_loadu_ps(q.b + i));
            q1 = plus_products(q1, q.a + i + 8, _mm256_loadu_ps(q.b + i + 8));
            r0 = plus_products(r0, r.a + i, _mm256_loadu_ps(r.b + i));
            r1 = plus_products(r1, r.a + i + 8, _mm256_loadu_ps(r.b + i + 8));
            s0 = plus_products(s0, s.a + i, _mm256_loadu_ps(s.b + i));
            s1 = plus_products(s1, s.a + i + 8, _mm256_loadu_ps(s.b + i + 8));
        }
    }
    const __m128 pq =
        halve(plus_upper_half(_mm256_add_ps(p0, p1)), plus_upper_half(_mm256_add_ps(q0, q1)));
    const __m128 rs =
        halve(plus_upper_half(_mm256_add_ps(r0, r1)), plus_upper_half(_mm256_add_ps(s0, s1)));
    return _mm_add_ps(_mm_shuffle_ps(pq, rs, 0x88), _mm_shuffle_ps(pq, rs, 0xdd));
}

RTPSYNTH_AVX2 void dot(const dot_pair* pairs, std::size_t count, std::size_t n, float* sums) {
    for (; count >= 4; count -= 4, pairs += 4, sums += 4) _mm_storeu_ps(sums, dot_four(pairs, n));
    if (count == 0) return;
    // The last one again in place of those that are missing.
    dot_pair rest[4];
    for (std::size_t i = 0; i < 4; ++i) rest[i] = pairs[i < count ? i : count - 1];
    float four[4];
    _mm_storeu_ps(four, dot_four(rest, n));
    for (std::size_t i = 0; i < count; ++i) sums[i] = four[i];
}

constexpr dot_kernel avx2_dot_kernel{"avx2", dot};

} // namespace

const dot_kernel* dot_avx2_kernel() noexcept { return cpu_has_avx2() ? &avx2_dot_kernel : nullptr; }

} // namespace rtpsynth::detail

#else

const rtpsynth::detail::dot_kernel* rtpsynth::detail::dot_avx2_kernel() noexcept { return nullptr; }

#endif
