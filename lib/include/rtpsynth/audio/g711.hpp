/// \file
/// G.711 μ-law and A-law (ITU-T G.711, RTP payload types 0 and 8 of RFC 3551): 16-bit linear PCM to
/// and from 8-bit code words. The functions of one sample are constexpr and define the conversion.
/// The block functions return the same bits, and convert as many samples at once as the CPU can.
///
/// Threads: pure functions, which may be called on any thread.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Linear PCM to μ-law. The magnitude is clipped to 32635 and biased by 0x84; its leading bit gives
/// the segment, the next four bits the step. All bits of the code are inverted: 0 becomes 0xff, and
/// -1..-3 become 0x7f, the negative zero.
///
/// A magnitude on a decision value goes to the louder step, whatever its sign. G.711 leaves this
/// open, and two well-known encoders differ for negative samples: CPython's audioop first floors x
/// to 14 bits, so it equals ulaw_encode(x & ~3); ulaw_compress of ITU-T G.191 equals
/// ulaw_encode(~x) with the sign bit cleared. All three agree for non-negative samples.
constexpr std::uint8_t ulaw_encode(std::int16_t pcm) noexcept {
    const unsigned sign = pcm < 0 ? 0x80 : 0;
    const unsigned magnitude = static_cast<unsigned>(std::min(pcm < 0 ? -pcm : +pcm, 32635) + 0x84);
    const unsigned segment = static_cast<unsigned>(std::bit_width(magnitude)) - 8;
    const unsigned step = (magnitude >> (segment + 3)) & 0x0f;
    return static_cast<std::uint8_t>(~(sign | segment << 4 | step));
}

/// μ-law to linear PCM: the middle of the step, -32124..32124. 0xff and 0x7f are both 0.
constexpr std::int16_t ulaw_decode(std::uint8_t code) noexcept {
    const unsigned bits = static_cast<unsigned>(code) ^ 0xff;
    const int magnitude = (static_cast<int>((bits & 0x0f) << 3 | 0x84) << ((bits >> 4) & 7)) - 0x84;
    return static_cast<std::int16_t>(bits & 0x80 ? -magnitude : magnitude);
}

/// Linear PCM to A-law, as in alaw_compress of ITU-T G.191 and CPython's audioop: negative samples
/// are replaced by their one's complement, the low 4 bits of the 15-bit magnitude are dropped, and
/// every other bit of the code is inverted (0x55). 0 becomes 0xd5, and -1 becomes 0x55.
constexpr std::uint8_t alaw_encode(std::int16_t pcm) noexcept {
    const unsigned sign = pcm < 0 ? 0 : 0x80;
    unsigned code = static_cast<unsigned>(pcm < 0 ? ~pcm : +pcm) >> 4;
    if (code > 0x0f) {
        const unsigned segment = static_cast<unsigned>(std::bit_width(code)) - 4;
        code = segment << 4 | ((code >> (segment - 1)) & 0x0f);
    }
    return static_cast<std::uint8_t>((sign | code) ^ 0x55);
}

/// A-law to linear PCM: the middle of the step, ±8..±32256. A-law has no code for zero.
constexpr std::int16_t alaw_decode(std::uint8_t code) noexcept {
    const unsigned bits = static_cast<unsigned>(code) ^ 0x55;
    const unsigned segment = (bits >> 4) & 7;
    int magnitude = static_cast<int>((bits & 0x0f) << 4 | 8);
    if (segment > 0) magnitude = (magnitude + 0x100) << (segment - 1);
    return static_cast<std::int16_t>(bits & 0x80 ? magnitude : -magnitude);
}

/// ulaw_encode() of each sample of \p pcm.
///
/// As in the other block functions, the first min(pcm.size(), codes.size()) samples are converted
/// and the rest of the output is not touched. No alignment is needed, not even that of int16_t.
/// Input and output may begin at the same address (conversion in place) but must not overlap
/// otherwise.
RTPSYNTH_API void ulaw_encode(std::span<const std::int16_t> pcm,
                              std::span<std::uint8_t> codes) noexcept;
/// ulaw_decode() of each byte of \p codes. See the block function of ulaw_encode().
RTPSYNTH_API void ulaw_decode(std::span<const std::uint8_t> codes,
                              std::span<std::int16_t> pcm) noexcept;
/// alaw_encode() of each sample of \p pcm. See the block function of ulaw_encode().
RTPSYNTH_API void alaw_encode(std::span<const std::int16_t> pcm,
                              std::span<std::uint8_t> codes) noexcept;
/// alaw_decode() of each byte of \p codes. See the block function of ulaw_encode().
RTPSYNTH_API void alaw_decode(std::span<const std::uint8_t> codes,
                              std::span<std::int16_t> pcm) noexcept;

/// \}

} // namespace rtpsynth
