// The G.711 block functions with AVX2. Only functions marked RTPSYNTH_AVX2 contain such
// instructions. They are only reached through g711_avx2_kernels(), which checks the CPU.
#include <rtpsynth/audio/detail/g711_kernels.hpp>
#include <rtpsynth/base/compiler.h>

#ifdef RTPSYNTH_AVX2

#    include <array>
#    include <cstring>

#    include <immintrin.h>

namespace rtpsynth::detail {
namespace {

// One block: 32 samples, 64 bytes of PCM and 32 of codes. Unpacking and packing work within each
// 128-bit half, in the same order, so one permutation of quarters per block restores the order.
constexpr std::size_t block = 32;
constexpr int quarters_0213 = 0xd8;

RTPSYNTH_AVX2_INLINE __m256i load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

RTPSYNTH_AVX2_INLINE void store(void* p, __m256i v) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), v);
}

// Exponent and four bits of mantissa of 16 positive magnitudes as floats: the biased exponent's
// lowest bits are the segment, the mantissa is the step (exact: see g711.cpp).
RTPSYNTH_AVX2_INLINE __m256i exponent_and_step(__m256i magnitude) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256 low = _mm256_cvtepi32_ps(_mm256_unpacklo_epi16(magnitude, zero));
    const __m256 high = _mm256_cvtepi32_ps(_mm256_unpackhi_epi16(magnitude, zero));
    return _mm256_packs_epi32(_mm256_srli_epi32(_mm256_castps_si256(low), 19),
                              _mm256_srli_epi32(_mm256_castps_si256(high), 19));
}

struct ulaw_encoder {
    static constexpr int inversion = 0xff;

    // Segment and step of 16 samples, before sign and inversion.
    RTPSYNTH_AVX2_INLINE static __m256i code(__m256i pcm) {
        // Subtraction saturates: |-32768| is 32767, which the clip makes 32635.
        __m256i magnitude = _mm256_max_epi16(pcm, _mm256_subs_epi16(_mm256_setzero_si256(), pcm));
        magnitude = _mm256_min_epi16(magnitude, _mm256_set1_epi16(32635));
        magnitude = _mm256_add_epi16(magnitude, _mm256_set1_epi16(0x84));
        return _mm256_sub_epi16(exponent_and_step(magnitude), _mm256_set1_epi16(134 << 4));
    }
};

struct alaw_encoder {
    static constexpr int inversion = 0xd5;

    RTPSYNTH_AVX2_INLINE static __m256i code(__m256i pcm) {
        const __m256i magnitude = _mm256_xor_si256(pcm, _mm256_srai_epi16(pcm, 15));
        const __m256i low =
            _mm256_min_epi16(_mm256_srli_epi16(magnitude, 4), _mm256_set1_epi16(0x10));
        const __m256i high =
            exponent_and_step(_mm256_max_epi16(magnitude, _mm256_set1_epi16(0x100)));
        return _mm256_add_epi16(low, _mm256_sub_epi16(high, _mm256_set1_epi16(135 << 4)));
    }
};

struct pcm_block {
    __m256i first, second;
};

RTPSYNTH_AVX2_INLINE pcm_block load_block(const std::int16_t* pcm) {
    return {load(pcm), load(pcm + block / 2)};
}

template <class Law>
RTPSYNTH_AVX2_INLINE __m256i encode_block(const pcm_block& pcm) {
    const __m256i magnitude = _mm256_packus_epi16(Law::code(pcm.first), Law::code(pcm.second));
    const __m256i sign = _mm256_and_si256(_mm256_packs_epi16(pcm.first, pcm.second),
                                          _mm256_set1_epi8(static_cast<char>(0x80)));
    const __m256i code = _mm256_xor_si256(_mm256_xor_si256(magnitude, sign),
                                          _mm256_set1_epi8(static_cast<char>(Law::inversion)));
    return _mm256_permute4x64_epi64(code, quarters_0213);
}

// Both laws are ±(scale[segment]·odd(step) + scale'[segment]·offset) << shift with all factors in
// 8 bits, which is what maddubs multiplies: unsigned scales by signed values.
struct ulaw_decoder {
    static constexpr int inversion = 0xff;
    static constexpr int shift = 2;
    RTPSYNTH_AVX2_INLINE static __m128i scale() {
        return _mm_set1_epi64x(static_cast<long long>(0x8040201008040201));
    }
    RTPSYNTH_AVX2_INLINE static __m128i offset_scale() { return _mm_set1_epi8(1); }
    static constexpr char offset = -33;
    static constexpr char first_step = 33;
    // Bit 7 set: negative, zero excluded for sign_epi8.
    RTPSYNTH_AVX2_INLINE static __m256i sign(__m256i bits) {
        return _mm256_or_si256(bits, _mm256_set1_epi8(1));
    }
};

