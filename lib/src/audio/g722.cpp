// ITU-T G.722, clauses 3 to 6. Comments use the recommendation's variable names. Its values are
// 16-bit integers; here they have 32 bits and are saturated where the recommendation says so.
#include <rtpsynth/audio/g722.hpp>

#include "g722_tables.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace rtpsynth {

using namespace detail::g722;

namespace {

std::int32_t saturate(std::int32_t x) noexcept { return std::clamp(x, -32768, 32767); }

// LIMIT: signals of a band have 15 bits.
std::int32_t limit(std::int32_t x) noexcept { return std::clamp(x, -16384, 16383); }

// -1 or 0, as the recommendation's SHIFT right by 15 gives it.
std::int32_t sign(std::int32_t x) noexcept { return x >> 31; }

// Counts how many of the ascending numbers t[i]·step >> 12 are at most `magnitude`. Without
// branches, which would be unpredictable.
template <std::size_t n>
std::size_t count_reached(const std::array<std::int16_t, n>& t, std::int32_t step,
                          std::int32_t magnitude) noexcept {
    static_assert((n & (n + 1)) == 0, "a power of two, less one");
    const std::int32_t below = (magnitude + 1) << 12;
    std::size_t at = 0;
    for (std::size_t half = (n + 1) / 2; half != 0; half /= 2)
        at += t[at + half - 1] * step < below ? half : 0;
    return at;
}

// A new quantiser step (LOGSCL, SCALEL and their counterparts of the higher band).
void adapt_step(detail::g722_band& band, std::int32_t weight, std::int32_t largest,
                std::int32_t shift) noexcept {
    band.log_step = std::clamp((band.log_step * 127 >> 7) + weight, 0, largest);
    const std::int32_t down = shift - (band.log_step >> 11);
    const std::int32_t mantissa = inverse_log[static_cast<std::size_t>(band.log_step >> 6 & 31)];
    band.quantiser_step = (down < 0 ? mantissa << -down : mantissa >> down) << 2;
}

// QUANTL and the adaptation of the lower band: the code of 6 bits for a sample.
std::uint32_t encode_low(detail::g722_band& band, std::int32_t sample) noexcept {
    const std::int32_t error = saturate(sample - band.prediction);
    const std::size_t level =
        count_reached(low_decisions, band.quantiser_step, error ^ sign(error));
    const std::uint32_t code = error < 0 ? low_negative[level] : low_positive[level];
    const std::uint32_t coarse = code >> 2;
    const std::int32_t difference = band.quantiser_step * low_inverse_4[coarse] >> 15;
    adapt_step(band, low_weights[coarse], 18432, 8);
    band.advance(difference);
    return code;
}

void advance_high(detail::g722_band& band, std::uint32_t code) noexcept {
    const std::int32_t difference = band.quantiser_step * high_inverse[code] >> 15;
    adapt_step(band, high_weights[code], 22528, 10);
    band.advance(difference);
}

// QUANTH and the adaptation of the higher band: the code of 2 bits.
std::uint32_t encode_high(detail::g722_band& band, std::int32_t sample) noexcept {
    const std::int32_t error = saturate(sample - band.prediction);
    const bool far = (error ^ sign(error)) >= high_decision * band.quantiser_step >> 12;
    const std::uint32_t code = (error < 0 ? 1U : 3U) - (far ? 1U : 0U);
    advance_high(band, code);
    return code;
}

} // namespace

void detail::g722_band::advance(std::int32_t difference) noexcept {
    const std::int32_t r0 = saturate(prediction + difference);
    const std::int32_t p0 = saturate(zero_part + difference);

    // UPPOL2, UPPOL1
    const bool agrees_1 = sign(p0) == sign(partial[0]);
    const bool agrees_2 = sign(p0) == sign(partial[1]);
    const std::int32_t a1_times_4 = saturate(pole[0] * 4);
    const std::int32_t towards = agrees_1 ? std::min(-a1_times_4, 32767) : a1_times_4;
    const std::int32_t a2 = std::clamp(
        (agrees_2 ? 128 : -128) + (towards >> 7) + (pole[1] * 32512 >> 15), -12288, 12288);
    const std::int32_t most = 15360 - a2;
    const std::int32_t a1 =
        std::clamp((agrees_1 ? 192 : -192) + (pole[0] * 32640 >> 15), -most, most);

    // UPZERO, then FILTEZ with the new coefficients and the differences shifted by one sample.
    const std::int32_t gain = difference == 0 ? 0 : 128;
    const std::int32_t sign_0 = sign(difference);
    std::array<std::int32_t, 6> products;
    std::int32_t newest = difference;
    for (std::size_t i = 0; i < zero.size(); ++i) {
        const std::int32_t flip = sign_0 ^ sign(differences[i]);
        const std::int32_t b = ((gain ^ flip) - flip) + (zero[i] * 32640 >> 15);
        zero[i] = b;
        products[i] = b * saturate(2 * newest) >> 15;
        newest = std::exchange(differences[i], newest);
    }
    std::int32_t sz = products[5];
    for (std::size_t i = 5; i-- > 0;) sz = saturate(sz + products[i]);

    // FILTEP, PREDIC
    const std::int32_t sp =
        saturate((a1 * saturate(2 * r0) >> 15) + (a2 * saturate(2 * reconstructed[0]) >> 15));
    pole = {a1, a2};
    partial = {p0, partial[0]};
    reconstructed = {r0, reconstructed[0]};
    zero_part = sz;
    prediction = saturate(sp + sz);
}

