#include "rtp_proc_channel.hpp"

#include "core/call.hpp"
#include "core/heap_type.hpp"

#include <chrono>
#include <new>
#include <optional>
#include <utility>

namespace rtpsynth::python {

namespace {

PyTypeObject* channel_type = nullptr;
PyObject* channel_proc_error = nullptr;

proc_channel_object& as_channel(PyObject* self) {
    return *reinterpret_cast<proc_channel_object*>(self);
}

/// The exception that is set, which then is set no more.
py_ref take_exception() {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace != nullptr) PyException_SetTraceback(value, trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
    return py_ref{value};
}

/// Sets ChannelProcError from the exception that ended the schedule.
void raise_channel_error(py_ref cause) {
    PyErr_Format(channel_proc_error, "proc_in failed: %R", cause.get());
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (PyExceptionInstance_Check(value)) PyException_SetCause(value, cause.release());
    PyErr_Restore(type, value, trace);
}

/// From here on no callback begins.
void detach(proc_channel_object& self) noexcept {
    if (self.s.link) self.s.link->channel = nullptr;
    self.s.closed = true;
}

/// The schedule has failed, with an exception set. \return nothing
std::nullopt_t fail(proc_worker& worker, proc_link& link, PyObject* callback) {
    worker.count_exception();
    py_ref error = guarded(take_exception); // which may run any code
    if (link.channel != nullptr) {
        link.channel->s.error = std::move(error);
    } else { // closed meanwhile: nobody will ask
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
        write_unraisable(callback);
    }
    return std::nullopt;
}

/// When the next call is due. Python's numbers have no end; the clock's do.
std::optional<time_point> to_time(PyObject* number) {
    int overflow = 0;
    const long long n = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow > 0) return time_point::max();
    if (overflow < 0 || n < 0) return time_point{duration{1}}; // past, and not a first call's
    return time_point{duration{n}};
}

/// Calls back, with the GIL held.
std::optional<time_point> call_back(proc_worker& worker, proc_link& link, time_point now) {
    if (link.channel == nullptr || link.channel->s.owner->is_shut_down()) return std::nullopt;
    proc_channel_object& channel = *link.channel;
    const py_ref kept = py_ref::share(reinterpret_cast<PyObject*>(&channel));
    const py_ref callback = py_ref::share(channel.callback);
    const py_ref time{PyLong_FromLongLong(now.time_since_epoch().count())};
    const py_ref deadline =
        channel.s.deadline ? py_ref::share(channel.s.deadline.get()) : py_ref{PyLong_FromLong(0)};
    if (!time || !deadline) return fail(worker, link, callback.get());
    PyObject* args[] = {nullptr, time.get(), deadline.get()};
    py_ref next = call_python(callback.get(), args + 1, 2);
    if (!next) return fail(worker, link, callback.get());
    if (next.get() == Py_None) return std::nullopt;
    if (!PyLong_Check(next.get())) {
        guarded([&] {
            return PyErr_Format(PyExc_TypeError,
                                "proc_in must return an int (ns) or None, not %.200s",
                                Py_TYPE(next.get())->tp_name);
        });
        return fail(worker, link, callback.get());
    }
    if (link.channel == nullptr) return std::nullopt;
    const auto due = to_time(next.get());
    channel.s.deadline = std::move(next);
    return due;
}

/// What the native channel calls, on the worker.
class handler {
public:
    handler(std::shared_ptr<proc_worker> worker, std::shared_ptr<proc_link> link)
        : worker_{std::move(worker)}, link_{std::move(link)} {}
    /// With the first call made already, which returned \p next.
    handler(std::shared_ptr<proc_worker> worker, std::shared_ptr<proc_link> link,
            std::optional<time_point> next)
        : handler{std::move(worker), std::move(link)} {
        made_ = true;
        next_ = next;
    }
    handler(handler&&) = default;
    ~handler() {
        if (link_ && !told_) link_->first_call.release();
    }

