#include "rtp_proc_channel.hpp"

#include "threads/gil.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace rtpsynth::python {

namespace {

PyObject* channel_proc_error = nullptr;

/// Takes the exception that is set.
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

/// Ends a schedule that has failed, with an exception set. \return nullopt
std::nullopt_t fail(proc_worker& worker, proc_link& link, PyObject* callback) {
    worker.count_exception();
    py_ref error = guarded(take_exception); // which may run any code
    if (link.channel != nullptr) {
        link.channel->payload.error = std::move(error);
    } else { // closed meanwhile: close() raises it no more
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
        write_unraisable(callback);
    }
    return std::nullopt;
}

/// When the next call is due; clamped, since Python's integers have no bounds.
std::optional<time_point> to_time(PyObject* number) {
    int overflow = 0;
    const long long n = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow > 0) return time_point::max();
    if (overflow < 0 || n < 0)
        return time_point{duration{1}}; // in the past; 0 is for the first call
    return time_point{duration{n}};
}

/// Calls back, with the GIL held.
std::optional<time_point> call_back(proc_worker& worker, proc_link& link, time_point now) {
    if (link.channel == nullptr || link.channel->payload.owner->is_shut_down()) return std::nullopt;
    const py_ref kept = py_ref::share(link.channel->object());
    proc_channel& channel = link.channel->payload;
    const py_ref callback = py_ref::share(channel.callback.get());
    const py_ref time{PyLong_FromLongLong(now.time_since_epoch().count())};
    const py_ref deadline =
        channel.deadline ? py_ref::share(channel.deadline.get()) : py_ref{PyLong_FromLong(0)};
    if (!time || !deadline) return fail(worker, link, callback.get());
    PyObject* args[] = {nullptr, time.get(), deadline.get()};
    py_ref next = call_back_python(callback.get(), args + 1, 2);
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
    channel.deadline = std::move(next);
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

PyObject* close(proc_channel& self) {
    if (self.closed) {
        PyErr_SetString(PyExc_RuntimeError, "channel is already closed");
        return nullptr;
    }
    self.detach();
    const py_ref callback{std::move(self.callback)};
    py_ref error = std::move(self.error);
    self.native->close();
    if (error) return raise_channel_error(std::move(error)), nullptr;
    Py_RETURN_NONE;
}

bool leave_channel(proc_channel& self, PyObject*) {
    return self.closed || static_cast<bool>(py_ref{close(self)});
}

PyObject* get_closed(const proc_channel& self) { return PyBool_FromLong(self.closed); }

PyObject* get_id(const proc_channel& self) {
    return PyLong_FromUnsignedLongLong(self.native->id());
}

constexpr const char* channel_doc =
    R"(One callback's schedule, made by RtpProc.create_channel.

A channel that nothing refers to any more is closed, even if its callback refers to it; what ended
its schedule then goes to sys.unraisablehook. `with channel:` closes it.)";

constexpr const char* close_doc =
    R"(On return no further call starts; a call that runs already is not waited for.

Raises ChannelProcError from the exception that ended the schedule, if one did; RuntimeError if the
channel is closed.)";

constexpr const char* closed_doc =
    "True after close(). Stays False when the RtpProc is shut down, and when the schedule ends.";

} // namespace

int proc_channel::traverse(visitproc visit, void* arg) const {
    Py_VISIT(callback.get());
    Py_VISIT(error.get());
    Py_VISIT(deadline.get());
    return 0;
}

void proc_channel::clear() {
    callback = {};
    error = {};
    deadline = {};
}

void proc_channel::detach() noexcept {
    if (link) link->channel = nullptr;
    closed = true;
}

void proc_channel::finalize(PyObject* self) {
    if (!error) return;
    raise_channel_error(std::move(error));
    write_unraisable(self);
}

py_ref open_proc_channel(const std::shared_ptr<proc>& owner, PyObject* callback) {
    return heap_type<proc_channel>::create([&](proc_channel_object& object) {
        proc_channel& self = object.payload;
        self.owner = owner;
        self.callback = py_ref::share(callback);
        const auto link = std::make_shared<proc_link>();
        self.link = link;
        link->channel = &object;

        const auto worker = owner->worker();
        std::shared_ptr<asio_server::rtp_proc_channel> native;
        if (owner->on_worker()) { // which cannot wait for itself
            const auto next = call_back(*worker, *link, std::chrono::steady_clock::now());
            native = worker->native().create_channel(handler{worker, link, next});
        } else {
            const gil_released others_run;
            native = worker->native().create_channel(handler{worker, link});
            link->first_call.acquire();
        }
        self.native = std::move(native);
        return true;
    });
}

void bind_proc_channel() {
    heap_type<proc_channel>::add({
        .name = "rtpsynth.RtpProc.RtpProcChannel",
        .doc = channel_doc,
        .flags = Py_TPFLAGS_IMMUTABLETYPE,
        .methods = {method<"close()", close>(close_doc), enter(),
                    leave<leave_channel>("close(), unless it is closed.")},
        .attributes = {attribute<get_closed>("closed", closed_doc),
                       attribute<get_id>("id", "Unique in the process.")},
    });
    channel_proc_error = add_exception(
        "rtpsynth.RtpProc.ChannelProcError",
        "A channel's callback raised, or returned neither an int nor None; the cause is attached.",
        PyExc_RuntimeError);
}

} // namespace rtpsynth::python
