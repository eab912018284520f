/// \file
/// The audio that streams send in a loop.
#pragma once

#include "options.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace load {

/// Endless G.711, in pieces of one packet's size.
class audio_loop {
public:
    /// Loads options.wav, or makes a quiet tone. \throws common::audio_error, std::bad_alloc
    explicit audio_loop(const program_options& options);

    /// Length of the loop in samples.
    std::size_t size() const noexcept { return size_; }
    /// The payload of packet \p number of a stream that starts at \p position.
    std::span<const std::uint8_t> piece(std::size_t position, std::uint64_t number) const noexcept {
        return {codes_.data() + (position + number * piece_) % size_, piece_};
    }

private:
    std::size_t piece_;
    std::size_t size_;
    std::vector<std::uint8_t> codes_; // size_, then the first piece_ again
};

} // namespace load