    std::optional<time_point> operator()(time_point now, time_point) {
        if (std::exchange(made_, false)) return next_;
        interpreter_scope scope;
        if (worker_->need_gil()) now = std::chrono::steady_clock::now();
        const auto next = call_back(*worker_, *link_, now);
        scope.leave();
        if (!std::exchange(told_, true)) link_->first_call.release();
        return next;
    }

private:
    std::shared_ptr<proc_worker> worker_;
    std::shared_ptr<proc_link> link_;
    std::optional<time_point> next_;
    bool made_ = false;
    bool told_ = false;
};

constexpr const char* close_doc =
    "close($self, /)\n--\n\n"
    "On return no call starts any more; one that runs already is not waited for.\n\n"
    "Raises ChannelProcError from the exception that ended the schedule, if one did; RuntimeError\n"
    "if the channel is closed.";
constexpr parameters<0> close_parameters{"close", 0, {}};

PyObject* close(PyObject* object, call c) {
    std::array<PyObject*, 0> a;
    proc_channel_object& self = as_channel(object);
    if (!close_parameters.parse(c, a)) return nullptr;
    if (self.s.closed) {
        PyErr_SetString(PyExc_RuntimeError, "channel is already closed");
        return nullptr;
    }
    detach(self);
    const py_ref callback{std::exchange(self.callback, nullptr)};
    py_ref error = std::move(self.s.error);
    if (const auto channel = self.s.channel) channel->close();
    if (error) return raise_channel_error(std::move(error)), nullptr;
    Py_RETURN_NONE;
}

PyObject* leave(PyObject* object, PyObject*) {
    if (as_channel(object).s.closed) Py_RETURN_FALSE;
    const py_ref done{close(object, {nullptr, 0, nullptr})};
    if (!done) return nullptr;
    Py_RETURN_FALSE;
}

PyObject* get_closed(PyObject* object, void*) {
    return PyBool_FromLong(as_channel(object).s.closed);
}

PyObject* get_id(PyObject* object, void*) {
    const auto& channel = as_channel(object).s.channel;
    if (channel) return PyLong_FromUnsignedLongLong(channel->id());
    PyErr_SetString(PyExc_RuntimeError, "channel is not open yet");
    return nullptr;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    const proc_channel_object& self = as_channel(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self.callback);
    Py_VISIT(self.s.error.get());
    Py_VISIT(self.s.deadline.get());
    return 0;
}

int clear(PyObject* object) {
    proc_channel_object& self = as_channel(object);
    detach(self);
    Py_CLEAR(self.callback);
    self.s.error = {};
    self.s.deadline = {};
    return 0;
}

void finalize(PyObject* object) {
    proc_channel_object& self = as_channel(object);
    if (!self.s.error) return;
    const error_aside kept;
    raise_channel_error(std::move(self.s.error));
    write_unraisable(object);
}

void destroy(PyObject* object) {
    if (PyObject_CallFinalizerFromDealloc(object) != 0) return;
    proc_channel_object& self = as_channel(object);
    detach(self); // before any more code runs, which would let a callback revive it
    PyObject_GC_UnTrack(object);
    clear_weak_references(self);
    Py_CLEAR(self.callback);
    self.s.channel.reset();
    self.s.~state();
    free_object(object);
}

PyMethodDef methods[] = {
    function<close>("close", close_doc),
    enter_method(),
    exit_method(leave, "__exit__($self, /, *exc)\n--\n\nclose(), unless it is closed."),
    {}};

PyGetSetDef attributes[] = {
    {"closed", get_closed, nullptr,
     "True after close(). Stays False when the RtpProc is shut down, and when the schedule ends.",
     nullptr},
    {"id", get_id, nullptr, "Unique in the process.", nullptr},
    {}};

constexpr const char* channel_doc =
    "One callback's schedule, made by RtpProc.create_channel.\n\n"
    "A channel that nobody refers to any more is closed, also if its callback refers to it; what\n"
    "ended its schedule then goes to sys.unraisablehook. `with channel:` closes it.";

} // namespace

py_ref open_proc_channel(const std::shared_ptr<proc>& owner, PyObject* callback) {
    auto* const self =
        reinterpret_cast<proc_channel_object*>(channel_type->tp_alloc(channel_type, 0));
    py_ref object{reinterpret_cast<PyObject*>(self)};
    if (!object) return object;
    PyObject_GC_UnTrack(object.get()); // nobody sees it before it is whole
    new (&self->s) proc_channel_object::state;
    self->s.owner = owner;
    Py_INCREF(callback);
    self->callback = callback;
    const auto link = std::make_shared<proc_link>();
    self->s.link = link;
    link->channel = self;

    const auto worker = owner->worker();
    std::shared_ptr<asio_server::rtp_proc_channel> channel;
    if (owner->on_worker()) { // who could not wait for itself
        const auto next = call_back(*worker, *link, std::chrono::steady_clock::now());
        channel = worker->native().create_channel(handler{worker, link, next});
    } else {
        const gil_released others_run;
        channel = worker->native().create_channel(handler{worker, link});
        link->first_call.acquire();
    }
    self->s.channel = std::move(channel);
    PyObject_GC_Track(object.get());
    return object;
}

void bind_proc_channel_type() {
    PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(channel_doc)},
                           {Py_tp_methods, methods},
                           {Py_tp_getset, attributes},
                           {Py_tp_members, weak_members},
                           slot(Py_tp_traverse, traverse),
                           slot(Py_tp_clear, clear),
                           slot(Py_tp_finalize, finalize),
                           slot(Py_tp_dealloc, destroy),
                           {0, nullptr}};
    PyType_Spec spec{"rtpsynth.RtpProc.RtpProcChannel", sizeof(proc_channel_object), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                         Py_TPFLAGS_IMMUTABLETYPE,
                     slots};
    channel_type = add_type("RtpProcChannel", spec);
    channel_proc_error = add_exception(
        "ChannelProcError", "rtpsynth.RtpProc.ChannelProcError",
        "A channel's callback raised, or returned neither an int nor None; the cause is attached.",
        PyExc_RuntimeError);
}

} // namespace rtpsynth::python
