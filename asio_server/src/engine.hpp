/// \file
/// What is behind an rtp_server: one executor, one set of sockets, one grid of ticks.
#pragma once

#include "exception_sink.hpp"
#include "io_thread.hpp"
#include "poller.hpp"
#include "timer_service.hpp"
#include "udp_socket.hpp"

#include <rtpsynth/asio_server/detail/buffer_pool.hpp>
#include <rtpsynth/asio_server/detail/receive_handler.hpp>
#include <rtpsynth/asio_server/rtp_channel.hpp>
#include <rtpsynth/asio_server/server_options.hpp>

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

    poller& sockets() noexcept { return sockets_; }
    receive_buffers& buffers() noexcept { return buffers_; } // on the executor
    /// In how many turns all channels have theirs, should all be ready. On the executor.
    std::uint64_t sweep() const noexcept { return sweep_; }
    std::uint64_t next_operation() noexcept { return ++operations_; }
    /// \p channel has something to send.
    void announce(const std::weak_ptr<rtp_channel>& channel) noexcept;
    /// \p channel is to resume a little later.
    void pause(const std::weak_ptr<rtp_channel>& channel) noexcept;
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

    void wait_for_sockets();
    void on_sockets();
    bool on_turn();
    void on_flush();
    void flush(const std::shared_ptr<rtp_channel>& channel);
    void on_first_of_tick();
    void on_pause(const std::weak_ptr<rtp_channel>& channel);
    void on_resume();
    void on_stop();
    std::shared_ptr<rtp_channel> channel_at(std::size_t index) const noexcept;
    /// Calls a member function on the executor, unless the engine is gone by then.
    void post(void (engine::*member)());

    const boost::asio::any_io_executor executor_;
    const std::shared_ptr<io_home> home_;
    const std::shared_ptr<exception_sink> sink_;
    const server_options options_;
    const time_point origin_;
    const pid_t process_;

    poller sockets_;
    receive_buffers buffers_;
    buffer_pool pool_;
    std::shared_ptr<timer_service> timers_;
    boost::asio::posix::stream_descriptor sockets_ready_; // a duplicate of sockets_
    boost::asio::steady_timer tick_timer_;
    boost::asio::steady_timer resume_timer_;
    std::vector<std::weak_ptr<rtp_channel>> paused_;   // on the executor
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
    std::atomic<bool> flush_due_{false}; // somebody will call on_flush()

    std::atomic<std::uint64_t> operations_{0};
    std::atomic<std::uint64_t> ticks_{0};
};

} // namespace rtpsynth::asio_server::detail
