#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include "blend.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>

namespace rtpsynth {
namespace {

using detail::blend;
using detail::extrapolator;
using detail::share_of;

std::uint32_t checked(std::uint32_t rate) {
    if (rate < packet_loss_concealer::min_rate || rate > packet_loss_concealer::max_rate)
        throw std::invalid_argument("rtpsynth::packet_loss_concealer: rate must be 8000..96000 Hz");
    return rate;
}

// x| <= 32768. Adding 1.5·2^23 rounds off the fraction: see resample.cpp.
std::int16_t to_sample(float x) noexcept {
    constexpr float no_fraction = 12582912.0F;
    return static_cast<std::int16_t>(std::bit_cast<std::uint32_t>(x + no_fraction));
}

} // namespace

packet_loss_concealer::packet_loss_concealer(std::uint32_t rate)
    : rate_(checked(rate)),
      past_(extrapolator::past_size(rate)),
      excitation_(extrapolator::longest_pitch(rate)) {}

void packet_loss_concealer::receive(std::span<std::int16_t> pcm) noexcept {
    if (pcm.empty()) return;
    for (std::int16_t& x : pcm) {
        if (fade_left_ == 0) break;
        const float share = share_of(fade_ - fade_left_--, fade_);
        x = to_sample(blend(continuation_.next(excitation_), static_cast<float>(x), share));
    }
    gap_ = 0;
    remember(pcm);
}

void packet_loss_concealer::conceal(std::span<std::int16_t> pcm) noexcept {
    fill(pcm);
    remember(pcm);
}

void packet_loss_concealer::conceal(std::span<std::int16_t> pcm,
                                    std::span<const std::int16_t> next) noexcept {
    fill(pcm);
    // A shorter gap has no room for the join: next is faded in.
    if (!next.empty() && pcm.size() >= rate_ / 200) {
        // The same backwards from next, with time reversed.
        std::array<std::int16_t, extrapolator::past_size(max_rate)> reversed{};
        std::array<float, extrapolator::longest_pitch(max_rate)> excitation;
        const std::size_t known = std::min(next.size(), past_.size());
        std::reverse_copy(next.begin(), next.begin() + static_cast<std::ptrdiff_t>(known),
                          reversed.begin() + static_cast<std::ptrdiff_t>(past_.size() - known));
        extrapolator backward;
        backward.start(std::span(reversed).first(past_.size()), rate_,
                       std::span(excitation).first(excitation_.size()));
        for (std::size_t i = pcm.size(); i-- > 0;)
            pcm[i] = to_sample(blend(static_cast<float>(pcm[i]), backward.next(excitation),
                                     share_of(i, pcm.size())));
        gap_ = fade_left_ = 0;
    }
    remember(pcm);
}

void packet_loss_concealer::interrupt() noexcept {
    if (gap_ == 0) continuation_.start(past_, rate_, excitation_);
    begin_fade();
}

void packet_loss_concealer::reset() noexcept {
    std::fill(past_.begin(), past_.end(), std::int16_t{0});
    gap_ = fade_left_ = 0;
}

void packet_loss_concealer::fill(std::span<std::int16_t> pcm) noexcept {
    if (pcm.empty()) return;
    if (gap_ == 0) continuation_.start(past_, rate_, excitation_);
    for (std::int16_t& x : pcm) x = to_sample(continuation_.next(excitation_));
    gap_ = std::min(gap_ + pcm.size(), std::size_t{rate_});
    begin_fade();
}

// 5 ms, and 1 ms more for every 8 ms of the gap, up to 10 ms.
void packet_loss_concealer::begin_fade() noexcept {
    fade_ = fade_left_ = std::min(rate_ / 200 + gap_ / 8, std::size_t{rate_} / 100);
}

void packet_loss_concealer::remember(std::span<const std::int16_t> pcm) noexcept {
    const std::size_t n = std::min(pcm.size(), past_.size());
    std::copy(past_.begin() + static_cast<std::ptrdiff_t>(n), past_.end(), past_.begin());
    std::copy(pcm.end() - static_cast<std::ptrdiff_t>(n), pcm.end(),
              past_.end() - static_cast<std::ptrdiff_t>(n));
}

} // namespace rtpsynth
