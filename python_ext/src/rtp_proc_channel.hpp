/// \file
/// The Python type RtpProcChannel: a heap type, since a channel and its callback often refer to
/// each other and must be collectable all the same.
#pragma once

#include "core/heap_type.hpp"
#include "threads/proc.hpp"

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>

#include <memory>
#include <semaphore>

namespace rtpsynth::python {

struct proc_channel_object;

/// What the worker knows of a channel's Python object.
struct proc_link {
    /// Borrowed; null when it is closed or gone. With the GIL held.
    proc_channel_object* channel = nullptr;
    /// Released when the first call was made, or never will be.
    std::binary_semaphore first_call{0};
};

struct proc_channel_object : weak_object {
    PyObject* callback; // null once closed
    struct state {
        std::shared_ptr<proc> owner;
        std::shared_ptr<proc_link> link;
        std::shared_ptr<asio_server::rtp_proc_channel> channel; // null until it is scheduled
        py_ref deadline; // what the callback returned last, for its next call
        py_ref error;    // what ended the schedule, until it is told
        bool closed = false;
    } s;
};

/// Makes a channel, and the first call of \p callback. \return null with an error set
py_ref open_proc_channel(const std::shared_ptr<proc>& owner, PyObject* callback);

/// Puts RtpProcChannel and ChannelProcError into the module that is being made.
void bind_proc_channel_type();

} // namespace rtpsynth::python
