/// \file
/// Objects with threads that call Python: how they end, with the interpreter too, and fork().
#pragma once

#include "threads/callback_thread.hpp"
#include "threads/process.hpp"

#include <chrono>
#include <memory>

namespace rtpsynth::python {

/// Base of what is behind RtpServer and RtpProc. Held by a shared_ptr; used with the GIL held.
class background : public std::enable_shared_from_this<background> {
public:
    background(const background&) = delete;
    background& operator=(const background&) = delete;

    /// \return false with RuntimeError set after shutdown(), or in a child after fork()
    bool check_usable() const;
    bool is_shut_down() const noexcept { return shut_down_; }
    bool inherited() const noexcept { return process_.inherited(); }

    /// Ends the threads; a callback that runs elsewhere is waited for only briefly. Any number of
    /// times. Other threads may have the GIL meanwhile. Does nothing in a child after fork().
    void shutdown();

protected:
    /// \p name: the Python class. \throws std::runtime_error if the interpreter is ending
    explicit background(const char* name);
    /// The destructor of the derived class calls shutdown(), which needs its members.
    virtual ~background();

private:
    friend void stop_all_backgrounds();

    /// Tells the threads to end, without waiting.
    virtual void stop() noexcept = 0;
    /// Waits for them to end, no longer than until \p deadline if a callback runs. Without the GIL.
    virtual void join_until(callback_thread::clock::time_point deadline) = 0;

    void request_stop() noexcept;
    void await_stop(callback_thread::clock::time_point deadline);

    const char* name_;
    const process_mark process_;
    bool shut_down_ = false;
    background** link_; // what points at this one
    background* next_;
};

/// For atexit: stops every background; no further one can be made.
void stop_all_backgrounds();
/// Whether it was called. With the GIL held.
bool stopped_all_backgrounds() noexcept;

} // namespace rtpsynth::python
