/// \file
/// What `await` waits for in rtpsynth.aio.
#pragma once

#include "core/heap_type.hpp"

namespace rtpsynth::python {

/// One receive operation: an awaitable, its own iterator, and, while it waits, the future that a
/// task is told to wait for. Where nothing is to be waited for it is only the first.
///
/// A task's step that a future calls back is a function like any other. So when a packet is there,
/// it is called at once, in the task's context, where asyncio's own future would have the loop do
/// it in its next turn.
struct aio_wait {
    enum class state {
        fresh,   ///< not awaited yet
        waiting, ///< in its inbox's list
        given,   ///< item is there; whoever awaits has not run yet
        ended,   ///< the channel was closed
        cancelled,
        finished,
    };

    PyObject* self = nullptr; ///< borrowed
    py_ref inbox;
    py_ref item;
    py_ref callback; ///< the step of the task that waits
    py_ref context;
    state is = state::fresh;
    bool iterates = false; ///< the end is StopAsyncIteration
    bool blocking = false; ///< asyncio's handshake: yielded by an await, not by a mistake

    int traverse(visitproc visit, void* arg) const;
    void clear();
    void detach() noexcept;
    void finalize(PyObject* self);

    /// What was received is for this one. \p at_once: the task runs now. \return as aio_inbox::put
    bool give(py_ref received, bool at_once);
    /// The channel was closed.
    void end();
    /// Does not wait any more; what it was given is for the next.
    void give_up();
    /// Has the task run that waits, now or in the loop's next turn. \return as aio_inbox::put
    bool resume(bool at_once);
};

/// An awaitable of \p inbox's next item. \return null with MemoryError set
PyObject* make_wait(PyObject* inbox, bool iterates);

/// Puts the type into the module that is being made.
void bind_wait();

} // namespace rtpsynth::python
