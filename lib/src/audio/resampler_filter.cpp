#include "resampler_filter.hpp"

#include <cmath>
#include <numbers>
#include <numeric>

namespace rtpsynth::detail {
namespace {

// Pass band as a fraction of the lower Nyquist frequency, and attenuation in dB.
struct band {
    double pass;
    double attenuation;
};

constexpr band band_of(resampler_quality quality) noexcept {
    switch (quality) {
    case resampler_quality::low:
        return {0.8, 53};
    case resampler_quality::high:
        return {0.95, 93};
    case resampler_quality::standard:
        break;
    }
    return {0.9, 65};
}

// If there would be more positions, or more coefficients than a filter between nearly equal rates
// has, values are interpolated between positions. With 512 positions per sample of the lower rate,
// the error is 100 dB down.
constexpr std::uint32_t most_exact_phases = 1024;
constexpr std::size_t most_exact_coefficients = std::size_t{1} << 18;
constexpr std::uint32_t interpolated_phases = 512;

// The number of positions per input sample.
std::uint32_t interpolated_positions(std::uint32_t in_rate, std::uint32_t out_rate) noexcept {
    if (out_rate >= in_rate) return interpolated_phases;
    return (interpolated_phases * out_rate + in_rate - 1) / in_rate; // below 2^28
}

// The modified Bessel function of order 0, by its series.
double bessel_i0(double x) noexcept {
    const double quarter = x * x / 4;
    double sum = 1;
    double term = 1;
    for (double k = 1; term > sum * 1e-12; ++k) {
        term *= quarter / (k * k);
        sum += term;
    }
    return sum;
}

} // namespace

resampler_filter::resampler_filter(std::uint32_t in_rate, std::uint32_t out_rate,
                                   resampler_quality quality, const dot_kernel& kernel)
    : dot(kernel.dot) {
    const std::uint32_t common = std::gcd(in_rate, out_rate);
    in_step = in_rate / common;
    out_step = out_rate / common;
    whole_step = in_step / out_step;
    phase_step = in_step % out_step;
    slots = group_by_row(out_step);
    if (in_step == out_step) {
        taps = dot_lanes;
        delay = 0;
        phases = 1;
        rows.assign(taps, 0);
        rows.back() = 1;
        return;
    }

    // J. F. Kaiser's design. Frequencies are in cycles per sample of input.
    const band wanted = band_of(quality);
    const double nyquist = 0.5 * std::fmin(in_rate, out_rate) / in_rate;
    const double transition = (1 - wanted.pass) * nyquist;
    const double cutoff = nyquist - transition / 2;
    const double length = (wanted.attenuation - 7.95) / (14.36 * transition);
    const double beta = 0.1102 * (wanted.attenuation - 8.7);
    taps = static_cast<std::size_t>(std::ceil(length / dot_lanes)) * dot_lanes;
    delay = taps / 2;
    const bool exact = out_step <= most_exact_phases && out_step * taps <= most_exact_coefficients;
    phases = exact ? out_step : interpolated_positions(in_rate, out_rate);

    const auto half = static_cast<double>(delay);
    const auto impulse_response = [&](double t) {
        const double u = t / half;
        if (u <= -1 || u >= 1) return 0.0;
        const double x = 2 * cutoff * t * std::numbers::pi;
        const double sinc = x == 0 ? 1 : std::sin(x) / x;
        return sinc * bessel_i0(beta * std::sqrt(1 - u * u));
    };
    const std::size_t count = exact ? phases : phases + 1;
    rows.resize(count * taps);
    std::vector<double> row(taps);
    for (std::size_t phase = 0; phase < count; ++phase) {
        const double fraction = static_cast<double>(phase) / static_cast<double>(phases);
        for (std::size_t k = 0; k < taps; ++k)
            row[k] = impulse_response(fraction + half - 1 - static_cast<double>(k));
        // Make the gain of each row exactly 1 at 0 Hz. Otherwise a constant would get a tone at the
        // rate at which rows change.
        const double sum = std::accumulate(row.begin(), row.end(), 0.0);
        for (std::size_t k = 0; k < taps; ++k)
            rows[phase * taps + k] = static_cast<float>(row[k] / sum);
    }
}

} // namespace rtpsynth::detail
