/// \file
/// Any number of timers under one steady_timer.
#pragma once

#include "io/backend.hpp"
#include "server/handler_memory.hpp"

#include <rtpsynth/base/timer_wheel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>

namespace rtpsynth::asio_server::detail {

/// Fires its clients' timers on one executor: exact, never early, and with turns for what else runs
/// there when many are due at once. Timers that come less than 50 µs after others were fired are
/// fired together, up to that much later, so that the number of wake-ups is bounded.
///
/// Held by a std::shared_ptr, as it is or as a base of its owner, which then stays alive while
/// timers fire; nothing on the executor keeps it alive beyond that. After fork() the child must
/// leak it, since its destructor speaks to Asio.
///
/// Threads: everything but construction happens on the executor, a strand or a single thread.
/// Destruction happens anywhere, when nothing else uses it.
class timer_service : public std::enable_shared_from_this<timer_service> {
public:
    class client : public timer_wheel::timer {
    public:
        /// \p now is the deadline or later. May arm and cancel anything, destroy any client, this
        /// one too, and stop() or let go of the service.
        virtual void on_timer(time_point now) noexcept = 0;

    protected:
        ~client() = default;
    };

    /// \p later, if there is one, goes off when resume() is to be called.
    explicit timer_service(boost::asio::any_io_executor executor,
                           std::shared_ptr<alarm> later = {});

    /// Arms \p c; what it was armed for before is forgotten. To disarm: c.cancel(). After stop() it
    /// does nothing.
    ///
    /// Does not fail. To wait needs no memory beyond the service's own, unless the io_context has
    /// more timers than it ever had before, or the executor is not an io_context's and takes some
    /// for itself; where that is refused, the wait begins with the next arm() or resume().
    void arm(client& c, time_point deadline) noexcept;
    /// Waits, if that failed before.
    void resume() noexcept;

    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

    /// Nothing fires any more, and nothing is outstanding on the executor.
    void stop() noexcept;

private:
    class wakeup;

    void turn() noexcept;
    void post_turn() noexcept;
    void wait(time_point next) noexcept;
    void wait_was_lost() noexcept;

    const std::shared_ptr<alarm> later_;
    const std::shared_ptr<handler_memory> memory_ = std::make_shared<handler_memory>();
    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer timer_;
    timer_wheel wheel_;
    time_point fired_ = time_point::min(); // when the latest turn fired something
    time_point wake_ = time_point::max();  // what timer_ waits for; max if it does not
    bool turn_to_come_ = false;            // or running: then it is the one to wait
    bool stopped_ = false;
    std::atomic<bool> lost_{false}; // timer_ does not wait, whatever wake_ is
};

} // namespace rtpsynth::asio_server::detail
