#include "audio_queue.hpp"

#include "../audio/blend.hpp"
#include "../audio/pitch.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace rtpsynth::detail {
namespace {

// From a to b over \p n samples, into \p to, which may be one of them.
void cross_fade(const std::int16_t* a, const std::int16_t* b, std::int16_t* to,
                std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) {
        const float x = blend(static_cast<float>(a[i]), static_cast<float>(b[i]), share_of(i, n));
        to[i] = static_cast<std::int16_t>(x);
    }
}

} // namespace

bool audio_queue::reserve(std::size_t n) noexcept {
    if (first_ + n <= samples_.capacity()) return true;
    samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    if (n <= samples_.capacity()) return true;
    try {
        samples_.reserve(std::max(n, 2 * samples_.capacity()));
    } catch (const std::bad_alloc&) {
        return false;
    }
    return true;
}

std::span<std::int16_t> audio_queue::append(std::size_t n) noexcept {
    if (!reserve(size() + n)) return {};
    samples_.resize(samples_.size() + n);
    return std::span(samples_).last(n);
}

std::size_t audio_queue::take(std::span<std::int16_t> pcm) noexcept {
    const std::size_t n = std::min(pcm.size(), size());
    std::copy_n(samples_.begin() + static_cast<std::ptrdiff_t>(first_), n, pcm.begin());
    first_ += n;
    if (first_ == samples_.size()) clear();
    return n;
}

void audio_queue::clear() noexcept {
    samples_.clear();
    first_ = 0;
}

// The audio's last quarter, or 8 ms of it, is looked for at all lags before it.
audio_queue::repetition audio_queue::find(std::size_t shortest, std::size_t longest,
                                          std::size_t stride, float likeness) const noexcept {
    const std::size_t match = std::min(size() / 4, longest * 2 / 5) / stride * stride;
    longest = std::min(longest, size() - match);
    shortest = std::max(shortest, match); // so that what is blended does not overlap
    if (match < stride * 16 || shortest > longest) return {};
    const pitch_match found = find_pitch(all(), match, shortest, longest, stride);
    // Silence resembles everything.
    const auto end = all().last(match);
    const bool silent =
        std::all_of(end.begin(), end.end(), [](int x) { return -16 < x && x < 16; });
    if (found.likeness < likeness && !silent) return {};
    return {found.lag, match};
}

std::size_t audio_queue::shorten(std::size_t shortest, std::size_t longest, std::size_t stride,
                                 float likeness) noexcept {
    const auto [lag, match] = find(shortest, longest, stride, likeness);
    if (lag == 0) return 0;
    std::int16_t* const end = samples_.data() + samples_.size();
    cross_fade(end - match - lag, end - match, end - match - lag, match);
    samples_.resize(samples_.size() - lag);
    return lag;
}

std::size_t audio_queue::lengthen(std::size_t shortest, std::size_t longest, std::size_t stride,
                                  float likeness) noexcept {
    const auto [lag, match] = find(shortest, longest, stride, likeness);
    if (lag == 0) return 0;
    const std::span<std::int16_t> more = append(lag);
    if (more.empty()) return 0;
    // … p [match] becomes … p [match blended into what is a lag before] and what follows that.
    std::int16_t* const p = more.data() - match;
    const std::int16_t* const before = p - lag;
    // Behind the blend: before[match, match + lag), which ends where the audio ended.
    std::memmove(p + match, before + match, lag * sizeof *p);
    cross_fade(p, before, p, match);
    return lag;
}

} // namespace rtpsynth::detail
