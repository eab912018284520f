// Playing and draining, which may have to wait.
#include "core/pcm.hpp"
#include "threads/gil.hpp"
#include "voice_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace rtpsynth::python {

namespace {

namespace error = boost::asio::error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using operation = std::shared_ptr<voice_operation>;
using samples = std::span<const std::int16_t>;

/// The argument pcm, aligned.
class pcm_argument {
public:
    bool assign(PyObject* value) {
        if (!view_.assign_samples(value, "pcm")) return false;
        pcm_ = view_.samples();
        if (reinterpret_cast<std::uintptr_t>(pcm_.data()) % alignof(std::int16_t) == 0) return true;
        copy_.resize(pcm_.size());
        std::memcpy(copy_.data(), static_cast<const void*>(pcm_.data()), pcm_.size_bytes());
        pcm_ = copy_;
        return true;
    }
    samples get() const noexcept { return pcm_; }

private:
    media_view view_;
    std::vector<std::int16_t> copy_;
    samples pcm_;
};

bool to_item(PyObject* value, std::uint64_t& out) {
    out = 0;
    if (value == nullptr) return true;
    const py_ref index{PyNumber_Index(value)};
    if (!index) {
        PyErr_Format(PyExc_TypeError, "item must be an int, not %.200s", Py_TYPE(value)->tp_name);
        return false;
    }
    out = PyLong_AsUnsignedLongLong(index.get());
    if (PyErr_Occurred() == nullptr) return true;
    PyErr_Clear();
    PyErr_Format(PyExc_ValueError, "item must be 0..18446744073709551615, not %R", value);
    return false;
}

/// The argument timeout as a deadline.
bool to_deadline(PyObject* value, std::optional<steady_clock::time_point>& out) {
    if (value == nullptr || value == Py_None) return true;
    double seconds;
    if (!to_double(value, seconds)) return false;
    if (!(seconds >= 0 && seconds <= 86400)) {
        PyErr_Format(PyExc_ValueError, "timeout must be 0..86400 seconds, or None, not %R", value);
        return false;
    }
    out = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(
                                    std::chrono::duration<double>(seconds));
    return true;
}

/// What the stream calls when the operation is over, on the server's executor.
template <class... Values>
auto handler_of(const voice_call& self, const operation& op) {
    return boost::asio::bind_cancellation_slot(op->cancellation.slot(),
                                               [op, link = self.link, queue = self.server->queue()](
                                                   boost::system::error_code ec, Values...) {
                                                   op->finish(ec);
                                                   link->put(op);
                                                   queue->push(link);
                                               });
}

operation begin_play(const voice_call& self, samples rest, std::uint64_t item) {
    const auto op = std::make_shared<voice_operation>();
    op->pcm.assign(rest.begin(), rest.end());
    self.native->async_play(op->pcm, item, handler_of<std::size_t>(self, op));
    return op;
}

operation begin_drain(const voice_call& self) {
    const auto op = std::make_shared<voice_operation>();
    self.native->async_drain(handler_of<>(self, op));
    return op;
}

/// A cancellation signal belongs to the executor, where the handler is called, too.
void cancel(const voice_call& self, const operation& op) {
    boost::asio::post(self.native->get_executor(),
                      [op] { op->cancellation.emit(boost::asio::cancellation_type::terminal); });
}

/// Queues what there is room for. \return the rest, or nullopt with the error set
std::optional<samples> queue_some(const voice_call& self, samples pcm, std::uint64_t item) {
    const auto taken = self.native->try_play(pcm, item);
    if (taken) return pcm.subspan(*taken);
    if (taken.error() == error::no_memory)
        PyErr_NoMemory();
    else if (self.check_open()) // the server is being shut down
        PyErr_SetString(PyExc_RuntimeError, "Server has been shutdown");
    return std::nullopt;
}

/// Waits until \p op is over. \return false with an error set: then it is cancelled
bool await(voice_call& self, const operation& op,
           const std::optional<steady_clock::time_point>& deadline) {
    for (;;) {
        auto time = milliseconds{50};
        if (deadline) {
            const auto left = std::chrono::ceil<milliseconds>(*deadline - steady_clock::now());
            time = std::clamp(left, milliseconds{0}, time);
        }
        bool over;
        {
            const gil_released others_run;
            over = op->wait_for(time);
        }
        if (!self.check_open()) break;
        if (over) return true;
        if (PyErr_CheckSignals() != 0) break;
        if (deadline && steady_clock::now() >= *deadline) {
            PyErr_SetString(PyExc_TimeoutError, "timed out");
            break;
        }
    }
    if (!self.server->inherited()) cancel(self, op);
    return false;
}

/// An object's method, with a keyword for an error that is set aside.
bool call_method(PyObject* object, const char* name, PyObject* argument) {
    const py_ref done{PyObject_CallMethod(object, name, "O", argument)};
    if (!done) PyErr_Clear(); // its loop is closed
    return static_cast<bool>(done);
}

bool is_done(PyObject* future) {
    const py_ref done{PyObject_CallMethod(future, "done", nullptr)};
    if (!done) PyErr_Clear();
    return !done || done.get() != Py_False;
}

void set_error(PyObject* future, PyObject* type, const char* text) {
    const py_ref error{PyObject_CallFunction(type, "s", text)};
    if (error)
        call_method(future, "set_exception", error.get());
    else
        PyErr_Clear();
}

/// \return (future, id), after which the operation is pending
template <class Begin>
PyObject* begin_for_future(voice_call& self, PyObject* create_future, Begin begin) {
    py_ref future{PyObject_CallNoArgs(create_future)};
    if (!future || !self.check_open()) return nullptr;
    const std::int64_t id = ++self.last_id;
    py_ref result{Py_BuildValue("(OL)", future.get(), static_cast<long long>(id))};
    if (!result || !self.check_open()) return nullptr;
    self.waiting.reserve(self.waiting.size() + 1);
    self.waiting.push_back({id, begin(), std::move(future)});
    return result.release();
}

} // namespace

