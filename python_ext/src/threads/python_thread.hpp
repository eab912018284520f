/// \file
/// The GIL on a thread that Python did not start.
#pragma once

#include "core/python.hpp"

#include <chrono>

namespace rtpsynth::python {

/// The PyThreadState of a thread that Python did not start. Made, used and destroyed by that
/// thread, and kept for its whole life: making one costs 200 times as much as taking the GIL with
/// it.
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

    /// Lets other threads have the GIL if this one has kept it for 10 ms. To be called between
    /// pieces of work. Not sooner, since a waiting thread requests the GIL after 5 ms (the switch
    /// interval), starts that wait again each time the GIL is released, and without a request loses
    /// it to a thread that takes it right back. Python functions answer such requests by
    /// themselves; functions in C do not.
    void breathe();

private:
    PyThreadState* state_;
    bool has_gil_ = false;
    std::chrono::steady_clock::time_point taken_at_{};
};

} // namespace rtpsynth::python
