/// \file
/// Simulates a bad network; the same seed makes the same choices.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstdint>

namespace load {

struct impairment_options {
    double loss = 0;             ///< percent of packets not sent
    double reorder = 0;          ///< percent sent after the packet that follows them
    double duplicate = 0;        ///< percent sent twice
    rtpsynth::duration jitter{}; ///< each packet is delayed by 0 up to this, in order
    std::uint64_t seed = 1;

    bool any() const {
        return loss > 0 || reorder > 0 || duplicate > 0 || jitter > rtpsynth::duration::zero();
    }
};

/// What happens to a packet.
struct packet_fate {
    bool lost = false;
    bool overtaken = false; ///< by the one after it
    bool duplicated = false;
    rtpsynth::duration delay{};
};

/// Decides for each packet of a stream; the same seed and stream give the same decisions. The kinds
/// of impairment are independent: a seed loses the same packets whatever the other options are.
class impairment {
public:
    impairment(const impairment_options& options, std::uint64_t stream);

    /// Decides for the next packet.
    packet_fate next() noexcept;

private:
    std::uint64_t draw() noexcept;
    bool happens(double percent) noexcept;

    impairment_options options_;
    bool any_;
    std::uint64_t state_;
};

} // namespace load
