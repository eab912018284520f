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
/// fired together, up to that much later, so that the number of wake-ups is bounded; with a slack,
/// those that come up to that long after the first are fired with it.
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

    /// Who has more to do than to fire timers when the time has come.
    class host {
    public:
        /// Calls advance(), and await_next() unless it will be back soon without being woken.
        virtual void on_wake() noexcept = 0;

    protected:
        ~host() = default;
    };

    /// \p later, if there is one, goes off when resume() is to be called.
    explicit timer_service(boost::asio::any_io_executor executor,
                           std::shared_ptr<alarm> later = {});
    /// Without an executor: a thread waits by itself until next_wake() and then calls advance().
    timer_service();

    /// From now on timers fire only while \p owner lives, which stays alive while they do: an owner
    /// whose clients are members of it may be destroyed on any thread. \p h, if there is one, is
    /// part of it. Before the first arm().
    void set_owner(std::weak_ptr<const void> owner, host* h = nullptr) noexcept {
        owner_ = std::move(owner);
        has_owner_ = true;
        host_ = h;
    }

    /// How late timers may be fired so that they are fired together, 0 or more. Before the first
    /// arm().
    void set_slack(duration slack) noexcept { slack_ = slack; }

    /// Arms \p c; what it was armed for before is forgotten. To disarm: c.cancel(). After stop() it
    /// does nothing.
    ///
    /// Does not fail. To wait needs no memory beyond the service's own, unless the io_context has
    /// more timers than it ever had before, or the executor is not an io_context's and takes some
    /// for itself; where that is refused, the wait begins with the next arm() or resume().
    void arm(client& c, time_point deadline) noexcept;
    /// Waits, if that failed before.
    void resume() noexcept;

    /// What the steady_timer waits for; time_point::max() if it does not.
    time_point waits_until() const noexcept { return wake_; }
    /// For the host: fires what is due at \p now, for at most 1 ms. What is armed from now on is
    /// not waited for before await_next(). \return whether more may be due
    bool advance(time_point now) noexcept;
    /// For the host: begins to wait for the next timer.
    void await_next() noexcept;
    /// When the next timer is to be fired; nullopt if none is armed.
    std::optional<time_point> next_wake() noexcept;

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
    time_point wake_for(time_point deadline) const noexcept;
    void wait(time_point next) noexcept;
    void wait_was_lost() noexcept;

    const std::shared_ptr<alarm> later_;
    const std::shared_ptr<handler_memory> memory_ = std::make_shared<handler_memory>();
    boost::asio::any_io_executor executor_;
    std::optional<boost::asio::steady_timer> timer_; // until detach()
    std::weak_ptr<const void> owner_;
    bool has_owner_ = false;
    host* host_ = nullptr; // alive while owner_ is
    duration slack_{};
    timer_wheel wheel_;
    time_point fired_ = time_point::min(); // when something was fired most recently
    time_point wake_ = time_point::max();  // what timer_ waits for; max if it does not
    bool firing_ = false;                  // between advance() and await_next()
    std::atomic<bool> stopped_{false};
    std::atomic<bool> lost_{false}; // timer_ does not wait, whatever wake_ is
};

} // namespace rtpsynth::asio_server::detail
