/// \file
/// A thread that Python did not start, and the GIL.
#pragma once

#include "core/python.hpp"

#include <chrono>

namespace rtpsynth::python {

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

} // namespace rtpsynth::python
