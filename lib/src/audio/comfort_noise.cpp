#include <rtpsynth/audio/comfort_noise.hpp>

#include <algorithm>
#include <cmath>

namespace rtpsynth {
namespace {

constexpr std::uint8_t silent = 127;
constexpr double full_scale = 32768;

// Rounds by a cast, which is an instruction; std::round is a call. The sum is not negative.
std::int16_t to_sample(double value) noexcept {
    const double clipped = std::clamp(value, -full_scale, full_scale - 1);
    const double shifted = clipped + (full_scale + 0.5);
    return static_cast<std::int16_t>(static_cast<int>(shifted) - 32768);
}

} // namespace

result<comfort_noise> comfort_noise::parse(std::span<const std::uint8_t> payload) noexcept {
    if (payload.empty()) return errc::packet_too_short;
    comfort_noise noise;
    noise.level = payload[0] & 0x7f;
    noise.order = static_cast<std::uint8_t>(std::min(payload.size() - 1, max_order));
    std::copy_n(payload.begin() + 1, noise.order, noise.coefficients.begin());
    return noise;
}

result<std::size_t> comfort_noise::store(std::span<std::uint8_t> out) const noexcept {
    if (level > silent || order > max_order) return errc::invalid_argument;
    const std::size_t size = std::size_t{1} + order;
    if (out.size() < size) return errc::buffer_too_small;
    out[0] = level;
    std::copy_n(coefficients.begin(), order, out.begin() + 1);
    return size;
}

std::uint8_t noise_level(std::span<const std::int16_t> pcm) noexcept {
    double power = 0;
    for (const double sample : pcm) power += sample * sample;
    if (power == 0) return silent;
    const double rms = std::sqrt(power / static_cast<double>(pcm.size()));
    const double level = std::round(-20 * std::log10(rms / full_scale));
    return static_cast<std::uint8_t>(std::clamp(level, 0.0, double{silent}));
}

comfort_noise_generator::comfort_noise_generator(std::uint64_t seed) noexcept : random_(seed) {}

void comfort_noise_generator::set(const comfort_noise& noise) noexcept {
    scale_ = noise.level >= silent ? 0 : full_scale * std::pow(10, -noise.level / 20.0);
    const auto order = std::min<std::size_t>(noise.order, comfort_noise::max_order);
    for (std::size_t i = order_; i < order; ++i) state_[i + 1] = 0;
    order_ = order;
    for (std::size_t i = 0; i < order; ++i) {
        // 255 would be more than 1, which no filter is stable with.
        k_[i] = 258.0 * (std::min<int>(noise.coefficients[i], 254) - 127) / 32768;
        c_[i] = std::sqrt(1 - k_[i] * k_[i]);
    }
}

// Nearly normal, with a variance of 1: the sum of four uniform numbers, from one number
// of the sequence.
double comfort_noise_generator::white() noexcept {
    std::uint64_t bits = random_.bits();
    int sum = 0;
    for (int i = 0; i < 4; ++i, bits >>= 16) sum += static_cast<int>(bits & 0xffff);
    constexpr double mean = 4 * 65535 / 2.0;
    constexpr double deviation = 37837.2; // sqrt(4 * (65536^2 - 1) / 12)
    return (sum - mean) / deviation;
}

// A normalized lattice: each section turns the pair of waves in it by an angle, so that the noise
// keeps its power, and none can grow when the coefficients change.
void comfort_noise_generator::generate(std::span<std::int16_t> pcm) noexcept {
    for (std::int16_t& sample : pcm) {
        double forward = white();
        for (std::size_t i = order_; i-- > 0;) {
            const double backward = state_[i];
            state_[i + 1] = k_[i] * forward + c_[i] * backward;
            forward = c_[i] * forward - k_[i] * backward;
        }
        state_[0] = forward;
        sample = to_sample(forward * scale_);
    }
}

} // namespace rtpsynth
