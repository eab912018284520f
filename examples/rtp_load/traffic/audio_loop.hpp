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
    /// Of options.wav, or a soft tone. \throws common::audio_error, std::bad_alloc
    explicit audio_loop(const program_options& options);

    /// Samples until it repeats.
    std::size_t size() const noexcept { return size_; }
    /// The \p number-th packet's worth from \p position on.
    std::span<const std::uint8_t> piece(std::size_t position, std::uint64_t number) const noexcept {
        return {codes_.data() + (position + number * piece_) % size_, piece_};
    }

private:
    std::size_t piece_;
    std::size_t size_;
    std::vector<std::uint8_t> codes_; // size_, and the beginning once more
};

} // namespace load