result<std::size_t> g722_encoder::encode(std::span<const std::int16_t> pcm,
                                         std::span<std::uint8_t> codes) noexcept {
    if (pcm.size() % 2 != 0) return errc::bad_frame_size;
    const std::size_t size = pcm.size() / 2;
    if (codes.size() < size) return errc::buffer_too_small;

    constexpr std::size_t block = 320;
    std::array<std::int16_t, 22 + block> window;
    std::copy(history_.begin(), history_.end(), window.begin());
    for (std::size_t done = 0; done < pcm.size();) {
        const auto in = pcm.subspan(done, std::min(block, pcm.size() - done));
        std::copy(in.begin(), in.end(), window.begin() + 22);
        for (std::size_t i = 0; i < in.size(); i += 2) {
            // Transmit QMF
            std::int32_t low = 0;
            std::int32_t high = 0;
            for (std::size_t k = 0; k < qmf.size(); ++k) low += window[i + k] * qmf[k];
            for (std::size_t k = 0; k < qmf.size(); ++k) high += window[i + k] * qmf_alternating[k];
            const std::uint32_t low_code = encode_low(low_, limit(low >> 14));
            const std::uint32_t high_code = encode_high(high_, limit(high >> 14));
            codes[(done + i) / 2] = static_cast<std::uint8_t>(high_code << 6 | low_code);
        }
        std::copy_n(window.begin() + static_cast<std::ptrdiff_t>(in.size()), 22, window.begin());
        done += in.size();
    }
    std::copy_n(window.begin(), 22, history_.begin());
    return size;
}

g722_decoder::g722_decoder(unsigned bits) : unused_bits_(8 - bits) {
    if (bits < 6 || bits > 8)
        throw std::invalid_argument("g722_decoder: bits is " + std::to_string(bits) +
                                    " and not in 6..8");
}

result<std::size_t> g722_decoder::decode(std::span<const std::uint8_t> codes,
                                         std::span<std::int16_t> pcm) noexcept {
    if (pcm.size() / 2 < codes.size()) return errc::buffer_too_small;
    const std::int16_t* const inverse = unused_bits_ == 0   ? low_inverse_6.data()
                                        : unused_bits_ == 1 ? low_inverse_5.data()
                                                            : low_inverse_4.data();
    constexpr std::size_t block = 160;
    std::array<std::int16_t, 11 + block> sums;
    std::array<std::int16_t, 11 + block> differences;
    std::copy(sums_.begin(), sums_.end(), sums.begin());
    std::copy(differences_.begin(), differences_.end(), differences.begin());
    for (std::size_t done = 0; done < codes.size();) {
        const auto in = codes.subspan(done, std::min(block, codes.size() - done));
        for (std::size_t i = 0; i < in.size(); ++i) {
            const std::uint32_t low_code = in[i] & 0x3fU;
            const std::uint32_t high_code = in[i] >> 6;
            const std::uint32_t coarse = low_code >> 2;
            const std::int32_t fine = low_.quantiser_step * inverse[low_code >> unused_bits_] >> 15;
            const std::int32_t low = limit(low_.prediction + fine);
            const std::int32_t difference = low_.quantiser_step * low_inverse_4[coarse] >> 15;
            adapt_step(low_, low_weights[coarse], 18432, 8);
            low_.advance(difference);
            const std::int32_t high =
                limit(high_.prediction + (high_.quantiser_step * high_inverse[high_code] >> 15));
            advance_high(high_, high_code);

            // Receive QMF
            sums[11 + i] = static_cast<std::int16_t>(low + high);
            differences[11 + i] = static_cast<std::int16_t>(low - high);
            std::int32_t first = 0;
            std::int32_t second = 0;
            for (std::size_t k = 0; k < 12; ++k) first += differences[i + k] * qmf_odd[k];
            for (std::size_t k = 0; k < 12; ++k) second += sums[i + k] * qmf_even[k];
            pcm[2 * (done + i)] = static_cast<std::int16_t>(saturate(first >> 11));
            pcm[2 * (done + i) + 1] = static_cast<std::int16_t>(saturate(second >> 11));
        }
        const auto last = static_cast<std::ptrdiff_t>(in.size());
        std::copy_n(sums.begin() + last, 11, sums.begin());
        std::copy_n(differences.begin() + last, 11, differences.begin());
        done += in.size();
    }
    std::copy_n(sums.begin(), 11, sums_.begin());
    std::copy_n(differences.begin(), 11, differences_.begin());
    return 2 * codes.size();
}

} // namespace rtpsynth
