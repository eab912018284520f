/// \file
/// What a bad network would do to a stream, decided by a seed.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstdint>

namespace load {

struct impairment_options {
    double loss = 0;             ///< percent of packets that are not sent
    double reorder = 0;          ///< percent that are sent behind the one after them
    double duplicate = 0;        ///< percent that are sent twice
    rtpsynth::duration jitter{}; ///< each is delayed by 0 to this; the order stays
    std::uint64_t seed = 1;

    bool any() const {
        return loss > 0 || reorder > 0 || duplicate > 0 || jitter > rtpsynth::duration::zero();
    }
};

/// What is to become of a packet.
struct packet_fate {
    bool lost = false;
    bool overtaken = false; ///< by the one after it
    bool duplicated = false;
    rtpsynth::duration delay{};
};

/// One stream's fates, the same for the same seed and stream. Each kind is drawn for itself: the
/// packets that a seed loses are the same whatever else is done to the others.
class impairment {
public:
    impairment(const impairment_options& options, std::uint64_t stream);

    /// Of the next packet.
    packet_fate next() noexcept;

private:
    std::uint64_t draw() noexcept;
    bool happens(double percent) noexcept;

    impairment_options options_;
    bool any_;
    std::uint64_t state_;
};

} // namespace load
