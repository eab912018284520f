/// \file
/// Distinguishes encrypted padding from invalid padding.
#pragma once

#include "stream/rtp_input.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace replay {

/// SRTP does not encrypt the padding bit but does encrypt the padding count (RFC 3711 §3.1): the
/// last byte of the packet is then ciphertext or authentication tag, effectively random. A sender
/// of plain RTP uses few different counts, valid or not.
class padding_check {
public:
    void add(padding_end end) {
        ++packets_;
        impossible_ += end.count == 0 || end.count > end.at_most;
        possible_values_ += end.at_most;
        values_[end.count / 64U] |= std::uint64_t{1} << end.count % 64;
    }
    std::uint64_t impossible() const noexcept { return impossible_; }
    /// True if there are at least four counts, some of them impossible, at least a quarter as many
    /// as among random bytes, and more than 16 different values or more than half of them
    /// different.
    bool looks_encrypted() const noexcept {
        unsigned distinct = 0;
        for (const std::uint64_t word : values_)
            distinct += static_cast<unsigned>(std::popcount(word));
        const std::uint64_t expected = 256 * packets_ - possible_values_; // times 256
        return impossible_ > 0 && packets_ >= 4 && 4 * 256 * impossible_ >= expected &&
               (distinct > 16 || 2 * distinct > packets_);
    }

private:
    std::uint64_t packets_ = 0;
    std::uint64_t possible_values_ = 0; // summed over all counts, of 256 each
    std::uint64_t impossible_ = 0;
    std::array<std::uint64_t, 4> values_{}; // a bit for each value
};

} // namespace replay
