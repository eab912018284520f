/// \file
/// Internal: maps a source's sequence numbers to those of a rewritten stream, and closes the gaps
/// of packets that the rewriter drops.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace rtpsynth::detail {

/// All numbers are unwrapped. A *segment* is a run of one source's numbers: gaps, reordering and
/// duplicates of the source appear unchanged in the output. A number that is dropped while it is
/// the newest leaves no gap. One that is dropped after a newer one has passed does: its number in
/// the output was skipped already.
class number_map {
public:
    /// The map remembers which of this many newest numbers were dropped.
    static constexpr std::int64_t window = 1024;

    /// \param first  the first number of the output
    explicit number_map(std::int64_t first) noexcept : first_out_(first), highest_out_(first - 1) {}

    /// Begins a segment at the source's number \p in. Call pass() or drop() for it next.
    void begin(std::int64_t in) noexcept {
        first_in_ = in;
        newest_in_ = in - 1;
        first_out_ = highest_out_ + 1;
        shift_ = first_out_ - in;
        newest_drop_ = in - window;
        dropped_.fill(0);
    }

    /// The output's number of a packet that is to be forwarded; nullopt if the packet is from
    /// before the segment, was dropped before, or is older than the window.
    std::optional<std::int64_t> pass(std::int64_t in) noexcept {
        if (in > newest_in_) [[likely]] {
            advance(in);
            highest_out_ = in + shift_;
            return highest_out_;
        }
        const auto out = to_output(in);
        if (out) highest_out_ = std::max(highest_out_, *out);
        return out;
    }

    /// A packet is not forwarded.
    void drop(std::int64_t in) noexcept {
        if (in <= newest_in_) return;
        advance(in);
        dropped_[word(in)] |= bit(in);
        newest_drop_ = in;
        --shift_;
    }

    std::optional<std::int64_t> to_output(std::int64_t in) const noexcept {
        if (in < first_in_) return std::nullopt;
        if (in > newest_drop_) return in + shift_;
        if (in <= newest_in_ - window || is_dropped(in)) return std::nullopt;
        return in + shift_ + drops_behind(in);
    }

    /// The source's number of a packet that was forwarded or lost; nullopt if it is not of this
    /// segment, or too old.
    std::optional<std::int64_t> to_source(std::int64_t out) const noexcept {
        if (out < first_out_ || out > highest_out_) return std::nullopt;
        const std::int64_t in = out - shift_;
        if (in > newest_drop_) return in;
        // The wanted number has this many numbers that were not dropped between itself and
        // newest_drop_. Search word by word: a NACK may ask for thousands of numbers.
        std::int64_t between = newest_drop_ - in;
        for (std::int64_t n = newest_drop_; n > newest_in_ - window;) {
            const auto offset = static_cast<std::int64_t>(static_cast<std::uint64_t>(n) % 64);
            const std::int64_t taken = std::min(offset + 1, n - (newest_in_ - window));
            // n is the highest bit, and n - taken + 1 the lowest one that counts.
            std::uint64_t kept = ~dropped_[word(n)] << (63 - offset) >> (64 - taken);
            const std::int64_t count = std::popcount(kept);
            if (count > between) {
                for (; between > 0; --between) kept &= ~std::bit_floor(kept);
                return n - taken + static_cast<std::int64_t>(std::bit_width(kept));
            }
            between -= count;
            n -= taken;
        }
        return std::nullopt;
    }

    /// The first number of the segment; above highest_out() if nothing of it was forwarded.
    std::int64_t first_out() const noexcept { return first_out_; }
    /// The highest number of all segments.
    std::int64_t highest_out() const noexcept { return highest_out_; }

private:
    static std::size_t word(std::int64_t in) noexcept {
        return static_cast<std::uint64_t>(in) % window / 64;
    }
    static std::uint64_t bit(std::int64_t in) noexcept {
        return std::uint64_t{1} << static_cast<std::uint64_t>(in) % 64;
    }
    bool is_dropped(std::int64_t in) const noexcept { return (dropped_[word(in)] & bit(in)) != 0; }

    // in becomes the newest number; drops older than the window are forgotten.
    void advance(std::int64_t in) noexcept {
        if (newest_drop_ > newest_in_ - window) [[unlikely]] {
            if (in - newest_in_ >= window)
                dropped_.fill(0);
            else
                for (std::int64_t n = newest_in_ + 1; n <= in; ++n) dropped_[word(n)] &= ~bit(n);
        }
        newest_in_ = in;
    }

    // How many numbers after in were dropped. Precondition: in is within the window.
    std::int64_t drops_behind(std::int64_t in) const noexcept {
        std::int64_t count = 0;
        for (std::int64_t n = in + 1; n <= newest_drop_;) {
            const auto offset = static_cast<std::int64_t>(static_cast<std::uint64_t>(n) % 64);
            const std::int64_t taken = std::min(64 - offset, newest_drop_ - n + 1);
            const std::uint64_t bits = dropped_[word(n)] >> offset << (64 - taken);
            count += std::popcount(bits);
            n += taken;
        }
        return count;
    }

    std::int64_t first_in_ = 0;
    std::int64_t newest_in_ = -1;
    std::int64_t first_out_;
    std::int64_t highest_out_;
    std::int64_t shift_ = 0; // output minus source, of numbers after newest_drop_
    std::int64_t newest_drop_ = -window;
    std::array<std::uint64_t, window / 64> dropped_{}; // bit number % window
};

} // namespace rtpsynth::detail
