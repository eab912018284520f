#include "loop_server.hpp"

#include "channel_arguments.hpp"
#include "core/heap_type.hpp"
#include "rtp_channel.hpp"
#include "threads/server.hpp"
#include "voice_call.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace rtpsynth::python {

namespace {

using std::chrono::milliseconds;

/// A server that an event loop runs: it has one descriptor for all sockets, which the loop watches,
/// and has the loop call it when a jitter buffer is due. Or, with threaded, one that a thread of
/// its own runs: then the descriptor tells the loop that there is something to deliver.
struct loop_server {
    std::shared_ptr<server> native; // null before __init__
    PyObject* self = nullptr;       // borrowed
    py_ref loop;
    py_ref timer; // the loop's, for due
    std::optional<time_point> due;
    bool again = false; // the loop is about to call go_on()

    bool initialised() const noexcept { return native != nullptr; }
    int traverse(visitproc visit, void* arg) const {
        Py_VISIT(loop.get());
        Py_VISIT(timer.get());
        return 0;
    }
    void clear() {
        loop = {};
        timer = {};
    }
};

PyObject* make(PyTypeObject* type, PyObject* positional, PyObject* keywords) {
    return translated([&]() -> PyObject* {
        unpacked_call c;
        arguments<2> a;
        if (!c.assign(positional, keywords) ||
            !signature<"LoopServer(loop, threaded=False)">::parsed.parse(c.get(), a))
            return nullptr;
        const int threaded = a[1] != nullptr ? PyObject_IsTrue(a[1]) : 0;
        if (threaded < 0) return nullptr;
        py_ref object = heap_type<loop_server>::allocate(type);
        if (!object) return nullptr;
        loop_server& made = instance_of<loop_server>(object.get()).payload;
        made.native = std::make_shared<server>(asio_server::server_options{.tick = std::nullopt},
                                               threaded == 1 ? server::run_by::io_thread
                                                             : server::run_by::loop);
        made.self = object.get();
        made.loop = py_ref::share(a[0]);
        return object.release();
    });
}

/// What is left is to be done in the loop's next turn.
bool call_again(loop_server& self) {
    if (!self.again)
        self.again = static_cast<bool>(py_ref{PyObject_CallMethod(
            self.loop.get(), "call_soon", "N", PyObject_GetAttrString(self.self, "go_on"))});
    return self.again;
}

/// Has the loop call at the next deadline. A loop's timers have milliseconds: it is not called
/// before.
bool arm(loop_server& self) {
    const auto next = self.native->next_deadline();
    if (!next || (self.due && *self.due <= *next)) return true;
    const auto wait = std::chrono::ceil<milliseconds>(*next - std::chrono::steady_clock::now());
    const double seconds = static_cast<double>(std::max(wait, milliseconds{0}).count()) / 1e3;
    if (const py_ref before{std::exchange(self.timer, {})})
        if (!py_ref{PyObject_CallMethod(before.get(), "cancel", nullptr)}) return false;
    self.timer = py_ref{PyObject_CallMethod(self.loop.get(), "call_later", "dN", seconds,
                                            PyObject_GetAttrString(self.self, "on_time"))};
    if (!self.timer) return false;
    self.due = next;
    return true;
}

bool is_run(const loop_server& self) {
    return self.loop && !self.native->is_shut_down() && !self.native->inherited();
}

PyObject* poll(loop_server& self) {
    const py_ref kept = py_ref::share(self.self);
    const auto native = self.native;
    if (!native->poll()) {
        const error_aside whatever_it_raised;
        if (is_run(self) && native->has_more() && !call_again(self)) PyErr_Clear();
        if (is_run(self) && !arm(self)) PyErr_Clear(); // the loop may be run again
        return nullptr;
    }
    if (!is_run(self) || ((!native->has_more() || call_again(self)) && arm(self))) Py_RETURN_NONE;
    return nullptr;
}

PyObject* go_on(loop_server& self) {
    self.again = false;
    return poll(self);
}

PyObject* on_time(loop_server& self) {
    self.due = std::nullopt;
    self.timer = {};
    return poll(self);
}

PyObject* fileno(loop_server& self) { return PyLong_FromLong(self.native->fileno()); }

PyObject* open_channel(loop_server& self, call c) {
    const auto home = self.native;
    return create_channel(home, c).release();
}

PyObject* open_call(loop_server& self, call c) {
    const auto home = self.native;
    return create_call(home, c).release();
}

PyObject* shutdown(loop_server& self) {
    const auto native = self.native;
    if (const py_ref before{std::exchange(self.timer, {})})
        if (!py_ref{PyObject_CallMethod(before.get(), "cancel", nullptr)}) PyErr_Clear();
    native->shutdown();
    Py_RETURN_NONE;
}

PyObject* get_inherited(const loop_server& self) {
    return PyBool_FromLong(self.native->inherited());
}

} // namespace

void bind_loop_server() {
    heap_type<loop_server>::add({
        .name = "rtpsynth._rtpsynth.LoopServer",
        .doc =
            "The channels of rtpsynth.aio that their event loop runs; with threaded, the calls of "
            "rtpsynth.voice, which a thread runs.",
        .flags = Py_TPFLAGS_IMMUTABLETYPE,
        .make = make,
        .methods = {method<open_channel>("create_channel(*args, **kwargs)", "As RtpServer's."),
                    method<open_call>("create_call(*args, **kwargs)",
                                      "As RtpServer's, with an Inbox in place of on_event."),
                    method<"poll()", poll>("Serves what is ready. In the loop's thread."),
                    method<"go_on()", go_on>("poll(), for what the last one has left."),
                    method<"on_time()", on_time>("What the loop's timer calls."),
                    method<"fileno()", fileno>("The descriptor to watch; -1 if there is none."),
                    method<"shutdown()", shutdown>("Closes all sockets. Nothing may watch fileno() "
                                                   "any more.")},
        .attributes = {attribute<get_inherited>("inherited", "Whether it was made before fork().")},
    });
}

} // namespace rtpsynth::python
