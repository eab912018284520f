/// \file
/// What RtpServer.create_channel is called with.
#pragma once

#include "core/options.hpp"

#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/jitter/buffer.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace rtpsynth::python {

/// How received data reaches Python.
enum class delivery {
    single, ///< callback(data, address, rtime_ns), a call a datagram
    batch,  ///< callback(list of such tuples), a call for what came together
    frames, ///< callback(list of frames) from a jitter buffer
};

struct channel_arguments : asio_server::channel_options {
    // Python's objects are borrowed from the call; null if there is none.
    PyObject* pkt_in = nullptr;
    PyObject* frames_in = nullptr;
    PyObject* other_in = nullptr;
    PyObject* jitter_buffer = nullptr;
    bool batch = false;
    std::string bind_host;
    std::uint16_t bind_port = 0;
    asio_server::address_family bind_family = asio_server::address_family::any;

    // What comes of them:
    PyObject* callback = nullptr;
    delivery how = delivery::single;
    std::optional<jitter_buffer_options> jitter;

    /// With the GIL held, of which it lets go while a name is looked up.
    /// \return false with TypeError, ValueError, OverflowError, MemoryError or OSError set
    bool parse(call c);

private:
    bool choose_callback();
    bool read_jitter_buffer();
    bool find_endpoint();
};

extern const option_table<channel_arguments, 18> channel_table;

} // namespace rtpsynth::python
