/// \file
/// The Python type Inbox: between a channel of rtpsynth.aio and an event loop.
#pragma once

#include "core/fifo.hpp"
#include "core/heap_type.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rtpsynth::python {

struct aio_wait;

struct voice_link;

/// What a channel has received and nobody has asked for yet, or who waits for it; or the function
/// that is called with it. Used with the GIL held, which is its only lock: what calls Python, or
/// makes objects that a garbage collection may follow, does so between two steps, not within one.
///
/// It does not know its channel, which is collected when nobody else does.
///
/// By the loop (`threaded` is false): all of it happens in the loop's thread, and what is received
/// goes straight to the task that waits, which runs until it waits again. By threads: a server's
/// thread puts in, and wakes the loop.
struct aio_inbox {
    py_ref loop;
    py_ref packet_type;       ///< a subclass of tuple
    py_ref on_packet;         ///< none: what is received is kept until it is asked for
    py_ref context;           ///< of whoever opened the channel: on_packet is called in it
    py_ref wake_loop;         ///< of an inbox that is threaded: called by notify()
    PyObject* self = nullptr; ///< borrowed; null before __init__
    std::size_t limit = 0;
    bool threaded = false;
    /// Of a call: where its events are, in C++, until they are asked for. Null for a channel.
    std::shared_ptr<voice_link> voice;

    fifo<py_ref> items;
    fifo<py_ref> waiters; ///< aio_waits, in the order in which they began; kept, as futures are
    std::uint64_t dropped = 0;
    unsigned taken_in_a_row = 0;
    bool waking = false; ///< wake() is about to be called
    bool closed = false;

    bool initialised() const noexcept { return self != nullptr; }
    int traverse(visitproc visit, void* arg) const;
    void clear();

    /// Takes what was received, to be handed out. For a packet of an inbox with on_packet, that is
    /// the tuple of its arguments. \return false with an exception set that is to end the loop's
    /// run
    bool put(py_ref item);
    /// The same with a list's items, and notify() if threaded.
    bool put_all(PyObject* list);
    /// After put() by a thread: calls wake_loop with what the loop is to call, or with None if
    /// nobody waits.
    void notify();
    /// Hands out, in the loop. \p at_once: tasks run now. \return as put()
    bool wake(bool at_once);

    /// Whether there is something for whoever asks now. If not, and no error is set, the caller is
    /// to wait.
    bool ready();
    bool empty() const noexcept;
    /// The next, unless empty(). \return none with MemoryError set
    py_ref take();
    /// A function is to be called in the loop's next turn, with one argument and in a context;
    /// either may be null.
    /// \return false with an error set
    bool call_soon(PyObject* function, PyObject* argument, PyObject* in) const;
    bool loop_is_closed() const;
    /// \p w does not wait any more.
    void forget(const aio_wait& w) noexcept;
    /// Ends what waits; what was received and not asked for is dropped.
    void close();

    /// on_packet(data, addr, rtime_ns). \return as put()
    bool call(PyObject* const* args);
    /// Tells the loop of the exception that is set, unless it is to end the loop's run.
    /// \return false if it is, and is still set
    bool report(const char* message) const;

private:
    void keep(py_ref item);
    bool call_soon_wake();
    /// The rest is for the loop's next turn, or its next run if an exception is set.
    /// \return false if one is set
    bool leave_rest();
};
using aio_inbox_object = instance<aio_inbox>;

/// \return null if \p object is no Inbox
aio_inbox* to_inbox(PyObject* object) noexcept;

/// Puts Inbox into the module that is being made.
void bind_inbox();

} // namespace rtpsynth::python
