#include "pitch.hpp"

#include <rtpsynth/base/compiler.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace rtpsynth::detail {
namespace {

// Four floats. From a loop over an array of them, GCC makes shuffles.
#ifdef __GNUC__
using quad = float __attribute__((vector_size(16)));
#else
struct quad {
    float x[4];
    friend quad operator*(float a, quad b) noexcept {
        for (float& x : b.x) x *= a;
        return b;
    }
    quad& operator+=(const quad& b) noexcept {
        for (int i = 0; i < 4; ++i) x[i] += b.x[i];
        return *this;
    }
};
#endif

quad quad_at(const float* from) noexcept {
    quad q;
    std::memcpy(&q, from, sizeof q);
    return q;
}

// Lags are compared in blocks, one lag per lane. Sums are made in the same order on every
// processor.
constexpr std::size_t lanes = 16;
// 28 ms below 16 kHz, plus padding to full blocks.
constexpr std::size_t max_samples = 448 + 2 * lanes;

using samples = std::array<float, max_samples>;

// The correlations of audio[end - size, end) with the samples lag + lanes - 1, …, lag earlier. A
// function of its own, so that it has all registers.
RTPSYNTH_NOINLINE void correlate(const float* end, std::size_t size, std::size_t lag,
                                 std::array<float, lanes>& sums) noexcept {
    quad a{}, b{}, c{}, d{};
    const float* now = end - size;
    const float* then = now - lag - (lanes - 1);
    for (std::size_t i = 0; i < size; ++i) {
        a += now[i] * quad_at(then + i);
        b += now[i] * quad_at(then + i + 4);
        c += now[i] * quad_at(then + i + 8);
        d += now[i] * quad_at(then + i + 12);
    }
    const std::array<quad, 4> sum{a, b, c, d};
    static_assert(sizeof sum == sizeof sums);
    std::memcpy(&sums, &sum, sizeof sums);
}

double energy(const float* end, std::size_t size) noexcept {
    double sum = 0; // whole numbers: exact
    for (const float* p = end - size; p != end; ++p) sum += double{*p} * double{*p};
    return sum;
}

// Compares the last \p size samples before \p end; \p before samples are readable there.
pitch_match search(const float* end, std::size_t size, std::size_t shortest,
                   std::size_t longest) noexcept {
    const double own = energy(end, size);
    double then = energy(end - shortest, size);
    std::size_t best = shortest;
    // The best match: its squared correlation, with the correlation's sign, and the energy at its
    // lag. Comparing these needs no root and no division, which would take longer than all the
    // rest.
    double best_square = 0;
    double best_then = 1;
    std::array<float, lanes> sums;
    for (std::size_t lag = shortest; lag <= longest; ++lag) {
        const std::size_t lane = (lag - shortest) % lanes;
        if (lane == 0) correlate(end, size, lag, sums);
        const double sum = double{sums[lanes - 1 - lane]};
        const double square = sum * std::abs(sum);
        if (then > 0 && (square * best_then > best_square * then || lag == shortest)) {
            best = lag;
            best_square = square;
            best_then = then;
        }
        const double newest = double{end[-static_cast<std::ptrdiff_t>(lag) - 1]};
        const double oldest = double{end[-static_cast<std::ptrdiff_t>(lag + size) - 1]};
        then += oldest * oldest - newest * newest;
    }
    if (!(own > 0)) return {shortest, 0};
    const double likeness = std::sqrt(std::abs(best_square) / (own * best_then));
    return {best, static_cast<float>(std::copysign(likeness, best_square))};
}

} // namespace

pitch_match find_pitch(std::span<const std::int16_t> audio, std::size_t size, std::size_t shortest,
                       std::size_t longest, std::size_t stride) noexcept {
    // The samples, or sums of `stride` of them, at the end of an array that begins with silence.
    samples taken{};
    const std::size_t count = std::min((longest + size) / stride, max_samples - 2 * lanes);
    const std::int16_t* from = audio.data() + audio.size() - count * stride;
    float* to = taken.data() + taken.size() - count;
    for (std::size_t i = 0; i < count; ++i) {
        int sum = 0;
        for (std::size_t k = 0; k < stride; ++k) sum += *from++;
        to[i] = static_cast<float>(sum);
    }
    const float* const end = taken.data() + taken.size();
    const std::size_t coarse_size = size / stride;
    pitch_match best = search(end, coarse_size, std::max<std::size_t>(shortest / stride, 1),
                              std::min(longest / stride, count - coarse_size));
    if (stride == 1) return best;

    // Search again at the full rate, around the lag that was found.
    const std::size_t centre = best.lag * stride;
    double top = -1;
    const std::int16_t* const now = audio.data() + audio.size() - size;
    for (std::size_t lag = std::max(centre, shortest + stride) - stride;
         lag <= std::min(centre + stride, longest); ++lag) {
        const std::int16_t* const then = now - lag;
        std::int64_t product = 0;
        std::int64_t square = 1;
        for (std::size_t i = 0; i < size; ++i) {
            product += std::int64_t{now[i]} * then[i];
            square += std::int64_t{then[i]} * then[i];
        }
        const double score = static_cast<double>(product) / std::sqrt(static_cast<double>(square));
        if (score > top || top < 0) {
            top = score;
            best.lag = lag;
        }
    }
    return best;
}

} // namespace rtpsynth::detail
