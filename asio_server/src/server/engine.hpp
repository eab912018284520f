/// \file
/// The implementation of rtp_server: one executor, one set of sockets, one series of ticks.
#pragma once

#include "server/channel_registry.hpp"
#include "server/completion_queue.hpp"
#include "server/context_watch.hpp"
#include "server/deferred_tasks.hpp"
#include "server/exception_sink.hpp"
#include "server/flusher.hpp"
#include "server/fork_guard.hpp"
#include "server/io_home.hpp"
#include "server/readiness.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/channel/detail/receive_handler.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/detail/buffer_pool.hpp>
#include <rtpsynth/asio_server/server/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

namespace rtpsynth::asio_server::detail {

/// Contains the parts that serve channels: their registry, the readiness of their sockets, the
/// flusher of their queues, deferred tasks, and the fork guard.
///
/// Users own channels, and channels own the engine; the engine has weak references to channels.
/// Operations on the executor have weak references to the engine, so a context that never runs
/// again keeps nothing alive.
///
/// Threads: safe, except functions that are marked as belonging to the executor.
class engine final : public std::enable_shared_from_this<engine>,
                     public context_client,
                     public home_client,
                     private task_runner,
                     private readiness::alarm_handler {
public:
    /// \p executor runs one handler at a time.
    /// \throws as rtp_server's constructor
    engine(boost::asio::any_io_executor executor, std::shared_ptr<exception_sink> sink,
           const server_options& options);
    /// Runs on a \p home, whose client it is. \throws as rtp_server's constructor
    engine(const std::shared_ptr<io_home>& home, std::shared_ptr<exception_sink> sink,
           const server_options& options);

    /// Called once, after construction.
    void start();
    void detach() noexcept override;

    std::shared_ptr<rtp_channel> create_channel(const channel_options& options,
                                                std::unique_ptr<receive_handler> handler);
    /// The first half of create_channel(): binds. Datagrams wait in the kernel until
    /// open_channel().
    std::shared_ptr<rtp_channel> bind_channel(const channel_options& options);
    /// The second half: starts delivery. \p lease is released when the port is free.
    void open_channel(const std::shared_ptr<rtp_channel>& channel,
                      std::unique_ptr<receive_handler> handler, std::shared_ptr<void> lease);
    /// Closes all channels, which wait until \p drain_until for the kernel to accept queued
    /// datagrams, and lets the executor's context run out of work.
    void shutdown(time_point drain_until) noexcept;

    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    std::optional<duration> tick() const noexcept { return output_.tick(); }
    server_stats stats() const noexcept;
    std::size_t open_channels() const noexcept { return channels_.open(); }

    /// Whether the engine was inherited from the parent process: Asio's objects must then not be
    /// used.
    bool inherited() const noexcept { return fork_.inherited(); }
    /// Called in a child of fork() instead of the destructor.
    static void abandon(std::shared_ptr<engine> self) noexcept;

    const std::shared_ptr<timer_service>& timers() const noexcept { return timers_; }
    buffer_pool& pool() noexcept { return pool_; }

    // Called by channels:

    channel_registry& channels() noexcept { return channels_; }
    completion_queue& completing() noexcept { return *completing_; }
    ready_set& sockets() noexcept { return input_.sockets(); }
    receive_buffers& buffers() noexcept { return input_.buffers(); } // on the executor
    std::uint64_t sweep() const noexcept { return input_.sweep(); }  // on the executor
    std::uint64_t next_operation() noexcept {
        input_.restore_wait();
        return ++operations_;
    }
    /// Counts up from 0. Spreads periodic work, such as the ticks of voice streams, over time.
    unsigned next_phase() noexcept { return phases_++; }
    /// \p channel has datagrams to send.
    void announce(const std::weak_ptr<rtp_channel>& channel) noexcept {
        input_.restore_wait();
        output_.announce(channel);
    }
    flusher& output() noexcept { return output_; }
    /// For timers that are late: see readiness::read_ahead(). On the executor.
    bool read_ahead(rtp_channel& channel, time_point now) noexcept {
        return input_.read_ahead(channel, now);
    }
    /// Resumes paused channels a little later.
    void pause() noexcept { tasks_->owe(task::resume); }
    /// Calls \p call_it, which calls a handler of the user's. Anywhere, without a lock.
    template <class Call>
    void call_handler(Call&& call_it) noexcept {
        try {
            call_it();
        } catch (...) {
            handler_failed(std::current_exception());
        }
    }
    void handler_failed(std::exception_ptr error) noexcept;
    /// Call after something was posted that must complete.
    void ensure_progress() noexcept;

private:
    void on_task(task t) override;
    void on_alarm() override;
    void on_stop();

    std::span<const ready_event> wait(time_point deadline) noexcept override;
    std::size_t serve(std::span<const ready_event> events, time_point now) override;
    time_point next_deadline() const noexcept override;
    bool on_time(time_point now) override;
    bool hand_over() noexcept override;
    void wake_later() noexcept override { alarm_->ring(); }
    native_descriptor descriptor() const noexcept override { return input_.descriptor(); }

    /// \p io_executor is the executor of our own I/O objects.
    engine(boost::asio::any_io_executor executor, boost::asio::any_io_executor io_executor,
           std::shared_ptr<io_home> home, std::shared_ptr<exception_sink> sink,
           const server_options& options);

    boost::asio::any_io_executor executor_;
    boost::asio::any_io_executor io_executor_;
    const std::shared_ptr<io_home> home_;
    const std::shared_ptr<exception_sink> sink_;
    const std::shared_ptr<alarm> alarm_;
    const std::shared_ptr<deferred_tasks> tasks_;
    const std::shared_ptr<completion_queue> completing_;
    const std::shared_ptr<timer_service> timers_;
    channel_registry channels_;
    flusher output_;
    readiness input_;
    buffer_pool pool_;
    fork_guard fork_;
    std::optional<context_watch> watch_; // of the application's context
    std::atomic<std::uint64_t> operations_{0};
    std::atomic<unsigned> phases_{0};
};

} // namespace rtpsynth::asio_server::detail
