// A tone as it was heard at one end of a call: its clicks and stalls, on the clock of the media.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace simulation {

inline constexpr double loudness = 6000; // the tones' amplitude

// A tone of \p hz in pieces that follow one another.
class tone_source {
public:
    tone_source(double hz, std::uint32_t rate) : step_(2 * 3.14159265358979 * hz / rate) {}
    std::vector<std::int16_t> next(std::size_t samples) {
        std::vector<std::int16_t> pcm(samples);
        for (std::int16_t& sample : pcm)
            sample =
                static_cast<std::int16_t>(loudness * std::sin(step_ * static_cast<double>(at_++)));
        return pcm;
    }

private:
    double step_;
    std::uint64_t at_ = 0;
};

// How much of \p hz is in \p pcm, as an amplitude.
inline double amplitude(std::span<const std::int16_t> pcm, double hz, std::uint32_t rate) {
    double re = 0, im = 0;
    for (std::size_t i = 0; i != pcm.size(); ++i) {
        const double angle = 2 * 3.14159265358979 * hz * static_cast<double>(i) / rate;
        re += pcm[i] * std::cos(angle);
        im += pcm[i] * std::sin(angle);
    }
    return pcm.empty() ? 0 : 2 * std::sqrt(re * re + im * im) / static_cast<double>(pcm.size());
}

class heard_audio {
public:
    explicit heard_audio(std::uint32_t rate) : rate_(rate), window_(rate / 200) {}

    // A tick. \p is_made_up: a part of it at least is concealment, or nothing of the stream's
    void add(std::span<const std::int16_t> pcm, bool is_made_up) {
        made_up_.add(is_made_up, static_cast<int>(pcm.size() * 1000 / rate_));
        for (const std::int16_t sample : pcm) {
            largest_step_ = std::max(largest_step_, std::abs(sample - last_));
            last_ = sample;
            energy_ += static_cast<double>(sample) * sample;
            if (++in_window_ != window_) continue;
            const double least = loudness * loudness / 32 * static_cast<double>(window_);
            silent_.add(energy_ < least, 5); // a period of the tones
            energy_ = 0;
            in_window_ = 0;
        }
    }

    // From one sample to the next, as at 8 kHz.
    int largest_step() const {
        return static_cast<int>(static_cast<double>(largest_step_) * rate_ / 8000);
    }
    // The longest time between speech without any, in whole ticks or heard as silence, but for one
    // of up to \p intended that the other side has made. In ms.
    int longest_gap(int intended) const {
        return std::max(made_up_.longest(intended), silent_.longest(intended));
    }
    bool is_heard() const { return silent_.has_begun(); }

private:
    class gaps {
    public:
        void add(bool is_gap, int ms) {
            if (is_gap) {
                now_ += ms;
                return;
            }
            if (has_begun_ && now_ != 0) all_.push_back(now_);
            has_begun_ = true;
            now_ = 0;
        }
        int longest(int intended) const {
            std::vector<int> sorted = all_;
            std::sort(sorted.rbegin(), sorted.rend());
            if (!sorted.empty() && sorted[0] <= intended) sorted.erase(sorted.begin());
            return sorted.empty() ? 0 : sorted[0];
        }
        bool has_begun() const { return has_begun_; }

    private:
        bool has_begun_ = false;
        int now_ = 0;
        std::vector<int> all_;
    };

    std::uint32_t rate_;
    std::size_t window_, in_window_ = 0;
    double energy_ = 0;
    int last_ = 0, largest_step_ = 0;
    gaps made_up_, silent_;
};

} // namespace simulation
