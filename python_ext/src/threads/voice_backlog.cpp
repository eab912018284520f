#include "threads/voice_backlog.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace rtpsynth::python {

using asio_server::audio_tick;
using asio_server::voice_event;

/// Makes room for more ticks. \return false if there is no memory
bool voice_backlog::grow(std::size_t samples) noexcept {
    const std::size_t wanted = std::min(std::max<std::size_t>(2 * ticks_.size(), 2), most_.ticks);
    try {
        std::vector<waiting_tick> ticks(wanted);
        std::vector<std::int16_t> pcm(wanted * samples);
        for (std::size_t i = 0; i != size_; ++i) {
            const std::size_t at = (first_ + i) % ticks_.size();
            ticks[i] = ticks_[at];
            std::copy_n(pcm_.data() + at * samples, samples, pcm.data() + i * samples);
        }
        ticks_.swap(ticks);
        pcm_.swap(pcm);
        first_ = 0;
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void voice_backlog::push(audio_tick tick, std::span<const std::int16_t> pcm) noexcept {
    tick.samples = pcm.size();
    if (size_ == ticks_.size() && (size_ >= most_.ticks || !grow(pcm.size()))) {
        ++audio_lost_;
        if (size_ == 0) { // there is no memory at all
            skipped_ += tick.skipped + 1;
            return;
        }
        const std::uint64_t missing = ticks_[first_].tick.skipped + 1;
        pop_tick();
        (size_ == 0 ? tick : ticks_[first_].tick).skipped += missing;
    }
    tick.skipped += std::exchange(skipped_, 0);
    const std::size_t at = (first_ + size_) % ticks_.size();
    ticks_[at] = {order_++, tick};
    std::copy(pcm.begin(), pcm.end(), pcm_.data() + at * pcm.size());
    ++size_;
}

void voice_backlog::push(const voice_event& event) noexcept {
    try {
        events_.push({order_++, event});
    } catch (const std::bad_alloc&) {
        ++events_lost_;
        return;
    }
    if (events_.size() <= most_.events) return;
    ++events_lost_;
    static_cast<void>(pop_event());
}

std::span<const std::int16_t> voice_backlog::first_pcm() const noexcept {
    const std::size_t samples = first_tick().samples;
    return std::span{pcm_}.subspan(first_ * samples, samples);
}

void voice_backlog::pop_tick() noexcept {
    first_ = (first_ + 1) % ticks_.size();
    --size_;
}

} // namespace rtpsynth::python
