/// \file
/// Threads and the interpreter's lock (GIL).
///
/// An interpreter that is ending ends threads that ask for the lock, by pthread_exit. That unwinds
/// their stack with an exception that must not be caught, and a function that is noexcept aborts
/// the process. Here such a thread stops where it is instead, until the process ends: in take_gil,
/// call_python, write_unraisable and release_reference, which run Python code or wait for the lock.
/// An allocation may do so too, by a garbage collection: on threads of ours, what makes objects is
/// called by guarded().
#pragma once

#include "core/py_ref.hpp"

#include <cstddef>

namespace rtpsynth::python {

/// Around what may run Python code: a thread that is unwound before leave() stops for good.
class interpreter_scope {
public:
    interpreter_scope() = default;
    ~interpreter_scope();
    interpreter_scope(const interpreter_scope&) = delete;
    interpreter_scope& operator=(const interpreter_scope&) = delete;

    void leave() noexcept { inside_ = false; }

private:
    volatile bool inside_ = true;
};

/// What \p f returns, called in such a scope.
template <class F>
auto guarded(F&& f) {
    interpreter_scope scope;
    auto result = f();
    scope.leave();
    return result;
}

/// PyEval_RestoreThread, which stops the thread for good if the interpreter is ending.
void take_gil(PyThreadState* state);

/// Lets other threads have the interpreter while it lives.
class gil_released {
public:
    gil_released() noexcept : state_{PyEval_SaveThread()} {}
    ~gil_released() noexcept(false) { take_gil(state_); }
    gil_released(const gil_released&) = delete;
    gil_released& operator=(const gil_released&) = delete;

private:
    PyThreadState* state_;
};

/// Calls a Python function with \p count arguments from \p args on; args[-1] is scratch space.
/// \return a new reference, or none with the error set
py_ref call_python(PyObject* function, PyObject** args, std::size_t count);

/// The same on a thread of ours. If the function has forked and returns in the child, too, the
/// child ends with status 0, as one does that returns from the function of a threading.Thread: it
/// would go on here with descriptors that it shares with its parent.
py_ref call_back_python(PyObject* function, PyObject** args, std::size_t count);

/// PyErr_WriteUnraisable
void write_unraisable(PyObject* where);

} // namespace rtpsynth::python
