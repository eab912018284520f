/// \file
/// A thread of ours that calls Python functions.
#pragma once

#include "threads/process.hpp"
#include "threads/python_thread.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace rtpsynth::python {

/// Owns the thread. A Python function may never return, so its end is not waited for long: a thread
/// that is inside one when its owner is destroyed goes on and ends by itself.
class callback_thread {
public:
    using clock = std::chrono::steady_clock;

    /// How long an owner waits for a callback that runs.
    static constexpr std::chrono::milliseconds patience{50};

    /// Runs \p body, which gives the GIL back before it returns.
    /// \throws boost::system::system_error if no thread can be started, std::bad_alloc
    callback_thread(const char* name, std::function<void(python_thread&)> body);
    /// The thread goes on, if it was not joined.
    ~callback_thread();
    callback_thread(const callback_thread&) = delete;
    callback_thread& operator=(const callback_thread&) = delete;

    bool is_current() const noexcept;

    /// Waits for the thread's end until \p deadline, unless it is the caller. Without the GIL, from
    /// any thread, any number of times.
    void join_until(clock::time_point deadline) noexcept;

private:
    struct progress;

    std::shared_ptr<progress> progress_;
    std::unique_ptr<std::thread> thread_;
    std::thread::id id_;
    process_mark process_;
};

} // namespace rtpsynth::python
