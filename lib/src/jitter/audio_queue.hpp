// Decoded audio that is to be pulled, which can be made longer or shorter before it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rtpsynth::detail {

class audio_queue {
public:
    std::size_t size() const noexcept { return samples_.size() - first_; }
    std::span<const std::int16_t> all() const noexcept {
        return std::span(samples_).subspan(first_);
    }

    // Makes sure that \p n samples can be inside. False if there is no memory for them.
    bool reserve(std::size_t n) noexcept;
    // \p n samples more at the end, silence at first; empty if there is no memory for them.
    std::span<std::int16_t> append(std::size_t n) noexcept;
    // Takes back the last \p n of them.
    void drop_back(std::size_t n) noexcept { samples_.resize(samples_.size() - n); }
    // Takes as many samples as \p pcm has, or as there are, and returns how many.
    std::size_t take(std::span<std::int16_t> pcm) noexcept;
    void clear() noexcept;

    // Leaves out, or plays again, a piece of \p shortest..\p longest samples near the end, where
    // the audio resembles itself by at least \p likeness, and blends over both ends of it. Returns
    // the samples that it has become longer or shorter; 0 if there is no such piece.
    std::size_t shorten(std::size_t shortest, std::size_t longest, std::size_t stride,
                        float likeness) noexcept;
    std::size_t lengthen(std::size_t shortest, std::size_t longest, std::size_t stride,
                         float likeness) noexcept;

private:
    struct repetition {
        std::size_t lag = 0;
        std::size_t match = 0; // samples
    };
    repetition find(std::size_t shortest, std::size_t longest, std::size_t stride,
                    float likeness) const noexcept;

    std::vector<std::int16_t> samples_;
    std::size_t first_ = 0; // of those that were not taken
};

} // namespace rtpsynth::detail
