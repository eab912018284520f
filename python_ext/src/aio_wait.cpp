#include "aio_wait.hpp"

#include "aio_inbox.hpp"
#include "threads/gil.hpp"

#include <new>

namespace rtpsynth::python {

namespace {

using state = aio_wait::state;

aio_inbox& inbox_of(const aio_wait& w) noexcept {
    return instance_of<aio_inbox>(w.inbox.get()).payload;
}

PySendResult fail(PyObject* error, const char* text = nullptr) {
    if (text != nullptr)
        PyErr_SetString(error, text);
    else
        PyErr_SetNone(error);
    return PYGEN_ERROR;
}

void set_cancelled() {
    const py_ref module{PyImport_ImportModule("asyncio")};
    const py_ref type{module ? PyObject_GetAttrString(module.get(), "CancelledError") : nullptr};
    if (type) PyErr_SetNone(type.get());
}

PySendResult closed(const aio_wait& w) {
    return w.iterates ? fail(PyExc_StopAsyncIteration)
                      : fail(PyExc_RuntimeError,
                             inbox_of(w).voice ? "call is closed" : "channel is closed");
}

PySendResult begin(aio_wait& w, PyObject** out) {
    w.is = state::finished;
    aio_inbox& box = inbox_of(w);
    if (box.closed) return closed(w);
    if (box.ready()) {
        *out = box.take().release();
        return *out != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
    }
    if (PyErr_Occurred()) return PYGEN_ERROR;
    try {
        box.waiters.push(py_ref::share(w.self));
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        return PYGEN_ERROR;
    }
    w.is = state::waiting;
    w.blocking = true;
    *out = py_ref::share(w.self).release();
    return PYGEN_NEXT;
}

PySendResult send(PyObject* self, PyObject*, PyObject** out) {
    aio_wait& w = instance_of<aio_wait>(self).payload;
    *out = nullptr;
    switch (w.is) {
    case state::fresh:
        return begin(w, out);
    case state::given:
        w.is = state::finished;
        return *out = w.item.release(), PYGEN_RETURN;
    case state::ended:
        w.is = state::finished;
        return closed(w);
    case state::cancelled:
        w.is = state::finished;
        set_cancelled();
        return PYGEN_ERROR;
    case state::waiting:
        return fail(PyExc_RuntimeError, "only a task of its loop can await this");
    case state::finished:
        break;
    }
    return fail(PyExc_RuntimeError, "cannot await what was awaited already");
}

/// \return what is yielded, or null with StopIteration or an error set
PyObject* step(PyObject* self) {
    PyObject* result;
    const PySendResult is = send(self, Py_None, &result);
    if (is != PYGEN_RETURN) return result;
    const py_ref value{result};
    const py_ref stop{PyObject_CallOneArg(PyExc_StopIteration, result)}; // which may be a tuple
    if (stop) PyErr_SetObject(PyExc_StopIteration, stop.get());
    return nullptr;
}

PyObject* send_method(aio_wait& self, const arguments<1>&) { return step(self.self); }

PyObject* throw_method(aio_wait& self, const arguments<3>& a) {
    const py_ref kept = py_ref::share(self.self);
    self.give_up();
    PyObject* const value = a[1] == Py_None ? nullptr : a[1];
    if (PyExceptionInstance_Check(a[0])) {
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(a[0])), a[0]);
    } else if (PyExceptionClass_Check(a[0])) {
        PyErr_SetObject(a[0], value);
    } else {
        PyErr_SetString(PyExc_TypeError, "exceptions must derive from BaseException");
    }
    return nullptr;
}

PyObject* close_method(aio_wait& self) {
    const py_ref kept = py_ref::share(self.self);
    self.give_up();
    Py_RETURN_NONE;
}

// A future's, for the task that waits.

PyObject* add_done_callback(aio_wait& self, const arguments<2>& a) {
    if (self.callback) {
        PyErr_SetString(PyExc_RuntimeError, "somebody waits for this already");
        return nullptr;
    }
    self.callback = py_ref::share(a[0]);
    self.context =
        a[1] == nullptr || a[1] == Py_None ? py_ref{PyContext_CopyCurrent()} : py_ref::share(a[1]);
    if (self.is != state::waiting && !self.resume(false)) return nullptr;
    Py_RETURN_NONE;
}

PyObject* remove_done_callback(aio_wait& self, const arguments<1>& a) {
    const int same = self.callback ? PyObject_RichCompareBool(self.callback.get(), a[0], Py_EQ) : 0;
    if (same < 0) return nullptr;
    if (same == 1) self.callback = {};
    return PyLong_FromLong(same);
}

PyObject* cancel(aio_wait& self, const arguments<1>&) {
    if (self.is != state::waiting) Py_RETURN_FALSE;
    inbox_of(self).forget(self);
    self.is = state::cancelled;
    return self.resume(false) ? py_ref::share(Py_True).release() : nullptr;
}

PyObject* cancelled(aio_wait& self) { return PyBool_FromLong(self.is == state::cancelled); }

PyObject* done(aio_wait& self) {
    return PyBool_FromLong(self.is != state::fresh && self.is != state::waiting);
}

