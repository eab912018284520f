/// \file
/// Tells encrypted padding from padding that is wrong.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace replay {

/// SRTP leaves the padding bit in the clear and encrypts the padding's count (RFC 3711 §3.1): the
/// last byte of the packet is then one of ciphertext or authentication tag, as good as random. A
/// sender of plain RTP uses few counts, if it gets them right or not.
class padding_check {
public:
    /// The last byte of a packet with the padding bit, and whether it can be a count.
    void add(std::uint8_t last_byte, bool valid) {
        ++packets_;
        impossible_ += !valid;
        values_[last_byte / 64U] |= std::uint64_t{1} << last_byte % 64;
    }
    std::uint64_t impossible() const noexcept { return impossible_; }
    /// At least one of at least four counts is impossible, and they are of more than 16 values, or
    /// more than half of them differ.
    bool looks_encrypted() const noexcept {
        unsigned distinct = 0;
        for (const std::uint64_t word : values_)
            distinct += static_cast<unsigned>(std::popcount(word));
        return impossible_ > 0 && packets_ >= 4 && (distinct > 16 || 2 * distinct > packets_);
    }

private:
    std::uint64_t packets_ = 0;
    std::uint64_t impossible_ = 0;
    std::array<std::uint64_t, 4> values_{}; // a bit for each
};

} // namespace replay
