#include "relay_link.hpp"

#include "rtp_relay.hpp"
#include "threads/gil.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace rtpsynth::python {

using asio_server::relay_leg;

void relay_link::media_timeout(relay_leg leg) noexcept {
    note(leg == relay_leg::a ? timeout_a : timeout_b, {});
}

void relay_link::source_changed(relay_leg leg, const endpoint& source) noexcept {
    note(leg == relay_leg::a ? source_a : source_b, {.source = source});
}

void relay_link::closed(const boost::system::error_code& error) noexcept {
    note(close_done, {.error = error});
}

void relay_link::note(std::size_t what, event e) noexcept {
    {
        const std::lock_guard lock{mutex_};
        e.order = ++order_;
        pending_[what] = e;
    }
    enqueue();
}

/// Without memory the events stay, and come with the next one.
bool relay_link::enqueue() noexcept {
    {
        const std::lock_guard lock{mutex_};
        if (std::exchange(queued_, true)) return true;
    }
    if (queue_->push(shared_from_this())) return true;
    const std::lock_guard lock{mutex_};
    queued_ = false;
    return false;
}

bool relay_link::attach(instance<python::relay>& object) noexcept {
    relay_ = &object;
    attached_ = true;
    {
        const std::lock_guard lock{mutex_};
        if (order_ == 0) return false;
    }
    return enqueue();
}

void relay_link::deliver(callback_queue& queue) {
    events taken;
    {
        const std::lock_guard lock{mutex_};
        queued_ = false;
        if (!attached_) return; // the constructor has yet to return
        taken = std::exchange(pending_, {});
    }
    std::array<std::size_t, kinds> by_order{timeout_a, timeout_b, source_a, source_b, close_done};
    std::ranges::sort(by_order, {}, [&](std::size_t what) { return taken[what].order; });
    for (const std::size_t what : by_order)
        if (taken[what].order != 0) call(queue, what, taken[what]);
}

namespace {

/// Of a callback, behind the relay. Strings are made before objects: while those are, nothing may
/// be thrown.
struct callback_arguments {
    py_ref first, second;

    /// \return false with an error set
    bool make(std::size_t leg, const boost::asio::ip::udp::endpoint* source) {
        std::string host;
        if (source != nullptr) host = source->address().to_string();
        first = guarded([&] { return py_ref{PyUnicode_InternFromString(leg == 0 ? "a" : "b")}; });
        if (!first || source == nullptr) return static_cast<bool>(first);
        second =
            guarded([&] { return py_ref{Py_BuildValue("(sH)", host.c_str(), source->port())}; });
        return static_cast<bool>(second);
    }
    /// None, or an OSError.
    bool make(const boost::system::error_code& error) {
        if (!error) return first = py_ref::share(Py_None), true;
        const std::string what = error.message();
        first = guarded([&] {
            return py_ref{PyObject_CallFunction(PyExc_OSError, "is", error.value(), what.c_str())};
        });
        return static_cast<bool>(first);
    }
};

} // namespace

void relay_link::call(callback_queue& queue, std::size_t what, const event& e) {
    if (relay_ == nullptr || queue.stopped() || (closing_ && what != close_done)) return;
    // Making an object may start a garbage collection, which may run any code: hence the
    // references, and the checks right before the call.
    const py_ref kept = py_ref::share(relay_->object());
    python::relay& self = relay_->payload;
    const py_ref callback = py_ref::share(what == close_done ? self.done.get()
                                          : what < source_a  ? self.on_media_timeout.get()
                                                             : self.on_source_changed.get());
    if (!callback) return;
    callback_arguments made;
    bool complete = false;
    try {
        complete = what == close_done ? made.make(e.error)
                                      : made.make(what % 2, what < source_a ? nullptr : &e.source);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    if (!complete) return write_unraisable(callback.get());
    PyObject* args[] = {nullptr, kept.get(), made.first.get(), made.second.get()};
    if (relay_ == nullptr || queue.stopped() || (closing_ && what != close_done)) return;
    if (call_back_python(callback.get(), args + 1, made.second ? 3 : 2)) return;
    queue.count_exception();
    write_unraisable(callback.get());
}

} // namespace rtpsynth::python