PyObject* play_and_wait(voice_call& self, const arguments<3>& a) {
    pcm_argument pcm;
    std::uint64_t item;
    std::optional<steady_clock::time_point> deadline;
    if (!pcm.assign(a[0]) || !to_item(a[1], item) || !to_deadline(a[2], deadline) ||
        !self.check_open())
        return nullptr;
    const auto rest = queue_some(self, pcm.get(), item);
    if (!rest) return nullptr;
    if (rest->empty()) Py_RETURN_TRUE;
    const operation op = begin_play(self, *rest, item);
    if (!await(self, op, deadline)) return nullptr;
    if (op->result() == error::no_memory) return PyErr_NoMemory();
    return PyBool_FromLong(!op->result());
}

PyObject* drain_and_wait(voice_call& self, const arguments<1>& a) {
    std::optional<steady_clock::time_point> deadline;
    if (!to_deadline(a[0], deadline) || !self.check_open()) return nullptr;
    const operation op = begin_drain(self);
    if (!await(self, op, deadline)) return nullptr;
    Py_RETURN_NONE;
}

PyObject* start_play(voice_call& self, const arguments<3>& a) {
    pcm_argument pcm;
    std::uint64_t item;
    if (!pcm.assign(a[0]) || !to_item(a[1], item) || !self.check_open()) return nullptr;
    const auto rest = queue_some(self, pcm.get(), item);
    if (!rest) return nullptr;
    if (rest->empty()) Py_RETURN_TRUE;
    return begin_for_future(self, a[2], [&] { return begin_play(self, *rest, item); });
}

PyObject* start_drain(voice_call& self, const arguments<1>& a) {
    if (!self.check_open()) return nullptr;
    return begin_for_future(self, a[0], [&] { return begin_drain(self); });
}

PyObject* cancel_operation(voice_call& self, const arguments<1>& a) {
    std::int64_t id;
    if (!to_integer(a[0], "id", id, 1)) return nullptr;
    const auto found = std::find_if(self.waiting.begin(), self.waiting.end(),
                                    [=](const voice_call::pending& p) { return p.id == id; });
    if (found == self.waiting.end()) Py_RETURN_NONE;
    const voice_call::pending p = std::move(*found);
    self.waiting.erase(found);
    if (!self.server->inherited() && !self.server->is_shut_down()) cancel(self, p.operation);
    Py_RETURN_NONE;
}

void voice_call::finish_operations() {
    while (const auto op = link->take_finished()) {
        const auto found = std::find_if(waiting.begin(), waiting.end(),
                                        [&](const pending& p) { return p.operation == op; });
        if (found == waiting.end()) continue; // cancelled, or waited for by a thread
        const pending p = std::move(*found);
        waiting.erase(found);
        if (is_done(p.future.get())) continue;
        const auto ec = op->result();
        if (!ec || (ec == error::operation_aborted && native->is_open()))
            call_method(p.future.get(), "set_result", ec ? Py_False : Py_True);
        else if (ec == error::no_memory)
            set_error(p.future.get(), PyExc_MemoryError, "");
        else
            set_error(p.future.get(), PyExc_RuntimeError, "call is closed");
    }
}

void voice_call::fail_operations() {
    const auto all = std::exchange(waiting, {});
    for (const pending& p : all)
        if (!is_done(p.future.get()))
            set_error(p.future.get(), PyExc_RuntimeError, "call is closed");
}

} // namespace rtpsynth::python
