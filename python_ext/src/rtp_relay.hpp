/// \file
/// The Python type RtpRelay.
#pragma once

#include "core/heap_type.hpp"
#include "relay_link.hpp"
#include "threads/server.hpp"

#include <rtpsynth/asio_server/call/rtp_relay.hpp>

#include <memory>

namespace rtpsynth::python {

/// A relay and its callbacks often refer to each other: the garbage collector sees the callbacks.
struct relay {
    py_ref on_media_timeout; ///< none if there is none, and once closed
    py_ref on_source_changed;
    py_ref done; ///< of close(), until it was called
    std::shared_ptr<python::server> server;
    std::shared_ptr<relay_link> link;
    std::shared_ptr<asio_server::rtp_relay> native;
    bool closed = false;

    relay() noexcept = default;
    ~relay();

    int traverse(visitproc visit, void* arg) const;
    void clear();
    /// From here on no callback begins.
    void detach() noexcept;

    /// \return false with RuntimeError set unless the relay is open and its server runs
    bool check_open() const;
};

} // namespace rtpsynth::python
