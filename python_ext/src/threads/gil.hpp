/// \file
/// Threads and the interpreter's lock (GIL).
///
/// An interpreter that is ending stops threads which want the lock by pthread_exit. That unwinds
/// their stack as an exception nobody may catch, and C++ that is not made for it, such as whatever
/// is noexcept, aborts the process. Here such a thread stops where it is, until the process is
/// gone: in take_gil, call_python, write_unraisable and release_reference, which run Python code or
/// wait for the lock. So may an allocation, by a garbage collection: what makes objects on threads
/// of ours is guarded().
#pragma once

#include "core/py_ref.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace rtpsynth::python {

/// Around what may run Python code: a thread that does not get to leave() is stopped for good.
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

/// PyErr_WriteUnraisable
void write_unraisable(PyObject* where);

/// The interpreter's state of a thread that Python did not start. Made, used and destroyed by that
/// thread; kept for as long as it lives, since making one for each visit costs 200 times as much as
/// a visit.
class python_thread {
public:
    /// Without the GIL. \throws std::bad_alloc
    python_thread();
    /// Takes the GIL for a last time.
    ~python_thread() noexcept(false);
    python_thread(const python_thread&) = delete;
    python_thread& operator=(const python_thread&) = delete;

    void take();
    void release() noexcept;
    bool has_gil() const noexcept { return has_gil_; }

    /// To be called now and then by who keeps the GIL as long as there is something to do: lets
    /// others have it after 10 ms. Not sooner: whoever waits asks for it after 5 ms (the switch
    /// interval), beginning anew each time it is released, and does not get it before it asked from
    /// a thread that takes it right back. Python functions heed that by themselves, others do not.
    void breathe();

private:
    PyThreadState* state_;
    bool has_gil_ = false;
    std::chrono::steady_clock::time_point taken_at_{};
};

/// Counts the forks between the process that was started and this one. What has threads remembers
/// the number that it was made under, and is of no more use under another.
unsigned fork_generation() noexcept;

/// What runs threads that call Python, held by a shared_ptr. Ends them when the interpreter is
/// about to end.
class background : public std::enable_shared_from_this<background> {
public:
    background(const background&) = delete;
    background& operator=(const background&) = delete;

    /// Tells what runs to end, without waiting. With the GIL held, as the next.
    virtual void request_stop() noexcept = 0;
    /// Waits for its end, for a callback not longer than until \p deadline. Other threads may have
    /// the GIL meanwhile.
    virtual void await_stop(std::chrono::steady_clock::time_point deadline) = 0;

protected:
    /// With the GIL held. \throws std::runtime_error if the interpreter is ending
    background();
    virtual ~background();

private:
    friend void stop_all_backgrounds();
    background** link_; // what points at this one
    background* next_;
};

/// For atexit: stops every background, and lets no other begin.
void stop_all_backgrounds();
/// That it was called. With the GIL held.
bool stopped_all_backgrounds() noexcept;

} // namespace rtpsynth::python
