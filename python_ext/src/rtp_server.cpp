#include "channel_arguments.hpp"
#include "core/call.hpp"
#include "core/heap_type.hpp"
#include "core/stats.hpp"
#include "public_types.hpp"
#include "rtp_channel.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cmath>
#include <new>
#include <utility>

namespace rtpsynth::python {

namespace bp = boost::python;

namespace {

constexpr double most_hz = 1e6, least_hz = 0.1;

bool to_tick(PyObject* tick_hz, std::optional<duration>& out) {
    if (tick_hz == Py_None) return out = std::nullopt, true;
    const double hz = PyFloat_AsDouble(tick_hz);
    if (hz == -1 && PyErr_Occurred()) return false;
    if (!(hz >= least_hz && hz <= most_hz)) {
        PyErr_Format(PyExc_ValueError, "tick_hz must be > 0, 0.1..1000000 Hz, or None, not %R",
                     tick_hz);
        return false;
    }
    out = duration{std::llround(1e9 / hz)};
    return true;
}

/// The Python object: a heap type, since an application that derives from it often is the owner of
/// its channels' callbacks, and must be collectable all the same.
struct server_object : weak_object {
    std::shared_ptr<server> native; // null without __init__
};

server_object& as_server(PyObject* self) { return *reinterpret_cast<server_object*>(self); }

/// \return null with TypeError set if __init__ did not run
const std::shared_ptr<server>& native_of(PyObject* self) {
    const auto& native = as_server(self).native;
    if (!native) PyErr_SetString(PyExc_TypeError, "RtpServer.__init__() was not called");
    return native;
}

PyObject* make(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* const self = type->tp_alloc(type, 0);
    if (self != nullptr) new (&as_server(self).native) std::shared_ptr<server>;
    return self;
}

int initialise(PyObject* self, PyObject* args, PyObject* keywords) {
    static const char* const names[] = {"tick_hz", nullptr};
    PyObject* tick_hz = nullptr;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O:RtpServer", const_cast<char**>(names),
                                     &tick_hz))
        return -1;
    asio_server::server_options options;
    if (tick_hz != nullptr && !to_tick(tick_hz, options.tick)) return -1;
    const py_ref done{translated([&] {
        // A second __init__ leaves the first server to its channels.
        const auto before =
            std::exchange(as_server(self).native, std::make_shared<server>(options));
        return py_ref::share(Py_None).release();
    })};
    return done ? 0 : -1;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    return 0;
}

void destroy(PyObject* object) {
    server_object& self = as_server(object);
    PyObject_GC_UnTrack(object);
    clear_weak_references(self);
    {
        const error_aside kept;
        self.native.~shared_ptr();
    }
    free_object(object);
}

PyObject* create_channel(PyObject* self, call c) {
    const auto home = native_of(self); // arguments may run any code
    channel_arguments a;
    if (!home || !home->check_usable() || !a.parse(c) || !home->check_usable()) return nullptr;
    try {
        return open_channel(home, a).release();
    } catch (const boost::system::system_error& e) {
        if (e.code() == boost::asio::error::operation_aborted)
            PyErr_SetString(PyExc_RuntimeError, "RtpServer is shutting down");
        else
            set_os_error(e.code().value(),
                         e.code().message() + ": " + asio_server::to_string(a.options.bind));
        return nullptr;
    }
}

constexpr const char* shutdown_doc =
    "shutdown($self, /)\n--\n\n"
    "Closes all sockets and ends the server's threads; no callback starts any more, and one that\n"
    "runs is waited for only briefly. May be called any number of times, from anywhere.";
constexpr parameters<0> shutdown_parameters{"shutdown", 0, {}};

PyObject* shutdown(PyObject* self, call c) {
    std::array<PyObject*, 0> a;
    const auto native = native_of(self);
    if (!native || !shutdown_parameters.parse(c, a)) return nullptr;
    native->shutdown();
    Py_RETURN_NONE;
}

PyObject* leave(PyObject* self, PyObject*) {
    const py_ref done{PyObject_CallMethod(self, "shutdown", nullptr)};
    if (!done) return nullptr;
    Py_RETURN_FALSE;
}

PyObject* get_tick_ns(PyObject* self, void*) {
    const auto& native = native_of(self);
    if (!native) return nullptr;
    const auto tick = native->native().tick();
    if (!tick) Py_RETURN_NONE;
    return PyLong_FromLongLong(tick->count());
}

PyObject* get_stats(PyObject* self, void*) {
    const auto native = native_of(self);
    if (!native) return nullptr;
    if (native->is_inherited()) return native->check_usable(), nullptr;
    const asio_server::server_stats n = native->native().stats();
    py_ref all = make_stats(n.channels);
    const callback_queue& queue = *native->queue();
    if (!all || !add_stat(all, "overrun", queue.lost()) ||
        !add_stat(all, "open_channels", n.open_channels) || !add_stat(all, "ticks", n.ticks) ||
        !add_stat(all, "handler_exceptions", n.handler_exceptions + queue.exceptions()))
        return nullptr;
    return all.release();
}

PyMethodDef methods[] = {function<create_channel>("create_channel", create_channel_doc),
                         function<shutdown>("shutdown", shutdown_doc),
                         enter_method(),
                         exit_method(leave, "__exit__($self, /, *exc)\n--\n\nshutdown()."),
                         {}};

PyGetSetDef attributes[] = {
    {"tick_ns", get_tick_ns, nullptr, "Nanoseconds between ticks; None for tick_hz=None.", nullptr},
    {"stats", get_stats, nullptr,
     "The sum over all channels there ever were, a dict of ints as RtpChannel.stats, and\n"
     "open_channels (now), ticks (on which something was sent) and handler_exceptions (raised by\n"
     "callbacks).",
     nullptr},
    {}};

constexpr const char* server_doc =
    "RtpServer(tick_hz=200)\n--\n\n"
    "UDP channels by the thousand.\n\n"
    "One thread does all input and output and never has the GIL; another calls the callbacks. "
    "Output\n"
    "queues are drained on a grid of tick_hz ticks a second, 0.1..1000000, and only while "
    "something\n"
    "is queued; with tick_hz=None at once. Datagrams are received as they arrive, ticks or not.\n\n"
    "Every method may be called from any thread and from inside any callback. `with server:` "
    "shuts\n"
    "it down. After fork() the child may only drop it. Raises ValueError, OSError.";

} // namespace

void bind_server() {
    bind_channel_type();
    PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(server_doc)},
                           slot(Py_tp_new, make),
                           slot(Py_tp_init, initialise),
                           {Py_tp_methods, methods},
                           {Py_tp_getset, attributes},
                           {Py_tp_members, weak_members},
                           slot(Py_tp_traverse, traverse),
                           slot(Py_tp_dealloc, destroy),
                           {0, nullptr}};
    PyType_Spec spec{"rtpsynth.RtpServer.RtpServer", sizeof(server_object), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
                         Py_TPFLAGS_IMMUTABLETYPE,
                     slots};
    add_type("RtpServer", spec);
}

} // namespace rtpsynth::python
