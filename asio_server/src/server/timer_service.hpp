/// \file
/// Any number of timers under one steady_timer.
#pragma once

#include "io/backend.hpp"
#include "io/handler_memory.hpp"

#include <rtpsynth/base/timer_wheel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Fires its clients' timers on one executor: exact, never early, and with turns for what else runs
/// there when many are due at once. Timers that come less than 50 µs after others were fired are
/// fired together, up to that much later, so that the number of wake-ups is bounded.
///
/// Held by a std::shared_ptr. What waits on the executor has a weak reference: nothing there keeps
/// it alive. A child after fork() must not destroy it, since its destructor speaks to Asio.
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

    /// From now on timers fire only while \p owner lives, which stays alive while they do: an owner
    /// whose clients are members of it may be destroyed on any thread. Before the first arm().
    void set_owner(std::weak_ptr<const void> owner) noexcept {
        owner_ = std::move(owner);
        has_owner_ = true;
    }

    /// Arms \p c; what it was armed for before is forgotten. To disarm: c.cancel(). After stop() it
    /// does nothing.
    ///
    /// Does not fail. To wait needs no memory beyond the service's own, unless the io_context has
    /// more timers than it ever had before, or the executor is not an io_context's and takes some
    /// for itself; where that is refused, the wait begins with the next arm() or resume().
    void arm(client& c, time_point deadline) noexcept;
    /// Waits, if that failed before.
    void resume() noexcept;

    /// When something is to be fired next; time_point::max(): never, or fire() is posted.
    time_point next_wakeup() const noexcept { return wake_; }

    /// Until detach().
    bool is_attached() const noexcept { return timer_.has_value(); }
    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

    /// Nothing fires any more, and nothing is outstanding on the executor.
    void stop() noexcept;
    /// stop(), and lets go of the executor, whose context is being destroyed.
    void detach() noexcept;

private:
    class wakeup;

    /// What keeps the owner alive while timers fire; null: it is gone, or this is.
    static std::shared_ptr<const void> keep(const std::shared_ptr<timer_service>& self) noexcept;
    void fire() noexcept;
    void post_fire() noexcept;
    void wait(time_point next) noexcept;
    void wait_was_lost() noexcept;

    const std::shared_ptr<alarm> later_;
    const std::shared_ptr<handler_memory> memory_ = std::make_shared<handler_memory>();
    boost::asio::any_io_executor executor_;
    std::optional<boost::asio::steady_timer> timer_; // until detach()
    std::weak_ptr<const void> owner_;
    bool has_owner_ = false;
    timer_wheel wheel_;
    time_point fired_ = time_point::min(); // when something was fired most recently
    time_point wake_ = time_point::max();  // what timer_ waits for; max if it does not
    bool firing_ = false;                  // fire() runs or is posted: then it is the one to wait
    std::atomic<bool> stopped_{false};
    std::atomic<bool> lost_{false}; // timer_ does not wait, whatever wake_ is
};

} // namespace rtpsynth::asio_server::detail
