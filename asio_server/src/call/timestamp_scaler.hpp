/// \file
/// RTP timestamps of one clock rate as those of another.
#pragma once

#include <cstdint>

namespace rtpsynth::asio_server::detail {

/// Both clocks begin with the same timestamp. Nothing is lost to rounding, nor when timestamps
/// wrap, as long as advance() hears of one at least every 2^31 units.
class timestamp_scaler {
public:
    timestamp_scaler() = default;
    timestamp_scaler(std::uint32_t in_rate, std::uint32_t out_rate, std::uint32_t begin) noexcept
        : in_rate_{in_rate}, out_rate_{out_rate}, in_{begin}, out_{begin} {}

    std::uint32_t in_rate() const noexcept { return in_rate_; } // 0: none

    std::uint32_t to_output(std::uint32_t timestamp) const noexcept {
        if (in_rate_ == out_rate_) return timestamp;
        const std::int64_t scaled = std::int64_t{ahead(timestamp)} * out_rate_;
        std::int64_t units = scaled / in_rate_;
        if (scaled % in_rate_ < 0) --units;
        return out_ + static_cast<std::uint32_t>(units);
    }
    void advance(std::uint32_t timestamp) noexcept {
        const std::int64_t seconds = std::int64_t{ahead(timestamp)} / in_rate_;
        if (seconds <= 0) return;
        in_ += static_cast<std::uint32_t>(seconds * in_rate_);
        out_ += static_cast<std::uint32_t>(seconds * out_rate_);
    }

private:
    std::int32_t ahead(std::uint32_t timestamp) const noexcept {
        return static_cast<std::int32_t>(timestamp - in_);
    }

    std::uint32_t in_rate_ = 0;
    std::uint32_t out_rate_ = 0;
    std::uint32_t in_ = 0; // one moment by both clocks
    std::uint32_t out_ = 0;
};

} // namespace rtpsynth::asio_server::detail
