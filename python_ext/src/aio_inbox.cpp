#include "aio_inbox.hpp"

#include "aio_wait.hpp"
#include "threads/gil.hpp"
#include "voice_events.hpp"

#include <new>

namespace rtpsynth::python {

namespace {

constexpr unsigned most_in_a_row = 64; // taken before the loop's other tasks have their turn

PyTypeObject* inbox_type = nullptr;

// Interned, and kept for good:
PyObject* call_soon_name = nullptr;
PyObject* is_closed_name = nullptr;
PyObject* wake_name = nullptr;
PyObject* context_keyword = nullptr; // ("context",)

bool is_to_end_the_loop() {
    return PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) ||
           PyErr_ExceptionMatches(PyExc_SystemExit);
}

aio_wait& wait_of(const py_ref& waiter) noexcept {
    return instance_of<aio_wait>(waiter.get()).payload;
}

} // namespace

int aio_inbox::traverse(visitproc visit, void* arg) const {
    Py_VISIT(loop.get());
    Py_VISIT(packet_type.get());
    Py_VISIT(on_packet.get());
    Py_VISIT(context.get());
    Py_VISIT(wake_loop.get());
    for (const py_ref& item : items) Py_VISIT(item.get());
    for (const py_ref& waiter : waiters) Py_VISIT(waiter.get());
    return 0;
}

void aio_inbox::clear() {
    closed = true;
    const auto dropped_now = std::exchange(items, {});
    const auto garbage_too = std::exchange(waiters, {});
    on_packet = {};
    context = {};
    wake_loop = {};
    packet_type = {};
    loop = {};
}

bool aio_inbox::empty() const noexcept { return items.empty() && (!voice || voice->empty()); }

py_ref aio_inbox::take() { return items.empty() ? take_voice_event(*voice) : items.pop(); }

bool aio_inbox::put(py_ref item) {
    if (closed) return true;
    if (!threaded && items.empty() && !waiters.empty()) {
        const py_ref waiter = waiters.pop();
        return wait_of(waiter).give(std::move(item), true);
    }
    keep(std::move(item));
    return true;
}

void aio_inbox::keep(py_ref item) {
    if (closed) return;
    try {
        items.push(std::move(item));
    } catch (const std::bad_alloc&) {
        ++dropped;
        return;
    }
    if (items.size() <= limit) return;
    ++dropped;
    const py_ref oldest = items.pop();
}

bool aio_inbox::put_all(PyObject* list) {
    for (Py_ssize_t i = 0; i != PyList_GET_SIZE(list); ++i) {
        if (put(py_ref::share(PyList_GET_ITEM(list, i)))) continue;
        const error_aside kept; // the others in the loop's next run
        for (++i; i != PyList_GET_SIZE(list); ++i) keep(py_ref::share(PyList_GET_ITEM(list, i)));
        if (!items.empty() && !call_soon_wake()) PyErr_Clear();
        return false;
    }
    if (threaded) notify();
    return true;
}

void aio_inbox::notify() {
    if (closed) return;
    const bool wanted = !waking && !items.empty() && (!waiters.empty() || on_packet);
    waking = waking || wanted;
    const py_ref function = py_ref::share(wake_loop.get());
    const py_ref argument{wanted ? PyObject_GetAttr(self, wake_name)
                                 : py_ref::share(Py_None).release()};
    PyObject* args[] = {nullptr, argument.get()};
    if (!argument || !function || !call_python(function.get(), args + 1, 1)) write_unraisable(self);
}

bool aio_inbox::call_soon_wake() {
    waking = true;
    const py_ref function{PyObject_GetAttr(self, wake_name)};
    return function && call_soon(function.get(), nullptr, nullptr);
}

