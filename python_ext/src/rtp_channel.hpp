/// \file
/// The Python type RtpChannel.
#pragma once

#include "channel_arguments.hpp"
#include "core/heap_type.hpp"
#include "threads/callback_queue.hpp"
#include "threads/server.hpp"

#include <rtpsynth/asio_server/channel/frame_receiver.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>

#include <memory>

namespace rtpsynth::python {

/// A channel and its callback often refer to each other: the garbage collector sees the callbacks.
struct channel {
    py_ref callback; ///< none once closed
    py_ref other_in; ///< none if there is none, and once closed
    std::shared_ptr<python::server> server;
    std::shared_ptr<channel_link> link;
    std::shared_ptr<asio_server::rtp_channel> native;
    std::unique_ptr<asio_server::frame_receiver> frames;
    delivery how = delivery::single;
    bool closed = false;
    // The source of the last datagram, and its address as Python has it.
    boost::asio::ip::udp::endpoint source;
    py_ref address;

    channel() noexcept = default;
    ~channel();

    int traverse(visitproc visit, void* arg) const;
    void clear();
    /// From here on no callback begins.
    void detach() noexcept;

    /// \return false with RuntimeError set unless the channel is open and its server runs
    bool check_open() const;
};
using channel_object = instance<channel>;

/// create_channel(…): opens a channel of \p home. \return none with an error set
py_ref create_channel(const std::shared_ptr<server>& home, call c);

/// Puts RtpChannel and RtpQueueFullError into the module that is being made.
void bind_channel();

} // namespace rtpsynth::python
