/// \file
/// What streams say, over and over.
#pragma once

#include "options.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace load {

/// G.711 without end, in pieces of one size.
class audio_loop {
public:
    /// Of options.wav, or a soft tone. \throws wav_error, std::bad_alloc
    explicit audio_loop(const program_options& options);

    /// Samples until it repeats.
    std::size_t size() const noexcept { return size_; }
    /// A packet's worth from \p position on, which moves on past it. Precondition: position <
    /// size().
    std::span<const std::uint8_t> next(std::size_t& position) const noexcept {
        const std::span result(codes_.data() + position, piece_);
        position += piece_;
        if (position >= size_) position -= size_;
        return result;
    }

private:
    std::size_t piece_;
    std::size_t size_;
    std::vector<std::uint8_t> codes_; // size_, and the beginning once more
};

} // namespace load
