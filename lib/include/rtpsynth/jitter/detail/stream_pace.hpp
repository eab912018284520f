/// \file
/// Internal: how fast a stream's timestamps advance, and which packets are plausible by that.
#pragma once

#include <algorithm>
#include <cstdint>

namespace rtpsynth::detail {

/// Learns a stream's usual timestamp step per packet. It limits erasures (a sender whose clock
/// jumped must not make a receiver play hours of silence), and tells late packets from a new
/// numbering, and long outages from restarts.
class stream_pace {
public:
    /// \p advance: timestamp units from one packet to the next in sequence, modulo 2^32. The first
    /// one is the usual step, and then any that comes twice in a row: one odd packet changes
    /// nothing. An advance of 0 or backwards is ignored.
    void learn(std::uint32_t advance) noexcept {
        if (advance != steady_) [[unlikely]]
            learn_other(advance);
    }

    void reset() noexcept { step_ = advance_ = steady_ = unknown; }

    /// Timestamp units that \p lost packets span, if \p span is the advance from the packet before
    /// them to the one behind them. Precondition: lost < 2^31.
    std::uint32_t lost_span(std::uint32_t span, std::uint64_t lost) const noexcept {
        // An erasure has 32 bits of timestamp units, and the products below have to fit 64.
        if (span > std::min(longest_packet(), all) * (lost + 1)) {
            if (step_ == unknown) return 0;
            return static_cast<std::uint32_t>(std::min(step_ * lost, all - 1));
        }
        return static_cast<std::uint32_t>(span * lost / (lost + 1));
    }

    /// Whether a packet \p behind numbers behind another, and \p advance timestamp units from it,
    /// is an old one and not of a sender's new numbering, whose timestamps go on. That of an old
    /// packet may be a little ahead: B-frames are sent after what they precede (RFC 6184).
    bool is_old(std::uint32_t advance, std::int64_t behind) const noexcept {
        const auto reach = static_cast<std::int64_t>(longest_packet());
        const auto distance = static_cast<std::int32_t>(advance);
        return -reach * behind <= distance && distance <= reach / 4;
    }

    /// How many packets were lost between two that are \p span timestamp units and, modulo 2^16,
    /// \p numbers sequence numbers apart, if the span is exactly as many usual steps; else -1.
    std::int64_t packets_lost(std::uint32_t span, std::uint16_t numbers) const noexcept {
        // Less than 2^31 units are never a multiple of the unknown step.
        if (!forwards(span) || span % step_ != 0) return -1;
        const std::uint32_t steps = span / step_;
        if (static_cast<std::uint16_t>(steps) != numbers) return -1;
        return std::int64_t{steps} - 1;
    }

private:
    static constexpr std::uint32_t unknown = 0xffffffff; // steps are below 2^31
    static constexpr std::uint64_t all = std::uint64_t{1} << 32;

    static bool forwards(std::uint32_t advance) noexcept {
        return static_cast<std::int32_t>(advance) > 0;
    }

    void learn_other(std::uint32_t advance) noexcept {
        if (!forwards(advance)) return;
        if (step_ == unknown || advance == advance_) step_ = advance;
        advance_ = advance;
        steady_ = advance == step_ ? advance : unknown;
    }

    /// The most timestamp units that one packet is taken to span.
    std::uint64_t longest_packet() const noexcept {
        return step_ == unknown ? std::uint64_t{1} << 16 : std::uint64_t{64} * step_;
    }

    std::uint32_t step_ = unknown;
    std::uint32_t advance_ = unknown; // the latest one
    std::uint32_t steady_ = unknown;  // both, if they are equal: the same again changes nothing
};

} // namespace rtpsynth::detail
