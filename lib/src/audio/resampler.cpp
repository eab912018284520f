#include <rtpsynth/audio/resampler.hpp>

#include "resampler_filter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

namespace rtpsynth {
namespace {

constexpr std::size_t input_at_once = 512;

void check_rate(const char* name, std::uint32_t rate) {
    if (rate < resampler::lowest_rate || rate > resampler::highest_rate)
        throw std::invalid_argument(std::string("resampler: ") + name + " is " +
                                    std::to_string(rate) + " and not in 4000..384000");
}

using detail::output_at_once;
using output_block = std::array<float, output_at_once>;

// Compilers vectorise loops of constant size over local arrays, which alias nothing.
void round_to(std::int16_t* out, const output_block& values, std::size_t n) noexcept {
    std::array<std::int16_t, output_at_once> samples;
    for (std::size_t i = 0; i < output_at_once; ++i) {
        const float value = values[i];
        const auto whole = static_cast<std::int32_t>(value + std::copysign(0.5F, value));
        samples[i] = static_cast<std::int16_t>(std::clamp<std::int32_t>(whole, -32768, 32767));
    }
    std::memcpy(out, samples.data(), n * sizeof samples[0]);
}

void to_float(const std::int16_t* in, std::size_t n, float* out) noexcept {
    constexpr std::size_t chunk = 32;
    std::size_t i = 0;
    for (; n - i >= chunk; i += chunk) {
        std::array<std::int16_t, chunk> from;
        std::array<float, chunk> to;
        std::memcpy(from.data(), in + i, sizeof from);
        for (std::size_t k = 0; k < chunk; ++k) to[k] = static_cast<float>(from[k]);
        std::memcpy(out + i, to.data(), sizeof to);
    }
    for (; i < n; ++i) out[i] = static_cast<float>(in[i]);
}

// The position of an output sample, which advances without a division.
struct output_position {
    std::size_t whole;   // samples of input
    std::uint32_t phase; // and units of 1/out_step samples

    void advance(const detail::resampler_filter& filter) noexcept {
        whole += filter.whole_step;
        phase += filter.phase_step;
        if (phase < filter.out_step) return;
        phase -= filter.out_step;
        ++whole;
    }
};

// A block of output samples: what to compute, and their values.
struct output_work {
    std::array<detail::dot_pair, output_at_once> pairs{};
    output_block values{};
};

void filter_exactly(const detail::resampler_filter& filter, const float* samples,
                    output_position& at, std::size_t count, output_work& work) noexcept {
    // Of a part of a block, neighbours may have distinct rows.
    static constexpr auto as_they_are = detail::group_by_row(1);
    const auto& slots = count == output_at_once ? filter.slots : as_they_are;
    for (std::size_t i = 0; i < count; ++i, at.advance(filter))
        work.pairs[slots[i]] = {samples + at.whole, filter.row(at.phase)};
    output_block sums;
    filter.dot(work.pairs.data(), count, filter.taps, sums.data());
    for (std::size_t i = 0; i < count; ++i) work.values[i] = sums[slots[i]];
}

void filter_between_rows(const detail::resampler_filter& filter, const float* samples,
                         output_position& at, std::size_t count, output_work& work) noexcept {
    output_block parts;
    for (std::size_t i = 0; i < count; ++i, at.advance(filter)) {
        const std::uint32_t position = at.phase * filter.phases; // below 2^19 · 2^9
        work.pairs[i] = {samples + at.whole, filter.row(position / filter.out_step)};
        parts[i] =
            static_cast<float>(position % filter.out_step) / static_cast<float>(filter.out_step);
    }
    output_block before;
    output_block after;
    filter.dot(work.pairs.data(), count, filter.taps, before.data());
    for (std::size_t i = 0; i < count; ++i) work.pairs[i].b += filter.taps;
    filter.dot(work.pairs.data(), count, filter.taps, after.data());
    for (std::size_t i = 0; i < count; ++i)
        work.values[i] = before[i] + (after[i] - before[i]) * parts[i];
}

} // namespace

resampler::resampler(std::uint32_t in_rate, std::uint32_t out_rate, resampler_quality quality)
    : resampler(in_rate, out_rate, quality, detail::supported_dot_kernels().back()) {}

resampler::resampler(std::uint32_t in_rate, std::uint32_t out_rate, resampler_quality quality,
                     const detail::dot_kernel& kernel)
    : in_rate_(in_rate), out_rate_(out_rate) {
    check_rate("in_rate", in_rate);
    check_rate("out_rate", out_rate);
    filter_ = std::make_shared<const detail::resampler_filter>(in_rate, out_rate, quality, kernel);
    window_.assign(filter_->taps - 1 + input_at_once, 0);
}

std::size_t resampler::output_size(std::size_t samples) const noexcept {
    if (samples <= next_) return 0;
    // ceil((n·out_step - phase) / in_step), in parts that do not overflow.
    const std::uint64_t n = samples - next_;
    const std::uint64_t in_step = filter_->in_step;
    const std::uint64_t out_step = filter_->out_step;
    if (n / in_step >= std::numeric_limits<std::size_t>::max() / out_step)
        return std::numeric_limits<std::size_t>::max();
    const std::uint64_t whole = n / in_step * out_step;
    const std::uint64_t rest = n % in_step * out_step + in_step - 1;
    // Subtract the phase, which is less than out_step, from `rest`, or else from `whole`.
    return static_cast<std::size_t>(rest >= phase_
                                        ? whole + (rest - phase_) / in_step
                                        : whole - (phase_ - rest + in_step - 1) / in_step);
}

std::size_t resampler::process_block(const std::int16_t* in, std::size_t n,
                                     std::int16_t* out) noexcept {
    const detail::resampler_filter& filter = *filter_;
    float* const fresh = window_.data() + filter.taps - 1;
    if (in)
        to_float(in, n, fresh);
    else
        std::fill_n(fresh, n, 0.0F);
    const auto filter_block =
        filter.phases == filter.out_step ? filter_exactly : filter_between_rows;
    const std::size_t size = output_size(n);
    output_position at{next_, phase_};
    output_work work;
    for (std::size_t made = 0; made < size; made += output_at_once) {
        const std::size_t count = std::min(size - made, output_at_once);
        filter_block(filter, window_.data(), at, count, work);
        round_to(out + made, work.values, count);
    }
    next_ = at.whole - n;
    phase_ = at.phase;
    std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(n), filter.taps - 1, window_.begin());
    return size;
}

result<std::size_t> resampler::process(std::span<const std::int16_t> in,
                                       std::span<std::int16_t> out) noexcept {
    const std::size_t size = output_size(in.size());
    if (out.size() < size) return errc::buffer_too_small;
    std::size_t made = 0;
    for (std::size_t at = 0; at < in.size(); at += input_at_once)
        made += process_block(in.data() + at, std::min(input_at_once, in.size() - at),
                              out.data() + made);
    return made;
}

result<std::size_t> resampler::flush(std::span<std::int16_t> out) noexcept {
    const std::size_t size = flush_size();
    if (out.size() < size) return errc::buffer_too_small;
    std::size_t made = 0;
    for (std::size_t at = 0; at < delay_samples(); at += input_at_once)
        made += process_block(nullptr, std::min(input_at_once, delay_samples() - at),
                              out.data() + made);
    reset();
    return made;
}

void resampler::reset() noexcept {
    std::fill(window_.begin(), window_.end(), 0.0F);
    next_ = 0;
    phase_ = 0;
}

std::size_t resampler::delay_samples() const noexcept { return filter_->delay; }

} // namespace rtpsynth
