/// \file
/// What happens on a voice_stream beside audio.
#pragma once

#include <rtpsynth/audio/play_queue.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace rtpsynth::asio_server {

/// A key of the other side went down (RFC 4733).
struct digit_pressed {
    char digit = 0;         ///< one of 0..9 * # A..D; 0 for an event that is no digit
    std::uint8_t event = 0; ///< its event code
};

/// A key of the other side went up. There is one for each digit_pressed.
struct digit_released {
    char digit = 0;         ///< as in digit_pressed
    std::uint8_t event = 0; ///< as in digit_pressed
    duration length{};      ///< how long it was pressed, by the clock of its sender
};

/// The first packets of a source have come, or those of another source in its place.
struct source_changed {
    std::uint32_t ssrc = 0;
    boost::asio::ip::udp::endpoint source{};
    bool first = false; ///< there was none before
};

/// No RTP has come for voice_stream_options::quiet_after. Once for each such time.
struct network_quiet {
    time_point since{}; ///< the last packet, or the start of the stream
};

/// The source has said BYE.
struct source_left {
    std::uint32_t ssrc = 0;
    std::string reason{}; ///< empty if it did not say, or if there was no memory for it
};

/// What happened. A played_item: the last audio of an item was sent. `std::monostate` only together
/// with an error.
using voice_event = std::variant<std::monostate, played_item, digit_pressed, digit_released,
                                 source_changed, network_quiet, source_left>;

} // namespace rtpsynth::asio_server
