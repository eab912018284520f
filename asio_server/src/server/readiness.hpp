/// \file
/// Waits for sockets and serves those that are ready.
#pragma once

#include "io/backend.hpp"
#include "io/handler_memory.hpp"
#include "server/channel_registry.hpp"
#include "server/completion_queue.hpp"
#include "server/deferred_tasks.hpp"
#include "server/flusher.hpp"
#include "server/io_home.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

namespace rtpsynth::asio_server::detail {

/// Waits for sockets and serves those that are ready. A *turn* is one pass over the ready sockets:
/// each is read once, and what its handler queued is sent before the next socket is read.
///
/// Threads: sockets() and restore_wait() are safe; the rest belongs to the executor.
class readiness {
public:
    /// Called when the alarm of the set goes off.
    class alarm_handler {
    public:
        virtual void on_alarm() = 0;

    protected:
        ~alarm_handler() = default;
    };

    /// With a \p home, the thread that runs it waits; otherwise Asio does.
    readiness(const boost::asio::any_io_executor& executor, std::shared_ptr<io_home> home,
              std::shared_ptr<alarm> alarm, std::shared_ptr<deferred_tasks> tasks,
              std::shared_ptr<completion_queue> completing, const channel_registry& channels,
              flusher& output, alarm_handler& on_alarm);

    /// Called once, before all other functions. \p self is this object.
    void start(std::weak_ptr<readiness> self) noexcept { self_ = std::move(self); }
    /// Makes Asio wait.
    void wait() noexcept;
    /// Waits again if a wait was lost.
    void restore_wait() noexcept {
        if (deaf_ && deaf_.exchange(false)) wait_was_lost(); // exactly one thread does this
    }
    /// Ends all waiting.
    void stop() noexcept;

    // Called by the thread that runs the home:
    std::span<const ready_event> wait(time_point deadline) noexcept {
        return sockets_.wait(room_, deadline);
    }
    /// \return the larger of the numbers of delivered datagrams and of events
    std::size_t serve(std::span<const ready_event> events, time_point now);
    /// Reads a batch from the socket of \p channel, out of turn, and delivers it. Not in a receive
    /// handler: there is one set of buffers.
    /// \return whether there may be more
    bool read_ahead(rtp_channel& channel, time_point now) noexcept;
    /// Makes Asio wait from now on. \return false for lack of resources
    bool hand_over() noexcept;

    ready_set& sockets() noexcept { return sockets_; }
    receive_buffers& buffers() noexcept { return buffers_; }
    native_descriptor descriptor() const noexcept { return sockets_.descriptor(); }
    /// The number of turns in which every channel is served once if all are ready.
    std::uint64_t sweep() const noexcept { return sweep_; }

    /// Called in a child of fork(). This must not be destroyed after that.
    void abandon() noexcept;

private:
    class socket_wait;
    static constexpr std::size_t most_events = 64; // in one turn

    void wait_was_lost() noexcept;
    void on_ready();
    std::size_t turn(std::span<const ready_event> events, time_point now, bool& alarmed);
    std::size_t serve(const std::shared_ptr<rtp_channel>& channel, const ready_event& event,
                      time_point now);

    const boost::asio::any_io_executor& executor_; // its owner may replace it after stop()
    const std::shared_ptr<io_home> home_;
    const std::shared_ptr<alarm> alarm_;
    const std::shared_ptr<deferred_tasks> tasks_;
    const std::shared_ptr<completion_queue> completing_;
    const channel_registry& channels_;
    flusher& output_;
    alarm_handler& alarm_handler_;
    const std::shared_ptr<handler_memory> memory_ = std::make_shared<handler_memory>();
    ready_set sockets_;
    receive_buffers buffers_;
    std::weak_ptr<readiness> self_;
    std::array<ready_event, most_events> room_;
    std::array<std::shared_ptr<rtp_channel>, most_events> ready_;
    std::uint64_t turns_ = 0;
    std::uint64_t sweep_ = 1;
    std::atomic<bool> stopped_{false};
    std::atomic<bool> deaf_{false}; // nothing waits for sockets_
};

} // namespace rtpsynth::asio_server::detail
