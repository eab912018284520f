// Joins pieces of audio that do not continue each other without an audible step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace rtpsynth::detail {

// Output audio passes through this. After cut(), the difference between the last sample before and
// the first one after the cut is added to the following samples, and fades to 0.
class level_join {
public:
    explicit level_join(std::uint32_t rate) noexcept { set_rate(rate); }

    // Fades last for 5 ms.
    void set_rate(std::uint32_t rate) noexcept {
        length_ = static_cast<int>(rate / 200);
        left_ = 0;
        is_cut_ = true;
    }

    void cut() noexcept { is_cut_ = true; }

    void pass(std::span<std::int16_t> pcm) noexcept {
        if (pcm.empty()) return;
        if (is_cut_) {
            is_cut_ = false;
            offset_ = last_ - pcm.front();
            left_ = std::abs(offset_) > inaudible ? length_ : 0;
        }
        const std::size_t n = std::min(pcm.size(), static_cast<std::size_t>(left_));
        for (std::int16_t& sample : pcm.first(n))
            sample = static_cast<std::int16_t>(
                std::clamp(sample + offset_ * left_-- / length_, -32768, 32767));
        last_ = pcm.back();
    }

    // How many samples the rest of a fade would add to silence.
    std::size_t fade() const noexcept {
        if (is_cut_)
            return std::abs(int{last_}) > inaudible ? static_cast<std::size_t>(length_) : 0;
        return static_cast<std::size_t>(left_);
    }

private:
    // -60 dB of full scale: audio that begins or ends below this is not changed.
    static constexpr int inaudible = 32;

    int length_ = 0;
    int left_ = 0;
    int offset_ = 0;
    std::int16_t last_ = 0;
    bool is_cut_ = true;
};

} // namespace rtpsynth::detail
