/// \file
/// The Python type RtpChannel: a heap type, since a channel and its callback often refer to each
/// other and must be collectable all the same.
#pragma once

#include "core/heap_type.hpp"
#include "threads/callback_queue.hpp"
#include "threads/server.hpp"

#include <rtpsynth/asio_server/channel/frame_receiver.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>

#include <memory>
#include <optional>
#include <span>

namespace rtpsynth::python {

struct channel_arguments;

/// How received data reaches Python.
enum class delivery {
    single, ///< callback(data, address, rtime_ns), a call a datagram
    batch,  ///< callback(list of such tuples), a call for what came together
    frames, ///< callback(list of frames) from a jitter buffer
};

struct channel_object : weak_object {
    PyObject* callback; // null once closed
    PyObject* other_in; // null if there is none, and once closed
    struct state {
        std::shared_ptr<python::server> server;
        std::shared_ptr<channel_link> link;
        std::shared_ptr<asio_server::rtp_channel> channel; // null in one that was never opened
        std::unique_ptr<asio_server::frame_receiver> frames;
        delivery how = delivery::single;
        bool closed = false;
        // The source of the last datagram, and its address as Python has it.
        boost::asio::ip::udp::endpoint source;
        py_ref address;
    } s;
};

/// Opens a channel. \return null with an error set
py_ref open_channel(const std::shared_ptr<server>& home, const channel_arguments& a);

/// Calls back with what has arrived, as long as the channel is open: other_in with datagrams of a
/// channel that delivers frames. With the GIL held, of which Python may let go during the calls.
void deliver_datagrams(channel_link& link, std::span<const queued_datagram> datagrams,
                       const std::uint8_t* bytes, callback_queue& queue);
void deliver_frames(channel_link& link, std::span<asio_server::media_frame> frames,
                    callback_queue& queue);

/// Puts RtpChannel and RtpQueueFullError into the module that is being made.
void bind_channel_type();

} // namespace rtpsynth::python
