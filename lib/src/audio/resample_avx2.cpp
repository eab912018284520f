// Interpolation with AVX2, four positions at a time. Only functions marked RTPSYNTH_AVX2 contain
// such instructions. They are only reached through resample_avx2_kernel(), which checks the CPU.
#include <rtpsynth/audio/detail/resample_kernels.hpp>
#include <rtpsynth/base/compiler.h>

#ifdef RTPSYNTH_AVX2

#    include <immintrin.h>

namespace rtpsynth::detail {
namespace {

RTPSYNTH_AVX2_INLINE __m128i interpolate_four(const std::int16_t* in, __m256d position) {
    const __m256d whole = _mm256_floor_pd(position);
    const __m256d fraction = _mm256_sub_pd(position, whole);
    // Indices are counted from the first, so that 32 bits suffice in an input of any length.
    const double first = _mm256_cvtsd_f64(whole);
    const __m128i index = _mm256_cvttpd_epi32(_mm256_sub_pd(whole, _mm256_set1_pd(first)));
    const void* base = in + static_cast<std::ptrdiff_t>(first);
    const __m128i pair = _mm_i32gather_epi32(static_cast<const int*>(base), index, 2);
    const __m256d a = _mm256_cvtepi32_pd(_mm_srai_epi32(_mm_slli_epi32(pair, 16), 16));
    const __m256d b = _mm256_cvtepi32_pd(_mm_srai_epi32(pair, 16));
    const __m256d change = _mm256_mul_pd(_mm256_sub_pd(b, a), fraction);
    return _mm256_cvtpd_epi32(_mm256_add_pd(a, change)); // rounds half to even
}

RTPSYNTH_AVX2 std::size_t interpolate(const std::int16_t* in, std::size_t n, double in_rate,
                                      double out_rate, std::int16_t* out, std::size_t n_out) {
    // Four positions must lie within 2^31 samples.
    if (in_rate / out_rate > 0x1p24) return 0;
    const __m256d step = _mm256_set1_pd(in_rate);
    const __m256d per = _mm256_set1_pd(out_rate);
    const __m256d last = _mm256_set1_pd(static_cast<double>(n - 1));
    const __m256d four = _mm256_set1_pd(4);
    __m256d i = _mm256_setr_pd(0, 1, 2, 3);
    std::size_t done = 0;
    for (; n_out - done >= 8; done += 8) {
        const __m256d first = _mm256_div_pd(_mm256_mul_pd(i, step), per);
        i = _mm256_add_pd(i, four);
        const __m256d second = _mm256_div_pd(_mm256_mul_pd(i, step), per);
        i = _mm256_add_pd(i, four);
        // Positions ascend: if these are inside, so are the previous four.
        if (_mm256_movemask_pd(_mm256_cmp_pd(second, last, _CMP_LT_OQ)) != 0x0f) break;
        const __m128i low = interpolate_four(in, first);
        const __m128i high = interpolate_four(in, second);
        void* to = out + done;
        _mm_storeu_si128(static_cast<__m128i*>(to), _mm_packs_epi32(low, high));
    }
    return done;
}

constexpr resample_kernel avx2{"avx2", interpolate};

} // namespace

const resample_kernel* resample_avx2_kernel() noexcept { return cpu_has_avx2() ? &avx2 : nullptr; }

} // namespace rtpsynth::detail

#else

const rtpsynth::detail::resample_kernel* rtpsynth::detail::resample_avx2_kernel() noexcept {
    return nullptr;
}

#endif
