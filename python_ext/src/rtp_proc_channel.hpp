/// \file
/// The Python type RtpProcChannel.
#pragma once

#include "core/heap_type.hpp"
#include "threads/proc.hpp"

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>

#include <memory>
#include <semaphore>

namespace rtpsynth::python {

struct proc_channel;
using proc_channel_object = instance<proc_channel>;

/// What the worker knows of a channel's Python object.
struct proc_link {
    /// Borrowed; null when it is closed or gone. With the GIL held.
    proc_channel_object* channel = nullptr;
    /// Released when the first call was made, or never will be.
    std::binary_semaphore first_call{0};
};

/// A channel and its callback often refer to each other: the garbage collector sees the callback.
struct proc_channel {
    py_ref callback; ///< none once closed
    py_ref deadline; ///< what the callback returned last, for its next call
    py_ref error;    ///< what ended the schedule, until it is raised
    std::shared_ptr<proc> owner;
    std::shared_ptr<proc_link> link;
    std::shared_ptr<asio_server::rtp_proc_channel> native;
    bool closed = false;

    int traverse(visitproc visit, void* arg) const;
    void clear();
    /// From here on no callback begins.
    void detach() noexcept;
    /// Reports what ended the schedule to sys.unraisablehook, if close() did not raise it.
    void finalize(PyObject* self);
};

/// Makes a channel, and the first call of \p callback. \return none with an error set
py_ref open_proc_channel(const std::shared_ptr<proc>& owner, PyObject* callback);

/// Puts RtpProcChannel and ChannelProcError into the module that is being made.
void bind_proc_channel();

} // namespace rtpsynth::python