/// What was received is returned to whoever awaits, and to nobody else.
PyObject* result(aio_wait& self) {
    if (self.is != state::cancelled) Py_RETURN_NONE;
    set_cancelled();
    return nullptr;
}

PyObject* get_loop(aio_wait& self) {
    return py_ref::share(self.inbox ? inbox_of(self).loop.get() : Py_None).release();
}

/// None, and so no future, unless somebody waits.
PyObject* get_blocking(PyObject* self, void*) {
    const aio_wait& w = instance_of<aio_wait>(self).payload;
    if (w.is == state::fresh || w.is == state::finished) Py_RETURN_NONE;
    return PyBool_FromLong(w.blocking);
}

int set_blocking(PyObject* self, PyObject* value, void*) {
    const int blocking = value != nullptr ? PyObject_IsTrue(value) : 0;
    if (blocking < 0) return -1;
    instance_of<aio_wait>(self).payload.blocking = blocking == 1;
    return 0;
}

PyObject* myself(PyObject* self) { return py_ref::share(self).release(); }

} // namespace

int aio_wait::traverse(visitproc visit, void* arg) const {
    Py_VISIT(inbox.get());
    Py_VISIT(item.get());
    Py_VISIT(callback.get());
    Py_VISIT(context.get());
    return 0;
}

void aio_wait::clear() {
    item = {};
    callback = {};
    context = {};
    inbox = {};
}

void aio_wait::detach() noexcept {
    if (is == state::waiting) inbox_of(*this).forget(*this);
    is = state::finished;
}

void aio_wait::finalize(PyObject*) { give_up(); }

bool aio_wait::give(py_ref received, bool at_once) {
    item = std::move(received);
    is = state::given;
    return resume(at_once);
}

bool aio_wait::resume(bool at_once) {
    const py_ref kept = py_ref::share(self);
    const py_ref home = py_ref::share(inbox.get());
    const py_ref function{std::move(callback)};
    const py_ref in{std::move(context)};
    if (!function) return true;
    const aio_inbox& box = instance_of<aio_inbox>(home.get()).payload;
    if (!at_once || !PyContext_CheckExact(in.get()))
        return box.call_soon(function.get(), self, in.get());
    if (PyContext_Enter(in.get()) != 0) { // it is entered already
        PyErr_Clear();
        return box.call_soon(function.get(), self, in.get());
    }
    PyObject* args[] = {nullptr, self};
    const bool well = static_cast<bool>(call_python(function.get(), args + 1, 1));
    {
        const error_aside whatever_it_raised;
        if (PyContext_Exit(in.get()) != 0) PyErr_Clear();
    }
    // No task may run inside another one, from which this has been called.
    if (!well && is == state::given && PyErr_ExceptionMatches(PyExc_RuntimeError)) {
        PyErr_Clear();
        return box.call_soon(function.get(), self, in.get());
    }
    return well || box.report("Exception in a task that waits for a channel");
}

void aio_wait::give_up() {
    const state was = std::exchange(is, state::finished);
    if (was != state::waiting && was != state::given) return;
    const py_ref home = py_ref::share(inbox.get());
    aio_inbox& box = inbox_of(*this);
    const py_ref nobody{std::move(callback)};
    const py_ref its{std::move(context)};
    if (was == state::waiting) return box.forget(*this);
    if (box.closed || box.loop_is_closed()) return;
    try {
        box.items.put_back(std::move(item));
    } catch (const std::bad_alloc&) {
        ++box.dropped;
    }
    if (!box.wake(false)) PyErr_Clear();
}

PyObject* make_wait(PyObject* inbox, bool iterates) {
    return heap_type<aio_wait>::create([&](instance<aio_wait>& object) {
               object.payload.self = object.object();
               object.payload.inbox = py_ref::share(inbox);
               object.payload.iterates = iterates;
               return true;
           })
        .release();
}

void bind_wait() {
    heap_type<aio_wait>::add({
        .name = "rtpsynth._rtpsynth._Wait",
        .doc = "What awaits a channel's next packet or frame.",
        .flags = Py_TPFLAGS_IMMUTABLETYPE,
        .methods =
            {method<"send(value)", send_method>("As a generator's."),
             method<"throw(type, value=None, traceback=None)", throw_method>("As a generator's."),
             method<"close()", close_method>("As a generator's."),
             method<"add_done_callback(fn, context=None)", add_done_callback>("As a future's."),
             method<"remove_done_callback(fn)", remove_done_callback>("As a future's."),
             method<"cancel(msg=None)", cancel>("As a future's."),
             method<"cancelled()", cancelled>("As a future's."),
             method<"done()", done>("As a future's."),
             method<"result()", result>("None: what is received is awaited."),
             method<"get_loop()", get_loop>("As a future's.")},
        .attributes = {{"_asyncio_future_blocking", get_blocking, set_blocking,
                        "asyncio's handshake; None unless somebody waits.", nullptr}},
        .slots = {slot(Py_am_await, myself), slot(Py_am_send, send), slot(Py_tp_iter, myself),
                  slot(Py_tp_iternext, step)},
    });
}

} // namespace rtpsynth::python
