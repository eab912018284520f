/// \file
/// Which sockets are ready, and what is done about it.
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

/// Waits for sockets and serves those that are ready, in turns: each is read once, and what its
/// handler queued is sent, before its neighbours have theirs.
///
/// Threads: sockets() and restore_wait() are safe; the rest belongs to the executor.
class readiness {
public:
    /// What an alarm of the set is about.
    class alarm_handler {
    public:
        virtual void on_alarm() = 0;

    protected:
        ~alarm_handler() = default;
    };

    /// Of a server with a \p home, whoever runs that waits; otherwise Asio does.
    readiness(const boost::asio::any_io_executor& executor, std::shared_ptr<io_home> home,
              std::shared_ptr<alarm> alarm, std::shared_ptr<deferred_tasks> tasks,
              std::shared_ptr<completion_queue> completing, const channel_registry& channels,
              flusher& output, alarm_handler& on_alarm);

    /// Once, before anything else. \p self is this one, as its owner keeps it.
    void start(std::weak_ptr<readiness> self) noexcept { self_ = std::move(self); }
    /// Has Asio wait.
    void wait() noexcept;
    /// Waits if a wait was lost.
    void restore_wait() noexcept {
        if (deaf_ && deaf_.exchange(false))
            wait_was_lost(); // exactly one of the threads that see it
    }
    /// Nothing is waited for any more.
    void stop() noexcept;

    // For whoever runs the home:
    std::span<const ready_event> wait(time_point deadline) noexcept {
        return sockets_.wait(room_, deadline);
    }
    /// \return how many datagrams it delivered, or events there were if that is more
    std::size_t serve(std::span<const ready_event> events, time_point now);
    /// Has Asio wait from now on. \return false if it has not the resources
    bool hand_over() noexcept;

    ready_set& sockets() noexcept { return sockets_; }
    receive_buffers& buffers() noexcept { return buffers_; }
    native_descriptor descriptor() const noexcept { return sockets_.descriptor(); }
    /// Number of turns in which every channel is served once, if all are ready.
    std::uint64_t sweep() const noexcept { return sweep_; }

    /// In a child of fork(); then it is not to be destroyed.
    void abandon() noexcept;

private:
    class socket_wait;
    static constexpr std::size_t most_events = 64; // of a turn

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
