/// \file
/// Measures how the losses of a stream are distributed: bursts and gaps (RFC 3611 §4.7.2), and the
/// burst ratio (ITU-T G.107).
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstdint>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Counts played and lost packets of a stream, in order of sequence numbers.
///
/// A *burst* is a sequence of packets that begins and ends with a loss and contains fewer than gmin
/// received packets in a row everywhere; it is as long as possible. A loss with gmin received
/// packets on each side is not a burst. A *gap* is everything between two bursts, before the first
/// or after the last one, such single losses included. The packets before the first and after the
/// last count as received. A packet counts as lost if it was not played: it never arrived, or came
/// too late.
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
    /// The next \p packets were not played. O(1).
    void lost(std::uint64_t packets = 1) noexcept;

    std::uint8_t gmin() const noexcept { return gmin_; }
    /// All packets counted.
    std::uint64_t expected() const noexcept { return expected_; }
    /// Packets that were not played.
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

    /// BurstR of G.107: the mean number of losses in a row, divided by its value for random losses
    /// of the same rate. 1 for random losses, above for bursty ones. Values below 1, for which the
    /// E-model does not hold, are returned as 1, and so is that without a loss.
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
    std::uint64_t loss_runs_ = 0; // losses that follow a received packet
    std::uint64_t run_ = 0;       // packets received since the last loss
    // From the latest loss that follows gmin received packets to the latest loss.
    std::uint64_t cluster_packets_ = 0;
    std::uint64_t cluster_losses_ = 0;
    // Totals of the completed bursts.
    std::uint64_t bursts_ = 0;
    std::uint64_t burst_packets_ = 0;
    std::uint64_t burst_losses_ = 0;
    bool burst_first_ = false; // the very first packet is in a burst
    bool cluster_first_ = false;
    std::uint8_t gmin_;
};

/// \}

} // namespace rtpsynth