struct alaw_decoder {
    static constexpr int inversion = 0x55;
    static constexpr int shift = 3;
    RTPSYNTH_AVX2_INLINE static __m128i scale() { return _mm_set1_epi64x(0x4020100804020101); }
    RTPSYNTH_AVX2_INLINE static __m128i offset_scale() {
        return _mm_set1_epi64x(0x4020100804020100);
    }
    static constexpr char offset = 32;
    static constexpr char first_step = 1;
    RTPSYNTH_AVX2_INLINE static __m256i sign(__m256i bits) {
        return _mm256_or_si256(_mm256_xor_si256(bits, _mm256_set1_epi8(static_cast<char>(0x80))),
                               _mm256_set1_epi8(1));
    }
};

template <class Law>
RTPSYNTH_AVX2_INLINE void decode_block(__m256i codes, std::int16_t* pcm) {
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    const __m256i ordered = _mm256_permute4x64_epi64(codes, quarters_0213);
    const __m256i bits =
        _mm256_xor_si256(ordered, _mm256_set1_epi8(static_cast<char>(Law::inversion)));
    // The tables of 8 segments are stored twice, so the sign bit in the index has no effect.
    const __m256i segment = _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble);
    const __m256i step = _mm256_and_si256(bits, nibble);
    const __m256i sign = Law::sign(bits);

    const __m256i scale = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(Law::scale()), segment);
    const __m256i offset_scale =
        _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(Law::offset_scale()), segment);
    const __m256i odd =
        _mm256_add_epi8(_mm256_add_epi8(step, step), _mm256_set1_epi8(Law::first_step));
    const __m256i value = _mm256_sign_epi8(odd, sign);
    const __m256i offset = _mm256_sign_epi8(_mm256_set1_epi8(Law::offset), sign);

    const __m256i first = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(scale, offset_scale),
                                               _mm256_unpacklo_epi8(value, offset));
    const __m256i second = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(scale, offset_scale),
                                                _mm256_unpackhi_epi8(value, offset));
    store(pcm, _mm256_slli_epi16(first, Law::shift));
    store(pcm + block / 2, _mm256_slli_epi16(second, Law::shift));
}

// Converts the rest of n after whole blocks as a block that overlaps the previous one. Its input is
// read first, because a conversion in place would overwrite it.
template <class Law>
RTPSYNTH_AVX2 void encode(const std::int16_t* pcm, std::uint8_t* codes, std::size_t n) {
    if (n < block) {
        std::array<std::int16_t, block> from{};
        std::array<std::uint8_t, block> to;
        if (n > 0) std::memcpy(from.data(), pcm, n * sizeof from[0]);
        store(to.data(), encode_block<Law>(load_block(from.data())));
        if (n > 0) std::memcpy(codes, to.data(), n);
        return;
    }
    const pcm_block last = load_block(pcm + n - block);
    for (std::size_t i = 0; n - i >= block; i += block)
        store(codes + i, encode_block<Law>(load_block(pcm + i)));
    if (n % block != 0) store(codes + n - block, encode_block<Law>(last));
}

// Backwards: in a conversion in place, the growing output must only overwrite codes that have been
// read.
template <class Law>
RTPSYNTH_AVX2 void decode(const std::uint8_t* codes, std::int16_t* pcm, std::size_t n) {
    if (n < block) {
        std::array<std::uint8_t, block> from{};
        std::array<std::int16_t, block> to;
        if (n > 0) std::memcpy(from.data(), codes, n);
        decode_block<Law>(load(from.data()), to.data());
        if (n > 0) std::memcpy(pcm, to.data(), n * sizeof to[0]);
        return;
    }
    const __m256i first = load(codes);
    for (std::size_t i = n; i >= block; i -= block)
        decode_block<Law>(load(codes + i - block), pcm + i - block);
    if (n % block != 0) decode_block<Law>(first, pcm);
}

constexpr g711_kernels avx2{"avx2", encode<ulaw_encoder>, decode<ulaw_decoder>,
                            encode<alaw_encoder>, decode<alaw_decoder>};

} // namespace

const g711_kernels* g711_avx2_kernels() noexcept { return cpu_has_avx2() ? &avx2 : nullptr; }

} // namespace rtpsynth::detail

#else

const rtpsynth::detail::g711_kernels* rtpsynth::detail::g711_avx2_kernels() noexcept {
    return nullptr;
}

#endif
