/// \file
/// What is behind an rtp_channel.
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

/// Two locks. The I/O lock is held for system calls on the socket, so that whoever closes it knows
/// that nobody uses it; the output queue's own only to put something in or take it out. Neither is
/// held while a handler runs. Order: I/O, queue.
class channel_impl final : private delivery_gate {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using error_code = boost::system::error_code;

    /// Binds. \throws as rtp_server::create_channel
    channel_impl(std::shared_ptr<engine> owner, const channel_options& options);
    ~channel_impl();

    /// Has datagrams reported to the engine, as \p token, and delivered. Once, before anything
    /// else. \p lease is dropped when the port is free; never by a child of fork().
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
    /// Waits for the kernel to take what is queued until \p drain_until.
    bool close(time_point drain_until = std::chrono::steady_clock::now() + longest_drain) noexcept;
    static constexpr duration longest_drain = std::chrono::milliseconds{100};

    channel_stats stats() const noexcept;
    std::size_t receive_buffer_size() const noexcept;
    std::size_t send_buffer_size() const noexcept;
    std::optional<endpoint> locked_source() const noexcept;
    void reset_source_lock() noexcept;

    // For the engine, on its executor:

    enum class flushed { drained, more, blocked };
    /// Sends what is queued, \p budget datagrams at most.
    flushed flush(std::size_t budget) noexcept;

    /// Reads a turn's worth and delivers it. \p turn counts the engine's.
    /// \return how many datagrams it delivered
    std::size_t receive(rtp_channel& self, time_point now, std::uint64_t turn) noexcept;
    /// It will, soon.
    void prefetch() const noexcept {
        constexpr std::size_t line = 64;
        for (std::size_t i = 0; i < sizeof *this; i += line)
            rtpsynth::detail::prefetch(reinterpret_cast<const char*>(this) + i);
    }
    /// Reads again after receive() gave up on a socket that does nothing but fail, and has events
    /// reported where that failed before.
    void resume() noexcept;

private:
    using counter = std::atomic<std::uint64_t>;
    /// Where one thread at a time writes.
    static void add(counter& c, std::uint64_t n) noexcept {
        c.store(c.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }

    void failed(std::exception_ptr error) noexcept override;

    bool leaves_at_once() noexcept;
    bool send_at_once(std::span<const std::uint8_t> data, const endpoint* to) noexcept;

    // With the I/O lock held:
    flushed send_some(std::size_t budget, completions& done) noexcept;
    void finish_record(error_code result, completions& done) noexcept;
    void fail_record(error_code error, completions& done) noexcept;
    bool drain(time_point until, completions& done) noexcept;
    std::unique_ptr<receive_handler> stop_receiving(completions& done) noexcept;
    std::uint64_t go_on_closing(flushed state, completions& done) noexcept;
    std::uint64_t give_up_closing(error_code result, completions& done) noexcept;
    std::uint64_t finish_close(error_code result, completions& done) noexcept;
    output_batch::record* next_to_send(completions& done) noexcept;
    std::span<datagram_view> read(time_point now, std::uint64_t turn, completions& done) noexcept;
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
    std::unique_ptr<inbox> inbox_; // if there is no handler
    source_lock source_lock_;
    const source_policy policy_;
    bool delivering_ = false; // and the handler must not go
    bool reading_ = false;    // wants to know when it can
    bool blocked_ = false;    // wants to know when it can send
    interest watched_{};
    unsigned failures_ = 0;       // of reading, in a row
    std::size_t burst_ = 1;       // to read in one turn
    unsigned singles_ = 0;        // turns in which not to try for more
    std::uint64_t last_turn_ = 0; // with something to read
    mutable std::uint32_t dropped_before_ = 0;
    std::uint64_t sent_in_delivery_ = 0;  // at once; on the executor
    std::atomic<time_point> last_send_{}; // from outside of receive handlers
    std::atomic<bool> closing_{false};    // by async_close, and not done yet
    std::unique_ptr<close_op> close_op_;
    time_point close_until_{};
    error_code last_receive_error_;
    error_code last_send_error_;

    counter received_{0}, received_bytes_{0}, rejected_{0}, discarded_{0}, receive_errors_{0};
    counter sent_at_once_{0}, sent_{0}, sent_bytes_{0}, send_errors_{0};
    mutable counter overflow_{0};
};

} // namespace rtpsynth::asio_server::detail
