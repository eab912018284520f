#include "threads/python_thread.hpp"

#include "threads/gil.hpp"

#include <new>

namespace rtpsynth::python {

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

} // namespace rtpsynth::python
