/// \file
/// The implementation of rtp_channel.
#pragma once

#include "channel/inbox.hpp"
#include "channel/output_queue.hpp"
#include "io/backend.hpp"

#include <rtpsynth/asio_server/channel/detail/receive_handler.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/channel/source_lock.hpp>
#include <rtpsynth/asio_server/channel/stats.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

namespace rtpsynth::asio_server::detail {

class engine;

/// An async_close. The channel lives until it completes.
struct close_op : error_operation {
    using error_operation::error_operation;
    void call(completion::pointer self) override {
        const auto last = std::move(channel);
        error_operation::call(std::move(self));
    }
    std::shared_ptr<rtp_channel> channel{};
};

/// There are two locks. The I/O lock is held during system calls on the socket, so that close()
/// knows that nobody uses it. The output queue's own lock is held only to add or remove datagrams.
/// Neither is held while a handler runs. Order: I/O, queue.
class channel_impl final : private delivery_gate {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using error_code = boost::system::error_code;

    /// Binds. \throws as rtp_server::create_channel
    channel_impl(std::shared_ptr<engine> owner, const channel_options& options);
    ~channel_impl();

    /// Registers the socket with the engine as \p token and starts delivery. Called once, before
    /// all other functions. \p lease is released when the port is free, but never in a child of
    /// fork().
    /// \return false if it was closed meanwhile
    bool open(const std::shared_ptr<rtp_channel>& self, std::uint64_t token,
              std::unique_ptr<receive_handler> handler, std::shared_ptr<void> lease);

    static channel_impl& of(const rtp_channel& channel) noexcept { return *channel.impl_; }

    engine& owner() const noexcept { return *owner_; }
    const endpoint& local_endpoint() const noexcept { return local_; }
    bool is_open() const noexcept override { return !output_.closed(); }

    error_code set_target(endpoint target) noexcept;
    std::optional<endpoint> target() const noexcept { return output_.target(); }
    error_code try_send(std::span<const std::uint8_t> data, const endpoint* to) noexcept;
    void start_send(std::span<const std::uint8_t> data, const endpoint* to,
                    operation<void(error_code)>::handler_type handler);
    void start_receive(operation<void(error_code, datagram)>::handler_type handler);
    void cancel() noexcept;
    void start_close(operation<void(error_code)>::handler_type handler);
    /// Waits until \p drain_until for the kernel to accept the queued datagrams.
    bool close(time_point drain_until = std::chrono::steady_clock::now() + longest_drain) noexcept;
    static constexpr duration longest_drain = std::chrono::milliseconds{100};

    channel_stats stats() const noexcept;
    std::size_t receive_buffer_size() const noexcept;
    std::size_t send_buffer_size() const noexcept;
    std::optional<endpoint> locked_source() const noexcept;
    void reset_source_lock() noexcept;

    // Called by the engine, on its executor:

    enum class flushed { drained, more, blocked };
    /// Sends at most \p budget queued datagrams.
    flushed flush(std::size_t budget) noexcept;

    /// Reads a batch and delivers it. \p turn is the number of the engine's pass over the ready
    /// sockets.
    /// \return how many datagrams it delivered
    std::size_t receive(rtp_channel& self, time_point now, std::uint64_t turn) noexcept;
    /// Reads a batch as large as possible and delivers it, out of turn.
    /// \return whether there was one, so that there may be more
    bool receive_waiting(rtp_channel& self, time_point now) noexcept;
    /// Prefetches what receive() will access.
    void prefetch() const noexcept {
        constexpr std::size_t line = 64;
        for (std::size_t i = 0; i < sizeof *this; i += line)
            rtpsynth::detail::prefetch(reinterpret_cast<const char*>(this) + i);
    }
    /// Reads again after receive() gave up on a socket that only fails, and registers for events if
    /// that failed before.
    void resume() noexcept;

private:
    using counter = std::atomic<std::uint64_t>;
    /// For counters that only one thread at a time writes.
    static void add(counter& c, std::uint64_t n) noexcept {
        c.store(c.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }

    void failed(std::exception_ptr error) noexcept override;

    bool leaves_at_once() noexcept;
    bool send_at_once(std::span<const std::uint8_t> data, const endpoint* to) noexcept;

    // Called with the I/O lock held:
    flushed send_some(std::size_t budget, completions& done) noexcept;
    void finish_record(error_code result, completions& done) noexcept;
    void fail_record(error_code error, completions& done) noexcept;
    bool drain(time_point until, completions& done) noexcept;
    std::unique_ptr<receive_handler> stop_receiving(completions& done) noexcept;
    std::uint64_t go_on_closing(flushed state, completions& done) noexcept;
    std::uint64_t give_up_closing(error_code result, completions& done) noexcept;
    std::uint64_t finish_close(error_code result, completions& done) noexcept;
    output_batch::record* next_to_send(completions& done) noexcept;
    std::size_t next_burst(std::uint64_t turn) noexcept;
    std::span<datagram_view> read(time_point now, std::size_t want, completions& done) noexcept;
    void receive_failed(error_code error, completions& done) noexcept;
    void tell_receive_error(error_code error, completions& done) noexcept;
    void count_received(std::uint64_t datagrams, std::uint64_t bytes) noexcept;
    std::span<datagram_view> accepted(std::span<datagram_view> batch) noexcept;
    void take_in(std::span<datagram_view> batch, completions& done) noexcept;
    void watch() noexcept;
    void note_dropped() const noexcept;

    void deliver(rtp_channel& self, std::span<const datagram_view> batch) noexcept;
    void cancel_send(std::uint64_t id) noexcept;
    void cancel_receive(std::uint64_t id) noexcept;
    void cancel_close(std::uint64_t id) noexcept;

    const std::shared_ptr<engine> owner_;
    std::weak_ptr<rtp_channel> self_;
    output_queue output_;

    mutable std::mutex io_;
    udp_socket socket_;
    const endpoint local_;
    std::uint64_t token_ = 0;
    std::shared_ptr<void> lease_;
    std::unique_ptr<receive_handler> handler_;
    std::unique_ptr<inbox> inbox_; // null if there is a handler
    source_lock source_lock_;
    const source_policy policy_;
    bool delivering_ = false; // a handler is being called and must not be destroyed
    bool reading_ = false;    // registered for readability
    bool blocked_ = false;    // registered for writability
    interest watched_{};
    unsigned failures_ = 0;       // consecutive failed reads
    std::size_t burst_ = 1;       // datagrams to ask for in one read
    unsigned singles_ = 0;        // passes in which to ask for only one datagram
    std::uint64_t last_turn_ = 0; // the latest pass with something to read
    mutable std::uint32_t dropped_before_ = 0;
    std::uint64_t sent_in_delivery_ = 0;  // latest delivery with a direct send; on the executor
    std::atomic<time_point> last_send_{}; // time of the latest send outside of receive handlers
    std::atomic<bool> closing_{false};    // an async_close is outstanding
    std::unique_ptr<close_op> close_op_;
    time_point close_until_{};
    error_code last_receive_error_;
    error_code last_send_error_;

    counter received_{0}, received_bytes_{0}, rejected_{0}, discarded_{0}, receive_errors_{0};
    counter sent_at_once_{0}, sent_{0}, sent_bytes_{0}, send_errors_{0};
    mutable counter overflow_{0};
};

} // namespace rtpsynth::asio_server::detail