bool aio_inbox::wake(bool at_once) {
    waking = false;
    if (on_packet) {
        // A thread may put in as fast as the function takes.
        for (unsigned left = most_in_a_row; left != 0 && !items.empty() && !closed; --left) {
            const py_ref item = items.pop();
            PyObject* args[] = {nullptr, PyTuple_GET_ITEM(item.get(), 0),
                                PyTuple_GET_ITEM(item.get(), 1), PyTuple_GET_ITEM(item.get(), 2)};
            if (!call(args + 1)) break;
        }
        return leave_rest();
    }
    // A task that runs at once may wait again, so that others have their turn.
    for (std::size_t left = waiters.size(); left != 0 && !empty() && !waiters.empty(); --left) {
        py_ref item = take();
        if (!item) { // it is still there
            write_unraisable(self);
            break;
        }
        const py_ref waiter = waiters.pop();
        if (!wait_of(waiter).give(std::move(item), at_once)) break;
    }
    if (voice && waiters.empty()) voice->unwant();
    return leave_rest();
}

bool aio_inbox::leave_rest() {
    const bool wanted = !waking && !empty() && (!waiters.empty() || on_packet);
    if (PyErr_Occurred() == nullptr) return !wanted || call_soon_wake();
    const error_aside kept;
    if (wanted && !call_soon_wake()) PyErr_Clear();
    return false;
}

bool aio_inbox::ready() {
    const bool nothing_in_voice = !voice || voice->want();
    if (!waiters.empty() || (items.empty() && nothing_in_voice)) {
        taken_in_a_row = 0;
        return false;
    }
    if (taken_in_a_row != most_in_a_row) {
        ++taken_in_a_row;
        return true;
    }
    taken_in_a_row = 0;
    if (!waking) call_soon_wake();
    return false;
}

bool aio_inbox::call_soon(PyObject* function, PyObject* argument, PyObject* in) const {
    if (!loop) return true;
    PyObject* args[5] = {nullptr, loop.get(), function, argument, in};
    std::size_t count = argument != nullptr ? 3 : 2;
    if (argument == nullptr) args[3] = in;
    return static_cast<bool>(py_ref{
        PyObject_VectorcallMethod(call_soon_name, args + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                  in != nullptr ? context_keyword : nullptr)});
}

bool aio_inbox::loop_is_closed() const {
    if (!loop) return true;
    const py_ref kept = py_ref::share(loop.get());
    PyObject* args[] = {nullptr, kept.get()};
    const py_ref answer = guarded([&] {
        return py_ref{PyObject_VectorcallMethod(is_closed_name, args + 1,
                                                1 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr)};
    });
    if (!answer) PyErr_Clear();
    return !answer || answer.get() == Py_True;
}

void aio_inbox::forget(const aio_wait& w) noexcept {
    const py_ref waiter =
        waiters.take_out([&](const py_ref& waits) { return waits.get() == w.self; });
}

void aio_inbox::close() {
    if (closed) return;
    closed = true;
    dropped += items.size();
    const auto dropped_now = std::exchange(items, {});
    on_packet = {};
    context = {};
    wake_loop = {};
    const bool told = !loop_is_closed();
    while (!waiters.empty()) {
        const py_ref waiter = waiters.pop();
        aio_wait& w = wait_of(waiter);
        w.is = aio_wait::state::ended;
        if (told && !w.resume(false)) PyErr_Clear();
    }
}

bool aio_inbox::call(PyObject* const* args) {
    const py_ref function = py_ref::share(on_packet.get());
    const py_ref in = py_ref::share(context.get());
    if (!function) return true;
    if (PyContext_Enter(in.get()) != 0) return report("Exception in on_packet");
    const bool well =
        static_cast<bool>(call_python(function.get(), const_cast<PyObject**>(args), 3));
    {
        const error_aside whatever_it_raised;
        if (PyContext_Exit(in.get()) != 0) PyErr_Clear();
    }
    return well || report("Exception in on_packet");
}

