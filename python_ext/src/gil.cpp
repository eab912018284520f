#include "gil.hpp"

#include <atomic>
#include <new>
#include <stdexcept>

#include <pthread.h>
#include <unistd.h>

namespace rtpsynth::python {

namespace {

/// Around calls that may end the thread by pthread_exit.
class stop_here {
public:
    stop_here() = default;
    stop_here(const stop_here&) = delete;
    stop_here& operator=(const stop_here&) = delete;
    ~stop_here() {
        while (armed_) pause();
    }
    void disarm() noexcept { armed_ = false; }

private:
    volatile bool armed_ = true;
};

std::atomic<unsigned> generation{0};
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { ++generation; });

// With the GIL held:
background* all = nullptr;
bool ending = false;

} // namespace

// Not inline and not noexcept, so that unwinding finds stop_here before anything else.
[[gnu::noinline]] void take_gil(PyThreadState* state) {
    stop_here guard;
    PyEval_RestoreThread(state);
    guard.disarm();
}

[[gnu::noinline]] py_ref call_python(PyObject* function, PyObject** args, std::size_t count) {
    stop_here guard;
    PyObject* const result =
        PyObject_Vectorcall(function, args, count | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
    guard.disarm();
    return py_ref{result};
}

python_thread::python_thread() : state_{PyThreadState_New(PyInterpreterState_Main())} {
    if (state_ == nullptr) throw std::bad_alloc{};
}

python_thread::~python_thread() noexcept(false) {
    if (!has_gil_) take();
    PyThreadState_Clear(state_);
    PyThreadState_DeleteCurrent();
}

void python_thread::take() {
    take_gil(state_);
    has_gil_ = true;
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

void stop_all_backgrounds() {
    ending = true;
    for (background* b = all; b != nullptr; b = b->next_) b->request_stop();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{100};
    while (background* const b = all) {
        all = b->next_;
        if (all != nullptr) all->link_ = &all;
        b->link_ = &b->next_; // so that its destructor changes nothing but itself
        b->next_ = nullptr;
        b->await_stop(deadline);
    }
}

} // namespace rtpsynth::python
