/// \file
/// G.722 (ITU-T G.722, RTP payload type 9 of RFC 3551): audio of 16 kHz at 64 kbit/s, one byte for
/// two samples. Bit-exact with the recommendation. The RTP clock rate is 8000 Hz, half of the audio
/// rate, so that a timestamp unit is a byte.
///
/// Threads: distinct objects are independent. One object belongs to one thread at a time.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup audio
/// \{

namespace detail {

/// Adaptive predictor and quantiser step of one band; encoder and decoder update them in the same
/// way.
struct g722_band {
    explicit g722_band(std::int32_t step) noexcept : quantiser_step(step) {}

    /// Adds the quantised difference, and predicts the next sample.
    void advance(std::int32_t difference) noexcept;

    std::int32_t prediction = 0;                 ///< s: of the next sample
    std::int32_t quantiser_step;                 ///< DETL, DETH
    std::int32_t log_step = 0;                   ///< NBL, NBH
    std::int32_t zero_part = 0;                  ///< sz: the prediction of the zeros
    std::array<std::int32_t, 2> reconstructed{}; ///< the last two samples
    std::array<std::int32_t, 2> partial{};       ///< the last two of difference + sz
    std::array<std::int32_t, 2> pole{};          ///< a1, a2
    std::array<std::int32_t, 6> zero{};          ///< b1..b6
    std::array<std::int32_t, 6> differences{};   ///< the last six
};

} // namespace detail

/// Encodes one stream of G.722 at 64 kbit/s.
class g722_encoder {
public:
    /// Encodes \p pcm (16 kHz) into the beginning of \p codes and returns how many bytes it wrote:
    /// half as many. Errors, with nothing changed: errc::bad_frame_size (an odd number of
    /// samples), errc::buffer_too_small.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> encode(std::span<const std::int16_t> pcm,
                                                          std::span<std::uint8_t> codes) noexcept;

private:
    detail::g722_band low_{32};
    detail::g722_band high_{8};
    std::array<std::int16_t, 22> history_{}; // the latest samples, the oldest first
};

/// Decodes one stream of G.722.
class g722_decoder {
public:
    /// The decoder uses the \p bits highest bits of each byte: 8 at 64 kbit/s, as in RTP; 7 and 6
    /// in the recommendation's modes of 56 and 48 kbit/s, where the other bits carry data. Throws
    /// std::invalid_argument for any other number.
    RTPSYNTH_API explicit g722_decoder(unsigned bits = 8);

    /// Decodes \p codes into the beginning of \p pcm (16 kHz) and returns how many samples it
    /// wrote: twice as many. Any bytes are valid. Errors, with nothing changed:
    /// errc::buffer_too_small.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> decode(std::span<const std::uint8_t> codes,
                                                          std::span<std::int16_t> pcm) noexcept;

private:
    detail::g722_band low_{32};
    detail::g722_band high_{8};
    std::array<std::int16_t, 11> sums_{}; // of the bands, and their differences: the oldest first
    std::array<std::int16_t, 11> differences_{};
    unsigned unused_bits_;
};

/// \}

} // namespace rtpsynth
