/// \file
/// How the two threads of a Python server share its sockets.
#pragma once

#include "threads/callback_queue.hpp"
#include "threads/python_thread.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

namespace rtpsynth::python {

/// The right to run a server, the lead, which two threads pass to each other.
///
/// The callback thread leads: it waits for the sockets, lets go of the lead, takes the GIL and
/// calls back. So a packet wakes one thread and not two. The I/O thread follows. It sleeps while
/// nothing comes; while packets come it looks once a millisecond. If the callback thread has been
/// away for that long, the I/O thread takes the lead, and wakes the callback thread when there is
/// something for it, until Python has been quick once: then it gives the lead back.
///
/// So whatever Python does, nobody serves the sockets for a millisecond at most, and with a
/// callback thread that is slow time and again there is always somebody.
class lead {
public:
    /// Runs \p server, whose handlers push into \p queue.
    lead(std::shared_ptr<asio_server::rtp_server> server, std::shared_ptr<callback_queue> queue);

    /// The callback thread's body: returns after stop().
    void call_back(python_thread& python);
    /// The I/O thread's body: returns after stop(). Never has the GIL.
    void follow();

    /// Neither thread runs the server any more, once it has returned from that. Any thread.
    void stop() noexcept;
    /// In a child of fork(): lets go of the server. Nothing else may be called after it.
    void abandon() noexcept { server_.reset(); }

private:
    using clock = std::chrono::steady_clock;
    using unique_lock = std::unique_lock<std::mutex>;
    static constexpr std::chrono::milliseconds patience{1};

    bool await_work();
    void await_other(unique_lock& lock);
    void run_until_work(unique_lock& lock);
    void run_for_other(unique_lock& lock);
    void depart(clock::time_point now);

    std::shared_ptr<asio_server::rtp_server> server_;
    const std::shared_ptr<callback_queue> queue_;

    std::mutex mutex_;
    std::condition_variable callbacks_; // what the callback thread waits for
    std::condition_variable io_;        // what the I/O thread waits for
    enum class holder { nobody, callbacks, io } holder_ = holder::nobody;
    bool stopped_ = false;
    bool asleep_ = false;           // the I/O thread, until it is woken
    bool waits_ = false;            // the callback thread, for work or the lead
    bool quick_ = false;            // the callback thread has earned the lead
    std::uint64_t departures_ = 0;  // of a callback thread that led
    clock::time_point departed_at_; // the latest
    clock::time_point called_at_;   // when the I/O thread last called the callback thread
};

} // namespace rtpsynth::python
