#include <rtpsynth/audio/resampler.hpp>

#include "resampler_filter.hpp"

#include <algorithm>
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

std::int16_t rounded(float sample) noexcept {
    const float inside = std::clamp(sample, -32768.0F, 32767.0F);
    return static_cast<std::int16_t>(inside + (inside < 0 ? -0.5F : 0.5F));
}

} // namespace

resampler::resampler(std::uint32_t in_rate, std::uint32_t out_rate, resampler_quality quality)
    : in_rate_(in_rate), out_rate_(out_rate) {
    check_rate("in_rate", in_rate);
    check_rate("out_rate", out_rate);
    filter_ = std::make_shared<const detail::resampler_filter>(in_rate, out_rate, quality);
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
    for (std::size_t i = 0; i < n; ++i) fresh[i] = in ? static_cast<float>(in[i]) : 0.0F;
    const bool exact = filter.phases == filter.out_step;
    std::size_t made = 0;
    while (next_ < n) {
        const float* const samples = window_.data() + next_;
        float value;
        if (exact) {
            value = detail::dot(samples, filter.row(phase_), filter.taps);
        } else {
            const std::uint64_t position = std::uint64_t{phase_} * filter.phases;
            const std::size_t row = static_cast<std::size_t>(position / filter.out_step);
            const float part = static_cast<float>(position % filter.out_step) /
                               static_cast<float>(filter.out_step);
            const float before = detail::dot(samples, filter.row(row), filter.taps);
            const float after = detail::dot(samples, filter.row(row + 1), filter.taps);
            value = before + (after - before) * part;
        }
        out[made++] = rounded(value);
        const std::uint32_t steps = phase_ + filter.in_step; // both are below 2^19
        next_ += steps / filter.out_step;
        phase_ = steps % filter.out_step;
    }
    next_ -= n;
    std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(n), filter.taps - 1, window_.begin());
    return made;
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
