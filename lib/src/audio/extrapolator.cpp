#include <rtpsynth/audio/detail/extrapolator.hpp>

#include "pitch.hpp"

#include <algorithm>
#include <cmath>

namespace rtpsynth::detail {
namespace {

constexpr std::size_t order = extrapolator::order;
using coefficients = std::array<double, order + 1>;

// Rises over 4/5 of \p size samples and falls over the rest, by parabolas, so that the latest audio
// has the most weight.
float window(std::size_t i, std::size_t size) noexcept {
    const std::size_t rise = size / 5 * 4;
    if (i < rise) {
        const float x = (static_cast<float>(i) + 0.5F) / static_cast<float>(rise);
        return x * (2 - x);
    }
    const float x = (static_cast<float>(i - rise) + 0.5F) / static_cast<float>(size - rise);
    return 1 - x * x;
}

coefficients autocorrelation(std::span<const std::int16_t> audio) noexcept {
    // A lane for each of the lags 1 to 16: see pitch.cpp.
    std::array<float, order> lane{};
    std::array<float, 2 * order> ring{};
    float square = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < audio.size(); ++i) {
        const float x = static_cast<float>(audio[i]) * window(i, audio.size());
        const float* const before = ring.data() + at; // the 16 samples before, the oldest first
        for (std::size_t k = 0; k < order; ++k) lane[k] += x * before[k];
        square += x * x;
        ring[at] = ring[at + order] = x;
        at = (at + 1) % order;
    }
    coefficients r;
    r[0] = double{square};
    for (std::size_t k = 0; k < order; ++k) r[order - k] = double{lane[k]};
    return r;
}

// Levinson-Durbin recursion: the prediction error filter for autocorrelations \p r; its first
// coefficient is 1. Noise 40 dB below the audio is assumed, so that the filter is stable in spite
// of rounding; where it would not be, the recursion ends.
coefficients error_filter(const coefficients& r) noexcept {
    coefficients a{1};
    double error = r[0] * 1.0001 + 1;
    for (std::size_t i = 1; i <= order; ++i) {
        double k = r[i];
        for (std::size_t j = 1; j < i; ++j) k += a[j] * r[i - j];
        k /= -error;
        if (!(std::abs(k) < 1)) break;
        const coefficients before = a;
        for (std::size_t j = 1; j < i; ++j) a[j] = before[j] + k * before[i - j];
        a[i] = k;
        error *= 1 - k * k;
    }
    return a;
}

// Σ a[i]·b[i], in four sums.
float dot(const float* a, const float* b) noexcept {
    std::array<float, 4> sum{};
    for (std::size_t i = 0; i < order; i += 4)
        for (std::size_t k = 0; k < 4; ++k) sum[k] += a[i + k] * b[i + k];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

} // namespace

void extrapolator::start(std::span<const std::int16_t> past, std::uint32_t rate,
                         std::span<float> excitation) noexcept {
    const std::size_t stride = std::max<std::size_t>(rate / 8000, 1);
    const pitch_match match =
        find_pitch(past, match_size(rate), rate / 400, longest_pitch(rate), stride);
    const coefficients a = error_filter(autocorrelation(past.last(rate / 50)));
    for (std::size_t j = 1; j <= order; ++j) predictor_[order - j] = static_cast<float>(a[j]);

    // The prediction residual. Repeat noise more quietly than periodic audio: the period of
    // repeated noise would be audible.
    period_ = match.lag;
    const float share = std::clamp((match.likeness - 0.2F) * 2, 0.5F, 1.0F);
    const std::size_t begin = past.size() - period_;
    std::array<float, order> before;
    for (std::size_t k = 0; k < order; ++k) before[k] = static_cast<float>(past[begin - order + k]);
    std::copy(before.begin(), before.end(), made_.begin());
    std::copy(before.begin(), before.end(), made_.begin() + order);
    ring_ = 0;
    for (std::size_t i = 0; i < period_; ++i) {
        const float x = static_cast<float>(past[begin + i]);
        excitation[i] = share * (x + dot(predictor_.data(), made_.data() + ring_));
        made_[ring_] = made_[ring_ + order] = x;
        ring_ = (ring_ + 1) % order;
    }
    phase_ = 0;
    gain_ = 1;
    slope_ = 25.0F / static_cast<float>(rate);
}

float extrapolator::next(std::span<const float> excitation) noexcept {
    if (gain_ <= 0) return 0;
    const float x = std::clamp(excitation[phase_] - dot(predictor_.data(), made_.data() + ring_),
                               -32768.0F, 32767.0F);
    made_[ring_] = made_[ring_ + order] = x;
    ring_ = (ring_ + 1) % order;
    if (++phase_ == period_) phase_ = 0;
    const float faded = gain_ * x;
    // Gain: from 1 to 1/2 in 20 ms, to 0 in another 40 ms.
    gain_ -= gain_ > 0.5F ? slope_ : slope_ / 2;
    return faded;
}

} // namespace rtpsynth::detail
