/// \file
/// What is behind an rtp_server: one executor, one set of sockets, one grid of ticks.
#pragma once

#include "io/alarm.hpp"
#include "io/poller.hpp"
#include "io/udp_socket.hpp"
#include "server/completion_queue.hpp"
#include "server/exception_sink.hpp"
#include "server/handler_memory.hpp"
#include "server/io_thread.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/channel/detail/receive_handler.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/detail/buffer_pool.hpp>
#include <rtpsynth/asio_server/server/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/types.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace rtpsynth::asio_server::detail {

/// Channels are owned by their users and keep the engine; the engine knows them weakly. What waits
/// on the executor knows the engine weakly, so that a context that never runs again keeps nothing
/// alive.
///
/// Threads: what begins with `on_` runs on the executor, all else anywhere.
class engine : public std::enable_shared_from_this<engine> {
public:
    /// \p executor runs one handler at a time. \p home: of the server's own thread, or null.
    /// \throws as rtp_server's constructor
    engine(boost::asio::any_io_executor executor, std::shared_ptr<io_home> home,
           std::shared_ptr<exception_sink> sink, const server_options& options);

    /// Once, after construction.
    void start();

    std::shared_ptr<rtp_channel> create_channel(const channel_options& options,
                                                std::unique_ptr<receive_handler> handler);
    /// Closes all channels, and lets the executor's context run out of work.
    void shutdown() noexcept;

    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    std::optional<duration> tick() const noexcept { return options_.tick; }
    server_stats stats() const noexcept;

    /// Whether this is a child of the process that made it: then nothing of Asio may be touched.
    bool forked() const noexcept;
    /// What a child does instead of destruction.
    static void abandon(std::shared_ptr<engine> self) noexcept;

    const std::shared_ptr<timer_service>& timers() const noexcept { return timers_; }
    buffer_pool& pool() noexcept { return pool_; }

    // For channels:

    completion_queue& completing() noexcept { return *completing_; }
    poller& sockets() noexcept { return sockets_; }
    receive_buffers& buffers() noexcept { return buffers_; } // on the executor
    /// In how many turns all channels have theirs, should all be ready. On the executor.
    std::uint64_t sweep() const noexcept { return sweep_; }
    std::uint64_t next_operation() noexcept {
        restore_wait();
        return ++operations_;
    }
    /// \p channel has something to send.
    void announce(const std::weak_ptr<rtp_channel>& channel) noexcept;
    /// A channel is to resume a little later.
    void pause() noexcept { owe(resume_task); }
    void handler_failed(std::exception_ptr error) noexcept;
    /// After something was posted that must complete.
    void ensure_progress() noexcept;
    /// A channel closed: no events any more. It retires once it is destroyed.
    void channel_closed(std::uint64_t token) noexcept;
    void retire(std::uint64_t token, const channel_stats& last) noexcept;

private:
    struct slot {
        std::weak_ptr<rtp_channel> channel;
        std::uint32_t generation = 0;
    };
    struct ready {
        std::shared_ptr<rtp_channel> channel;
        std::uint32_t events = 0;
    };
    class turn;
    class socket_wait;
    class tick_wait;
    static constexpr std::uint64_t alarm_token = 0; // generations of channels begin with 1

    /// What other threads, and turns that come later, have to do on the executor. Bits of a set.
    enum task : unsigned {
        wait_task = 1,
        flush_task = 2,
        tick_task = 4,
        resume_task = 8,
        stop_task = 16,
    };
    /// Has it done on the executor, unless the engine is gone by then. \throws std::bad_alloc
    void post(task t);
    /// The same; without memory, when the alarm goes off.
    void request(task t) noexcept;
    /// When the alarm goes off.
    void owe(task t) noexcept;
    void on_task(task t);
    void on_alarm();

    void wait_for_sockets() noexcept;
    void wait_was_lost() noexcept;
    void restore_wait() noexcept {
        if (deaf_ && deaf_.exchange(false)) wait_was_lost(); // one of those who see it
    }
    void on_sockets();
    bool on_turn(bool& alarmed);
    void on_flush();
    void flush(const std::shared_ptr<rtp_channel>& channel);
    void on_first_of_tick();
    void on_stop();
    std::shared_ptr<rtp_channel> channel_at(std::size_t index) const noexcept;
    /// Those that were there when it began; no lock is held while one is visited.
    template <class Visit>
    void for_each_channel(Visit visit) const {
        std::size_t slots = 0;
        {
            const std::lock_guard lock{registry_};
            slots = slots_.size();
        }
        for (std::size_t i = 0; i != slots; ++i)
            if (const auto channel = channel_at(i)) visit(channel);
    }

    const boost::asio::any_io_executor executor_;
    const std::shared_ptr<io_home> home_;
    const std::shared_ptr<exception_sink> sink_;
    const server_options options_;
    const time_point origin_;
    const pid_t process_;

    const std::shared_ptr<alarm> alarm_;
    const std::shared_ptr<completion_queue> completing_;
    const std::shared_ptr<handler_memory> wait_memory_ = std::make_shared<handler_memory>();
    poller sockets_; // and the alarm
    receive_buffers buffers_;
    buffer_pool pool_;
    std::shared_ptr<timer_service> timers_;
    boost::asio::posix::stream_descriptor sockets_ready_; // a duplicate of sockets_
    boost::asio::steady_timer tick_timer_;
    std::vector<std::weak_ptr<rtp_channel>> flushing_; // on the executor
    std::array<ready, 64> ready_;                      // on the executor
    std::uint64_t turns_ = 0;                          // on the executor
    std::uint64_t sweep_ = 1;                          // on the executor
    bool stopped_ = false;                             // on the executor

    mutable std::mutex registry_;
    std::vector<slot> slots_;
    std::vector<std::uint32_t> free_slots_;
    bool closing_ = false;
    std::size_t open_ = 0;
    std::condition_variable all_closed_;
    channel_stats retired_;

    std::mutex announcing_;
    std::vector<std::weak_ptr<rtp_channel>> announced_;
    bool all_announced_ = false;         // or some of them, and there was no memory to note which
    std::atomic<bool> flush_due_{false}; // somebody will call on_flush()

    std::atomic<unsigned> owed_{0};  // tasks
    std::atomic<bool> deaf_{false};  // nothing waits for sockets_
    std::shared_ptr<engine> leaked_; // itself
    std::atomic<std::uint64_t> operations_{0};
    std::atomic<std::uint64_t> ticks_{0};
};

} // namespace rtpsynth::asio_server::detail
