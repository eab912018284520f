/// \file
/// How the losses of a stream are distributed: bursts and gaps (RFC 3611 §4.7.2) and the burst
/// ratio (ITU-T G.107).
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstdint>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Counts what became of each packet of a stream, in order of sequence numbers.
///
/// A *burst* is the longest sequence of packets that begins and ends with a loss and has nowhere
/// gmin packets in a row that were not lost. A loss with gmin received packets on each side is no
/// burst. A *gap* is what lies between two bursts, before the first or after the last, such losses
/// included. Before the first packet and after the last, packets count as received. Lost here is
/// what was not played: lost on the way, or discarded because it came too late.
///
/// \par Thread safety
/// A value type; distinct objects are independent.
class RTPSYNTH_API loss_bursts {
public:
    /// RFC 3611's recommendation.
    static constexpr std::uint8_t default_gmin = 16;

    /// \param gmin  at least 1; 0 counts as 1
    explicit loss_bursts(std::uint8_t gmin = default_gmin) noexcept : gmin_(gmin ? gmin : 1) {}

    /// The next \p packets were played. O(1).
    void received(std::uint64_t packets = 1) noexcept {
        expected_ += packets;
        run_ += packets;
    }
    /// The next \p packets were not. O(1).
    void lost(std::uint64_t packets = 1) noexcept;

    std::uint8_t gmin() const noexcept { return gmin_; }
    /// All packets counted.
    std::uint64_t expected() const noexcept { return expected_; }
    /// Those not played.
    std::uint64_t losses() const noexcept { return losses_; }

    std::uint64_t bursts() const noexcept { return bursts_ + (in_burst() ? 1U : 0U); }
    /// Gaps of at least one packet.
    std::uint64_t gaps() const noexcept;
    /// The share of losses in the packets of all bursts, 0..1; 0 without a burst.
    double burst_density() const noexcept;
    /// The share of losses in the packets of all gaps, 0..1; 0 without a gap.
    double gap_density() const noexcept;
    /// The mean length of a burst in packets; 0 without a burst.
    double mean_burst() const noexcept;
    /// The mean length of a gap in packets; 0 without a gap.
    double mean_gap() const noexcept;

    /// G.107's BurstR: the mean number of losses in a row, divided by what it would be if each
    /// packet were lost with the same probability. 1 for random losses, above for bursty ones.
    /// Never below 1, where the E-model does not hold; 1 without a loss.
    double burst_ratio() const noexcept;

private:
    bool in_burst() const noexcept { return cluster_losses_ > 1; }
    std::uint64_t burst_packets() const noexcept {
        return burst_packets_ + (in_burst() ? cluster_packets_ : 0);
    }
    std::uint64_t burst_losses() const noexcept {
        return burst_losses_ + (in_burst() ? cluster_losses_ : 0);
    }

    std::uint64_t expected_ = 0;
    std::uint64_t losses_ = 0;
    std::uint64_t loss_runs_ = 0; // losses not preceded by one
    std::uint64_t run_ = 0;       // packets received since the last loss
    // From the last loss with gmin received before it to the last loss.
    std::uint64_t cluster_packets_ = 0;
    std::uint64_t cluster_losses_ = 0;
    // In the bursts before that.
    std::uint64_t bursts_ = 0;
    std::uint64_t burst_packets_ = 0;
    std::uint64_t burst_losses_ = 0;
    bool burst_first_ = false; // the very first packet is in a burst
    bool cluster_first_ = false;
    std::uint8_t gmin_;
};

/// \}

} // namespace rtpsynth
