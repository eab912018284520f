/// \file
/// Internal: from a source's sequence numbers to those of a rewritten stream, without the numbers
/// of packets that were dropped on purpose.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace rtpsynth::detail {

/// All numbers are without wraps. A *stretch* is a run of one source's numbers: from its first one
/// on, gaps, reordering and duplicates of the source are the same in the output. A number that is
/// dropped when it is the newest leaves no gap. One that is dropped behind the newest does: the
/// number of the output was passed over already.
class number_map {
public:
    /// Up to this far behind the newest number, it is known which ones were dropped.
    static constexpr std::int64_t window = 1024;

    /// \param first number of the output.
    explicit number_map(std::int64_t first) noexcept : first_out_(first), highest_out_(first - 1) {}

    /// A stretch begins with the source's number \p in, which is not yet passed.
    void begin(std::int64_t in) noexcept {
        first_in_ = in;
        newest_in_ = in - 1;
        first_out_ = highest_out_ + 1;
        shift_ = first_out_ - in;
        newest_drop_ = in - window;
        dropped_.fill(0);
    }

    /// The number in the output of a packet that is passed on; nullopt if it is from before the
    /// stretch, or was dropped, or is so old that this is not known.
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

    /// A packet is not passed on.
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

    /// The number in the source of one that was passed on, or was missing; nullopt if it was not of
    /// this stretch, or is too old.
    std::optional<std::int64_t> to_source(std::int64_t out) const noexcept {
        if (out < first_out_ || out > highest_out_) return std::nullopt;
        const std::int64_t in = out - shift_;
        if (in > newest_drop_) return in;
        // So many that were not dropped are between it and newest_drop_. Word by word: whoever
        // asks may ask for thousands.
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

    /// Of the present stretch; above highest_out() if nothing of it was passed on.
    std::int64_t first_out() const noexcept { return first_out_; }
    /// Of all stretches.
    std::int64_t highest_out() const noexcept { return highest_out_; }

private:
    static std::size_t word(std::int64_t in) noexcept {
        return static_cast<std::uint64_t>(in) % window / 64;
    }
    static std::uint64_t bit(std::int64_t in) noexcept {
        return std::uint64_t{1} << static_cast<std::uint64_t>(in) % 64;
    }
    bool is_dropped(std::int64_t in) const noexcept { return (dropped_[word(in)] & bit(in)) != 0; }

    // in becomes the newest; what was dropped a window before is forgotten.
    void advance(std::int64_t in) noexcept {
        if (newest_drop_ > newest_in_ - window) [[unlikely]] {
            if (in - newest_in_ >= window)
                dropped_.fill(0);
            else
                for (std::int64_t n = newest_in_ + 1; n <= in; ++n) dropped_[word(n)] &= ~bit(n);
        }
        newest_in_ = in;
    }

    // How many were dropped behind in, up to the newest. Precondition: in is within the window.
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
    std::int64_t shift_ = 0; // of numbers behind newest_drop_
    std::int64_t newest_drop_ = -window;
    std::array<std::uint64_t, window / 64> dropped_{}; // bit number % window
};

} // namespace rtpsynth::detail
