/// \file
/// The digits that a stream's telephone events press.
#pragma once

#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace replay {

/// Reads the packets of a stream's events (RFC 4733), in order of arrival.
class digit_reader {
public:
    static constexpr std::size_t most = 64; ///< digits that are kept

    /// \p clock_rate in Hz, 0 if it is not known.
    void add(const rtpsynth::rtp_packet_view& packet, std::uint32_t clock_rate,
             rtpsynth::time_point arrival);

    /// 0..9, *, #, A..D; "!" is a flash. Other events are no digits.
    const std::string& digits() const noexcept { return digits_; }
    /// Those beyond `most`.
    std::uint64_t left_out() const noexcept { return left_out_; }

private:
    std::optional<rtpsynth::telephone_event_receiver> receiver_;
    std::string digits_;
    std::uint64_t left_out_ = 0;
};

} // namespace replay
