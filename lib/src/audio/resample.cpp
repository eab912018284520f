#include <rtpsynth/audio/resample.hpp>

#include <rtpsynth/audio/detail/resample_kernels.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

// A fused multiply-add would round once where the definition rounds twice: lib/CMakeLists.txt
// therefore compiles the library with -ffp-contract=off.

namespace rtpsynth {
namespace {

std::int16_t load(const std::int16_t* p) noexcept {
    std::int16_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

void store(std::int16_t* p, std::int16_t v) noexcept { std::memcpy(p, &v, sizeof v); }

// value| < 2^31. Adding 1.5·2^52 rounds off the fraction, half to even, and leaves the integer in
// the lowest bits of the sum. This is one addition, while lrint may be a call.
std::int16_t round_half_even(double value) noexcept {
    constexpr double no_fraction = 6755399441055744.0;
    return static_cast<std::int16_t>(std::bit_cast<std::uint64_t>(value + no_fraction));
}

// A sample between two others needs no clipping: rounding is monotonic, and both are integers.
std::int16_t interpolate(double a, double b, double fraction) noexcept {
    return round_half_even(a + (b - a) * fraction);
}

// Output sample i, if its position is before the last input sample.
bool interpolate_at(const std::int16_t* in, std::size_t n, double in_rate, double out_rate,
                    std::size_t i, std::int16_t& sample) noexcept {
    // double(i)·in_rate is double(i·in_rate): both factors are exact below 2^53.
    const double position = static_cast<double>(static_cast<std::int64_t>(i)) * in_rate / out_rate;
    if (!(position < static_cast<double>(n - 1))) return false;
    const auto j = static_cast<std::int64_t>(position);
    const double fraction = position - static_cast<double>(j);
    sample = interpolate(load(in + j), load(in + j + 1), fraction);
    return true;
}

std::size_t interpolate_portable(const std::int16_t* in, std::size_t n, double in_rate,
                                 double out_rate, std::int16_t* out, std::size_t n_out) {
    std::int16_t sample = 0;
    std::size_t i = 0;
    for (; i < n_out && interpolate_at(in, n, in_rate, out_rate, i, sample); ++i)
        store(out + i, sample);
    return i;
}

constexpr detail::resample_kernel portable_kernel{"portable", interpolate_portable};

// Twice the rate: every other sample is the mean of its neighbours. a + (b - a)·0.5 is exact in
// double, so this is the definition in 16-bit integers, which vectorise eight or more at a time.
std::int16_t mean_half_even(std::int16_t a, std::int16_t b) noexcept {
    const int floor = (a & b) + ((a ^ b) >> 1);
    return static_cast<std::int16_t>(floor + (floor & (a ^ b) & 1));
}

void resample_double(const std::int16_t* in, std::size_t n, std::int16_t* out) noexcept {
    // A block of constant size in arrays that alias nothing: see g711.cpp.
    constexpr std::size_t block = 32;
    std::size_t i = 0;
    for (; n - i > block; i += block) {
        std::array<std::int16_t, block> a;
        std::array<std::int16_t, block> b;
        std::array<std::int16_t, 2 * block> to;
        std::memcpy(a.data(), in + i, sizeof a);
        std::memcpy(b.data(), in + i + 1, sizeof b);
        for (std::size_t k = 0; k < block; ++k) {
            to[2 * k] = a[k];
            to[2 * k + 1] = mean_half_even(a[k], b[k]);
        }
        std::memcpy(out + 2 * i, to.data(), sizeof to);
    }
    for (; i < n; ++i) {
        const std::int16_t a = load(in + i);
        store(out + 2 * i, a);
        store(out + 2 * i + 1, mean_half_even(a, load(in + std::min(i + 1, n - 1))));
    }
}

// For an integer ratio of the rates: every position is a whole number.
void decimate(const std::int16_t* in, std::size_t n, std::size_t step, std::int16_t* out,
              std::size_t n_out) noexcept {
    const std::size_t inside = std::min(n_out, (n - 1) / step + 1);
    for (std::size_t i = 0; i < inside; ++i) store(out + i, load(in + i * step));
    for (std::size_t i = inside; i < n_out; ++i) store(out + i, load(in + n - 1));
}

} // namespace

std::span<const detail::resample_kernel> detail::supported_resample_kernels() noexcept {
    static const resample_kernel* const avx2 = resample_avx2_kernel();
    static const std::array<resample_kernel, 2> all{portable_kernel,
                                                    avx2 ? *avx2 : portable_kernel};
    return std::span{all}.first(avx2 ? 2 : 1);
}

void detail::resample_any(const resample_kernel& kernel, const std::int16_t* in, std::size_t n,
                          std::uint32_t in_rate, std::uint32_t out_rate, std::int16_t* out,
                          std::size_t n_out) noexcept {
    std::size_t i = kernel.interpolate(in, n, in_rate, out_rate, out, n_out);
    std::int16_t sample = 0;
    for (; i < n_out && interpolate_at(in, n, in_rate, out_rate, i, sample); ++i)
        store(out + i, sample);
    for (; i < n_out; ++i) store(out + i, load(in + n - 1));
}

std::size_t resampled_size(std::size_t n, std::uint32_t in_rate, std::uint32_t out_rate) noexcept {
    if (n == 0 || in_rate == 0 || out_rate == 0) return 0;
    constexpr std::uint64_t largest = std::numeric_limits<std::size_t>::max();
    // In two parts, neither of which overflows: n = quotient·in_rate + remainder.
    const std::uint64_t quotient = n / in_rate;
    const std::uint64_t rest = n % in_rate * std::uint64_t{out_rate};
    if (quotient > largest / out_rate) return largest;
    const std::uint64_t whole = quotient * out_rate;
    std::uint64_t part = rest / in_rate;
    const std::uint64_t twice = 2 * (rest % in_rate);
    if (twice > in_rate || (twice == in_rate && (whole + part) % 2 == 1)) ++part;
    if (part > largest - whole) return largest;
    const std::uint64_t size = whole + part;
    return static_cast<std::size_t>(std::max<std::uint64_t>(size, 1));
}

result<std::size_t> resample_linear(std::span<const std::int16_t> in, std::uint32_t in_rate,
                                    std::uint32_t out_rate, std::span<std::int16_t> out) noexcept {
    if (in_rate == 0 || out_rate == 0) return errc::invalid_argument;
    const std::size_t size = resampled_size(in.size(), in_rate, out_rate);
    if (size > out.size()) return errc::buffer_too_small;
    if (size == 0) return size;
    if (in_rate == out_rate)
        std::memmove(out.data(), in.data(), size * sizeof(std::int16_t));
    else if (out_rate % 2 == 0 && out_rate / 2 == in_rate)
        resample_double(in.data(), in.size(), out.data());
    else if (in_rate % out_rate == 0)
        decimate(in.data(), in.size(), in_rate / out_rate, out.data(), size);
    else
        detail::resample_any(detail::supported_resample_kernels().back(), in.data(), in.size(),
                             in_rate, out_rate, out.data(), size);
    return size;
}

} // namespace rtpsynth