bool aio_inbox::report(const char* message) const {
    if (is_to_end_the_loop()) return false;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != nullptr) PyException_SetTraceback(value, traceback);
    const py_ref kept_type{type}, kept_value{value}, kept_traceback{traceback};
    const py_ref kept = py_ref::share(loop.get());
    if (!kept) return true;
    const py_ref done{PyObject_CallMethod(kept.get(), "call_exception_handler", "{s:s,s:O}",
                                          "message", message, "exception", value)};
    if (done) return true;
    if (is_to_end_the_loop()) return false;
    write_unraisable(kept.get());
    return true;
}

aio_inbox* to_inbox(PyObject* object) noexcept {
    return object != nullptr && Py_TYPE(object) == inbox_type ? initialised<aio_inbox>(object)
                                                              : nullptr;
}

namespace {

PyObject* make_inbox(PyTypeObject* type, PyObject* positional, PyObject* keywords) {
    return translated([&]() -> PyObject* {
        using written =
            signature<"Inbox(loop, limit, packet_type, on_packet=None, wake_loop=None)">;
        unpacked_call c;
        arguments<written::size> a;
        std::size_t limit;
        if (!c.assign(positional, keywords) || !written::parsed.parse(c.get(), a) ||
            !to_integer(a[1], "limit", limit, 1, std::numeric_limits<int>::max()))
            return nullptr;
        if (!PyType_Check(a[2]) ||
            !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(a[2]), &PyTuple_Type)) {
            PyErr_SetString(PyExc_TypeError, "packet_type must be a subclass of tuple");
            return nullptr;
        }
        py_ref object = heap_type<aio_inbox>::allocate(type);
        if (!object) return nullptr;
        aio_inbox& box = instance_of<aio_inbox>(object.get()).payload;
        box.self = object.get();
        box.limit = limit;
        box.loop = py_ref::share(a[0]);
        box.packet_type = py_ref::share(a[2]);
        if (a[3] != nullptr && a[3] != Py_None) {
            box.on_packet = py_ref::share(a[3]);
            box.context = py_ref{PyContext_CopyCurrent()};
            if (!box.context) return nullptr;
        }
        box.threaded = a[4] != nullptr && a[4] != Py_None;
        if (box.threaded) box.wake_loop = py_ref::share(a[4]);
        return object.release();
    });
}

PyObject* next(aio_inbox& self) { return make_wait(self.self, true); }
PyObject* take(aio_inbox& self) { return make_wait(self.self, false); }

PyObject* wake(aio_inbox& self) {
    const py_ref kept = py_ref::share(self.self);
    if (!self.wake(!self.threaded)) return nullptr;
    Py_RETURN_NONE;
}

PyObject* close(aio_inbox& self) {
    const py_ref kept = py_ref::share(self.self);
    self.close();
    Py_RETURN_NONE;
}

PyObject* get_dropped(const aio_inbox& self) { return PyLong_FromUnsignedLongLong(self.dropped); }

} // namespace

void bind_inbox() {
    call_soon_name = PyUnicode_InternFromString("call_soon");
    is_closed_name = PyUnicode_InternFromString("is_closed");
    wake_name = PyUnicode_InternFromString("wake");
    context_keyword = Py_BuildValue("(s)", "context");
    if (PyErr_Occurred()) throw boost::python::error_already_set{};
    bind_wait();
    inbox_type = heap_type<aio_inbox>::add({
        .name = "rtpsynth._rtpsynth.Inbox",
        .doc = "What a channel of rtpsynth.aio has received; takes the place of create_channel's "
               "callback.",
        .flags = Py_TPFLAGS_IMMUTABLETYPE,
        .make = make_inbox,
        .methods = {method<"next()", next>("Awaits the next item; StopAsyncIteration when closed."),
                    method<"take()", take>("Awaits the next item; RuntimeError when closed."),
                    method<"wake()", wake>("For the loop: hands out what was received."),
                    method<"close()", close>("Ends what waits, and drops what nobody asked for.")},
        .attributes = {attribute<get_dropped>("dropped", "int: for want of room, and by close().")},
    });
}

} // namespace rtpsynth::python
