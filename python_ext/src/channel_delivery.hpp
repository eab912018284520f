/// \file
/// From a callback_queue to a channel's Python callbacks. With the GIL held, of which Python may
/// let go during the calls.
#pragma once

#include "threads/callback_queue.hpp"

#include <rtpsynth/asio_server/channel/frame_receiver.hpp>

#include <cstdint>
#include <span>

namespace rtpsynth::python {

/// Calls back with datagrams that have arrived, whose bytes lie one behind the other from \p bytes
/// on, as long as the channel is open: other_in, if the channel delivers frames.
void deliver_datagrams(channel_link& link, std::span<const queued_datagram> datagrams,
                       const std::uint8_t* bytes, callback_queue& queue);
/// The same with frames, which are moved from.
void deliver_frames(channel_link& link, std::span<asio_server::media_frame> frames,
                    callback_queue& queue);

} // namespace rtpsynth::python
