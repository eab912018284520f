#include "threads/gil.hpp"

#include <atomic>
#include <new>
#include <stdexcept>

#include <pthread.h>
#include <unistd.h>

namespace rtpsynth::python {

namespace {

std::atomic<unsigned> generation{0};
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { ++generation; });

// With the GIL held:
background* all = nullptr;
bool ending = false;

} // namespace

interpreter_scope::~interpreter_scope() {
    while (inside_) pause();
}

// These are not inline and not noexcept, so that unwinding finds the scope before anything else.

[[gnu::noinline]] void take_gil(PyThreadState* state) {
    interpreter_scope scope;
    PyEval_RestoreThread(state);
    scope.leave();
}

[[gnu::noinline]] py_ref call_python(PyObject* function, PyObject** args, std::size_t count) {
    interpreter_scope scope;
    PyObject* const result =
        PyObject_Vectorcall(function, args, count | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
    scope.leave();
    return py_ref{result};
}

[[gnu::noinline]] void write_unraisable(PyObject* where) {
    interpreter_scope scope;
    PyErr_WriteUnraisable(where);
    scope.leave();
}

[[gnu::noinline]] void detail::release_last(PyObject* object) {
    interpreter_scope scope;
    Py_DECREF(object);
    scope.leave();
}

python_thread::python_thread() : state_{PyThreadState_New(PyInterpreterState_Main())} {
    if (state_ == nullptr) throw std::bad_alloc{};
}

python_thread::~python_thread() noexcept(false) {
    if (!has_gil_) take();
    interpreter_scope scope;
    PyThreadState_Clear(state_);
    PyThreadState_DeleteCurrent();
    scope.leave();
}

void python_thread::take() {
    take_gil(state_);
    has_gil_ = true;
    taken_at_ = std::chrono::steady_clock::now();
}

void python_thread::breathe() {
    if (!has_gil_ || std::chrono::steady_clock::now() - taken_at_ < std::chrono::milliseconds{10})
        return;
    release();
    take();
}

void python_thread::release() noexcept {
    has_gil_ = false;
    PyEval_SaveThread();
}

unsigned fork_generation() noexcept { return generation.load(std::memory_order_relaxed); }

background::background() : link_{&all}, next_{all} {
    if (ending) throw std::runtime_error("the interpreter is ending");
    if (next_ != nullptr) next_->link_ = &next_;
    all = this;
}

background::~background() {
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
}

bool stopped_all_backgrounds() noexcept { return ending; }

void stop_all_backgrounds() {
    ending = true;
    for (background* b = all; b != nullptr; b = b->next_) b->request_stop();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{100};
    while (background* const b = all) {
        all = b->next_;
        if (all != nullptr) all->link_ = &all;
        b->link_ = &b->next_; // so that its destructor changes nothing but itself
        b->next_ = nullptr;
        // Another thread may let go of it meanwhile.
        if (const auto kept = b->weak_from_this().lock()) kept->await_stop(deadline);
    }
}

} // namespace rtpsynth::python
