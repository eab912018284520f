/// \file
/// What RtpServer.create_channel is called with.
#pragma once

#include "core/call.hpp"
#include "rtp_channel.hpp"

#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/jitter/buffer.hpp>

#include <optional>

namespace rtpsynth::python {

extern const char* const create_channel_doc;

struct channel_arguments {
    PyObject* callback = nullptr; ///< borrowed from the call, as the next
    PyObject* other_in = nullptr; ///< null if there is none
    delivery how = delivery::single;
    asio_server::channel_options options;
    std::optional<jitter_buffer_options> jitter_buffer;

    /// With the GIL held, of which it lets go while a name is looked up.
    /// \return false with TypeError, ValueError, OverflowError, MemoryError or OSError set
    bool parse(call c);
};

} // namespace rtpsynth::python
