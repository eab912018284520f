/// \file
/// Any number of timers that share one steady_timer.
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

/// Fires its clients' timers on one executor: exactly, never early, and yielding to other work
/// there when many are due at once. Timers that come less than 50 µs after others were fired are
/// fired together, up to that much later, which limits the number of wake-ups. With a slack, timers
/// that come up to that long after the first one are fired with it.
///
/// Held by a std::shared_ptr. Operations on the executor have a weak reference and do not keep it
/// alive. A child of fork() must not destroy it, since its destructor uses Asio.
///
/// Threads: everything but construction belongs to the executor, a strand or a single thread. The
/// destructor may run anywhere, when nothing else uses the object.
class timer_service : public std::enable_shared_from_this<timer_service> {
public:
    class client : public timer_wheel::timer {
    public:
        /// \p now is the deadline or later. May arm and cancel any timer, destroy any client, this
        /// one too, and stop() or release the service.
        virtual void on_timer(time_point now) noexcept = 0;

    protected:
        ~client() = default;
    };

    /// An owner that does more than firing timers when the service wakes up.
    class host {
    public:
        /// Calls advance(), and await_next() unless it will be called again soon anyway.
        virtual void on_wake() noexcept = 0;

    protected:
        ~host() = default;
    };

    /// \p later, if there is one, goes off when resume() must be called.
    explicit timer_service(boost::asio::any_io_executor executor,
                           std::shared_ptr<alarm> later = {});
    /// Without an executor: a thread waits until next_wake() and then calls advance().
    timer_service();

    /// From now on timers fire only while \p owner lives, and it is kept alive while they do: an
    /// owner whose members are clients may be destroyed on any thread. \p h, if not null, is part
    /// of it. Call before the first arm().
    void set_owner(std::weak_ptr<const void> owner, host* h = nullptr) noexcept {
        owner_ = std::move(owner);
        has_owner_ = true;
        host_ = h;
    }

    /// How late timers may be fired in order to be fired together, 0 or more. Call before the first
    /// arm().
    void set_slack(duration slack) noexcept { slack_ = slack; }

    /// Arms \p c and replaces an earlier deadline. To disarm it call c.cancel(). No-op after
    /// stop().
    ///
    /// Does not fail. Waiting needs no memory beyond the service's own, unless the io_context has
    /// more timers than ever before, or the executor is not an io_context's and allocates. If that
    /// allocation fails, the wait begins with the next arm() or resume().
    void arm(client& c, time_point deadline) noexcept;
    /// Starts a wait that failed before.
    void resume() noexcept;

    /// The time for which the steady_timer waits; time_point::max() if it does not wait.
    time_point waits_until() const noexcept { return wake_; }
    /// For the host: fires the timers that are due at \p now, for at most 1 ms. Timers armed after
    /// that are not waited for before await_next(). \return whether more may be due
    bool advance(time_point now) noexcept;
    /// For the host: starts to wait for the next timer.
    void await_next() noexcept;
    /// The time at which the next timer is to be fired; nullopt if none is armed.
    std::optional<time_point> next_wake() noexcept;

    /// True until detach().
    bool is_attached() const noexcept { return timer_.has_value(); }
    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

    /// Stops: no timer fires any more, and nothing is outstanding on the executor.
    void stop() noexcept;
    /// stop(), and releases the executor, whose context is being destroyed.
    void detach() noexcept;

private:
    class wakeup;

    /// Keeps the owner alive while timers fire; null if the owner, or the service, no longer
    /// exists.
    static std::shared_ptr<const void> keep(const std::shared_ptr<timer_service>& self) noexcept;
    void fire() noexcept;
    void post_fire() noexcept;
    time_point wake_for(time_point deadline) const noexcept;
    void wait(time_point next) noexcept;
    void wait_was_lost() noexcept;

    const std::shared_ptr<alarm> later_;
    const std::shared_ptr<handler_memory> memory_ = std::make_shared<handler_memory>();
    boost::asio::any_io_executor executor_;
    std::optional<boost::asio::steady_timer> timer_; // empty after detach()
    std::weak_ptr<const void> owner_;
    bool has_owner_ = false;
    host* host_ = nullptr; // valid while owner_ is alive
    duration slack_{};
    timer_wheel wheel_;
    time_point fired_ = time_point::min(); // time of the latest firing
    time_point wake_ = time_point::max();  // timer_ waits for this; max: it does not wait
    bool firing_ = false;                  // between advance() and await_next()
    std::atomic<bool> stopped_{false};
    std::atomic<bool> lost_{false}; // timer_ does not wait, although wake_ is set
};

} // namespace rtpsynth::asio_server::detail
