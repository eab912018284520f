/// \file
/// Decides when queued datagrams are sent.
#pragma once

#include "server/channel_registry.hpp"
#include "server/deferred_tasks.hpp"

#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace rtpsynth::asio_server::detail {

/// Keeps the list of channels that have something to send, and flushes them: at the next tick or,
/// without ticks, when the handler that queued has returned.
///
/// Threads: announce(), is_due(), is_in_handler(), tick() and ticks() are safe; the rest belongs to
/// the executor.
class flusher {
public:
    /// \p executor, on which tasks are posted, outlives this; its owner may replace it after
    /// stop(). With a runner, the owner calls on_time() at next_tick(), until use_timer().
    flusher(const boost::asio::any_io_executor& executor,
            const boost::asio::any_io_executor& of_timer, std::optional<duration> tick,
            bool has_runner, const channel_registry& channels, deferred_tasks& tasks);

    /// Called once, before all other functions. \p self is this object.
    void start(std::weak_ptr<flusher> self) noexcept { self_ = std::move(self); }

    std::optional<duration> tick() const noexcept { return tick_; }
    /// Number of ticks on which something was sent.
    std::uint64_t ticks() const noexcept { return ticks_; }

    /// \p channel has datagrams to send.
    void announce(const std::weak_ptr<rtp_channel>& channel) noexcept;
    /// Whether channels have datagrams to send at once, without waiting for a tick.
    bool is_due() const noexcept { return !tick_ && flush_due_.load(std::memory_order_relaxed); }

    /// While it lives, channels on which this thread queues need not be announced to the executor:
    /// the flush follows when the handlers return.
    class handler_scope {
    public:
        explicit handler_scope(const flusher& f) noexcept;
        ~handler_scope();
        handler_scope(const handler_scope&) = delete;
        handler_scope& operator=(const handler_scope&) = delete;

    private:
        const flusher* outer_; // the outer scope: a handler may run another context
    };

    /// Whether this thread is inside a handler_scope.
    bool is_in_handler() const noexcept;
    /// The number of the current delivery, if it has a single datagram and there are no ticks; else
    /// 0. The first datagram that such a handler sends leaves at once.
    std::uint64_t lone_delivery() const noexcept { return lone_delivery_; }
    /// Call before a handler is called with \p datagrams, and end_delivery() after it.
    void begin_delivery(std::size_t datagrams) noexcept {
        lone_delivery_ = datagrams == 1 && !tick_ ? ++deliveries_ : 0;
    }
    void end_delivery() noexcept { lone_delivery_ = 0; }

    /// Flushes the announced channels.
    void flush_announced();
    /// Sends what \p channel has queued. If that is much, the rest is sent after other channels
    /// were flushed.
    void flush(const std::shared_ptr<rtp_channel>& channel);
    /// Waits for the next tick.
    void arm_tick();
    /// Makes an Asio timer wait for ticks.
    void use_timer() noexcept;
    /// The time of the next tick; time_point::max() if there is none, or Asio waits for it.
    time_point next_tick() const noexcept { return next_tick_; }
    /// Sends if next_tick() has come.
    void on_time(time_point now);
    /// Stops the ticks.
    void stop() noexcept;

private:
    class tick_wait;

    void on_tick();

    const boost::asio::any_io_executor& executor_;
    const std::optional<duration> tick_;
    const time_point origin_; // ticks are at origin_ + n * tick
    const channel_registry& channels_;
    deferred_tasks& tasks_;
    std::weak_ptr<flusher> self_;
    std::optional<boost::asio::steady_timer> timer_; // empty after stop()
    bool has_runner_;
    time_point next_tick_ = time_point::max();
    std::vector<std::weak_ptr<rtp_channel>> flushing_;
    std::uint64_t deliveries_ = 0;
    std::uint64_t lone_delivery_ = 0;

    std::mutex mutex_;
    std::vector<std::weak_ptr<rtp_channel>> announced_;
    bool all_announced_ = false;         // also set if there was no memory for the list
    std::atomic<bool> flush_due_{false}; // a call of flush_announced() is due
    std::atomic<std::uint64_t> ticks_{0};
};

} // namespace rtpsynth::asio_server::detail
