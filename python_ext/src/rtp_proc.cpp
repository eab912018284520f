#include "core/call.hpp"
#include "core/heap_type.hpp"
#include "core/stats.hpp"
#include "public_types.hpp"
#include "rtp_proc_channel.hpp"
#include "threads/proc.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <new>
#include <utility>

namespace rtpsynth::python {

namespace {

struct proc_object : weak_object {
    std::shared_ptr<proc> native;
};

proc_object* current = nullptr; // the one instance, owned

proc_object& as_proc(PyObject* self) { return *reinterpret_cast<proc_object*>(self); }

PyObject* make(PyTypeObject* type, PyObject* args, PyObject* keywords) {
    if (PyTuple_GET_SIZE(args) != 0 || (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0)) {
        PyErr_SetString(PyExc_TypeError, "RtpProc() takes no arguments");
        return nullptr;
    }
    return translated([&]() -> PyObject* {
        if (current == nullptr || current->native->is_shut_down() ||
            current->native->is_inherited()) {
            auto native = std::make_shared<proc>();
            py_ref made{type->tp_alloc(type, 0)};
            if (!made) return nullptr;
            new (&as_proc(made.get()).native) std::shared_ptr<proc>{std::move(native)};
            const py_ref before{reinterpret_cast<PyObject*>(current)};
            current = &as_proc(made.release());
        }
        return py_ref::share(reinterpret_cast<PyObject*>(current)).release();
    });
}

void destroy(PyObject* object) {
    proc_object& self = as_proc(object);
    clear_weak_references(self);
    {
        const error_aside kept;
        self.native.~shared_ptr();
    }
    free_object(object);
}

constexpr const char* create_channel_doc =
    "create_channel($self, /, proc_in)\n--\n\n"
    "Calls proc_in(now_ns, 0) on the worker thread, and when it has returned, returns its\n"
    "RtpProcChannel. Later calls are proc_in(now_ns, deadline_ns), never before the deadline, "
    "which\n"
    "is what the call before returned: CLOCK_MONOTONIC, as time.monotonic_ns(); the past means\n"
    "now. None ends the schedule. Anything else, and what proc_in raises, ends it too, and is\n"
    "raised by RtpProcChannel.close().\n\n"
    "Raises TypeError if proc_in is not callable, RuntimeError after shutdown().";
constexpr parameters<1> create_channel_parameters{"create_channel", 1, {"proc_in"}};

PyObject* create_channel(PyObject* object, call c) {
    std::array<PyObject*, 1> a;
    if (!create_channel_parameters.parse(c, a)) return nullptr;
    if (!PyCallable_Check(a[0])) {
        PyErr_SetString(PyExc_TypeError, "proc_in must be callable");
        return nullptr;
    }
    const auto native = as_proc(object).native;
    if (!native->check_usable()) return nullptr;
    try {
        return open_proc_channel(native, a[0]).release();
    } catch (const boost::system::system_error& e) {
        if (e.code() != boost::asio::error::operation_aborted) throw;
        PyErr_SetString(PyExc_RuntimeError, "RtpProc is shutting down");
        return nullptr;
    }
}

constexpr const char* shutdown_doc =
    "shutdown($self, /)\n--\n\n"
    "Ends all schedules and the worker thread; no call starts any more, and one that runs is "
    "waited\n"
    "for only briefly. May be called any number of times, from anywhere.";
constexpr parameters<0> shutdown_parameters{"shutdown", 0, {}};

PyObject* shutdown(PyObject* object, call c) {
    std::array<PyObject*, 0> a;
    if (!shutdown_parameters.parse(c, a)) return nullptr;
    const auto native = as_proc(object).native;
    native->shutdown();
    Py_RETURN_NONE;
}

PyObject* leave(PyObject* self, PyObject*) {
    const py_ref done{shutdown(self, {nullptr, 0, nullptr})};
    if (!done) return nullptr;
    Py_RETURN_FALSE;
}

PyObject* get_stats(PyObject* self, void*) {
    const auto native = as_proc(self).native;
    if (native->is_inherited()) return native->check_usable(), nullptr;
    return translated([&] {
        const auto n = native->worker()->native().stats();
        const auto ns = [&](duration d) { return static_cast<std::uint64_t>(d.count()); };
        return make_stats({{"channels", n.channels},
                           {"calls", n.calls},
                           {"overdue", n.overdue},
                           {"exceptions", n.exceptions + native->worker()->exceptions()},
                           {"lateness_p50_ns", ns(n.lateness.quantile(0.5))},
                           {"lateness_p99_ns", ns(n.lateness.quantile(0.99))},
                           {"lateness_max_ns", ns(n.lateness.max())}})
            .release();
    });
}

PyMethodDef methods[] = {function<create_channel>("create_channel", create_channel_doc),
                         function<shutdown>("shutdown", shutdown_doc),
                         enter_method(),
                         exit_method(leave, "__exit__($self, /, *exc)\n--\n\nshutdown()."),
                         {}};

PyGetSetDef attributes[] = {
    {"stats", get_stats, nullptr,
     "A dict of ints: channels (open now), calls, overdue (calls whose deadline had passed when\n"
     "it was given), exceptions (that ended a schedule), and how late the other calls were:\n"
     "lateness_p50_ns, lateness_p99_ns, lateness_max_ns.",
     nullptr},
    {}};

constexpr const char* proc_doc =
    "RtpProc()\n--\n\n"
    "Calls Python functions at the times they ask for, on one worker thread: the one instance, or "
    "a\n"
    "fresh one after shutdown().\n\n"
    "A channel that is always overdue takes turns with the others. Every method may be called "
    "from\n"
    "any thread and from inside any callback. `with RtpProc() as proc:` shuts it down. After "
    "fork()\n"
    "the child makes one of its own. Raises OSError if there can be no thread.";

} // namespace

void bind_proc() {
    bind_proc_channel_type();
    PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(proc_doc)},
                           slot(Py_tp_new, make),
                           {Py_tp_methods, methods},
                           {Py_tp_getset, attributes},
                           {Py_tp_members, weak_members},
                           slot(Py_tp_dealloc, destroy),
                           {0, nullptr}};
    PyType_Spec spec{"rtpsynth.RtpProc.RtpProc", sizeof(proc_object), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};
    add_type("RtpProc", spec);
}

} // namespace rtpsynth::python
