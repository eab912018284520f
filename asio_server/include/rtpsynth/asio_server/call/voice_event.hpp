/// \file
/// The events of voice_stream.
#pragma once

#include <rtpsynth/audio/play_queue.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace rtpsynth::asio_server {

/// The other side has pressed a key (RFC 4733).
struct digit_pressed {
    char digit = 0;         ///< one of 0..9 * # A..D; 0 for an event that is not a digit
    std::uint8_t event = 0; ///< the event code
};

/// The other side has released a key. There is one for each digit_pressed.
struct digit_released {
    char digit = 0;         ///< as in digit_pressed
    std::uint8_t event = 0; ///< as in digit_pressed
    duration length{};      ///< duration of the press by the sender's clock
};

/// The stream plays its first source, another source than before, or the same source from another
/// address.
struct source_changed {
    std::uint32_t ssrc = 0;
    boost::asio::ip::udp::endpoint source{};
    bool first = false; ///< the stream had no source before
};

/// No RTP has come for voice_stream_options::quiet_after. Reported once until RTP comes again.
struct network_quiet {
    time_point since{}; ///< time of the last packet, or of the stream's start
};

/// The source that is played has sent a BYE.
struct source_left {
    std::uint32_t ssrc = 0;
    std::string reason{}; ///< empty if it gave none, or if there was no memory for it
};

/// An event of a voice_stream. A played_item reports that the last audio of an item was sent.
/// `std::monostate` occurs only together with an error.
using voice_event = std::variant<std::monostate, played_item, digit_pressed, digit_released,
                                 source_changed, network_quiet, source_left>;

} // namespace rtpsynth::asio_server
