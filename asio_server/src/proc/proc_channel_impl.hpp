/// \file
/// A handler with its schedule, and the state machine of closing it.
#pragma once

#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

class proc_engine;

/// Threads: the public part may be used by any thread; the rest belongs to the engine, on its
/// executor or under its mutex.
class alignas(64) proc_channel_impl final : public timer_service::client {
public:
    proc_channel_impl(const std::shared_ptr<proc_engine>& engine,
                      std::unique_ptr<any_proc_handler> handler) noexcept
        : handler_{std::move(handler)},
          handler_address_{handler_.get()},
          scheduler_{engine.get()},
          engine_{engine} {}

    /// See rtp_proc_channel::close().
    bool close() noexcept;
    bool is_open() const noexcept { return state_ <= state::running; }
    std::uint64_t id() const noexcept { return id_; }
    std::exception_ptr exception() const noexcept {
        return thrown_ ? exception_ : std::exception_ptr{};
    }

private:
    friend proc_engine;

    // The thread that changes the state from idle owns the handler.
    enum class state : std::uint8_t { idle, running, closing, closed };

    bool begin_call() noexcept {
        auto s = state::idle;
        return state_.compare_exchange_strong(s, state::running);
    }
    // Returns false if the channel was closed meanwhile.
    bool end_call() noexcept {
        auto s = state::running;
        if (state_.compare_exchange_strong(s, state::idle)) return true;
        handler_.reset();
        state_ = state::closed;
        return false;
    }
    // Returns false if it was already closed. `rest` receives what must be destroyed without a
    // lock.
    bool end(std::unique_ptr<any_proc_handler>& rest) noexcept {
        for (auto s = state_.load(); s <= state::running;) {
            const auto next = s == state::idle ? state::closed : state::closing;
            if (!state_.compare_exchange_weak(s, next)) continue;
            if (next == state::closed) rest = std::move(handler_);
            return true;
        }
        return false;
    }

    void on_timer(time_point now) noexcept override;

    static std::uint64_t next_id() noexcept {
        static std::atomic<std::uint64_t> last{0};
        return ++last;
    }

    using hook = boost::intrusive::list_member_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    // Used on the executor. First in the object, since a call accesses them: two cache lines
    // together with the timer.
    std::unique_ptr<any_proc_handler> handler_; // see `state`
    const void* const handler_address_;         // only for prefetching
    hook place_;                                // in a queue of the engine
    time_point deadline_{};   // as the handler returned it; the timer's may be later
    duration cost_{};         // estimated duration of a call
    duration overdue_cost_{}; // of its calls since another overdue channel was called
    proc_engine* scheduler_;  // valid on the executor
    unsigned overdue_ = 0;    // consecutive overdue calls
    bool first_ = true;       // the first call is still to come
    std::atomic<state> state_{state::idle};

    std::atomic<bool> thrown_{false}; // exception_ is set and will not change
    std::exception_ptr exception_;
    const std::weak_ptr<proc_engine> engine_;
    const std::uint64_t id_ = next_id();

    // Protected by the engine's mutex.
    std::shared_ptr<proc_channel_impl> self_; // set while the engine has the channel
    hook member_;                             // in the list of open channels or of leaving ones
    bool leaves_ = false;
};

} // namespace rtpsynth::asio_server::detail
