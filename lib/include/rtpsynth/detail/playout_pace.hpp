/// \file
/// Internal: how much media a gap in a stream plausibly spans.
#pragma once

#include <algorithm>
#include <cstdint>

namespace rtpsynth::detail {

/// Learns a stream's usual timestamp step per packet and sizes erasures by it: a sender whose clock
/// jumped must not make a receiver play hours of silence.
class playout_pace {
public:
    /// \p advance: timestamp units from one packet to the next in sequence, modulo 2^32. The least
    /// one seen counts; standing still or going backwards teaches nothing.
    void learn(std::uint32_t advance) noexcept {
        if (advance - 1 < backwards - 1) step_ = std::min(step_, advance);
    }

    void reset() noexcept { step_ = unknown; }

    /// Timestamp units that \p lost packets span, if \p span is the advance from the packet before
    /// them to the one behind them.
    std::uint32_t lost_span(std::uint32_t span, std::uint64_t lost) const noexcept {
        // A packet is taken to span at most 64 usual steps, or 2^16 units while none is known; more
        // than 2^32 - 1 cannot be told anyway, which keeps the product below in range.
        const std::uint64_t most =
            step_ == unknown ? std::uint64_t{1} << 16 : std::min(std::uint64_t{64} * step_, all);
        if (span > most * (lost + 1)) {
            if (step_ == unknown) return 0;
            return static_cast<std::uint32_t>(std::min(step_ * lost, all - 1));
        }
        return static_cast<std::uint32_t>(span * lost / (lost + 1));
    }

private:
    static constexpr std::uint32_t backwards = std::uint32_t{1} << 31;
    static constexpr std::uint32_t unknown = 0xffffffff; // steps are below 2^31
    static constexpr std::uint64_t all = std::uint64_t{1} << 32;

    std::uint32_t step_ = unknown;
};

} // namespace rtpsynth::detail
