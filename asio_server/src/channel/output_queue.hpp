/// \file
/// What a channel has accepted for sending.
#pragma once

#include "channel/op_list.hpp"
#include "server/completion.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace rtpsynth::asio_server::detail {

struct send_op;
using send_op_ptr = std::unique_ptr<send_op>;

/// An async_send on its way.
struct send_op : error_operation {
    using error_operation::error_operation;

    // Of one that waits for room, which the caller keeps valid:
    std::span<const std::uint8_t> data{};
    boost::asio::ip::udp::endpoint to{};
};

using send_op_list = op_list<send_op>;

/// Datagrams one behind the other, so that a run of equal ones is one piece of memory.
struct output_batch {
    struct record {
        boost::asio::ip::udp::endpoint to;
        std::uint32_t size;
        bool cancelled = false;
        send_op_ptr op{};
    };
    std::vector<std::uint8_t> bytes;
    std::vector<record> records;
    std::size_t next_record = 0;
    std::size_t next_byte = 0;

    std::size_t live = 0; // of those left, not cancelled

    std::size_t remaining() const noexcept { return records.size() - next_record; }
    /// How many from the next one on, \p most of them, have its size and destination.
    std::size_t run(std::size_t most) const noexcept;
    std::span<const std::uint8_t> rest() const noexcept {
        return std::span{bytes}.subspan(next_byte);
    }
    void pop() noexcept {
        const record& r = records[next_record++];
        next_byte += r.size;
        if (!r.cancelled) --live;
    }
    void clear() noexcept;
    /// Forgets those that were cancelled, and their bytes. Precondition: none was popped.
    void drop_cancelled() noexcept;
};

/// Bounded. Two batches: callers fill one while the other is being sent, so that nobody who queues
/// waits for a system call.
///
/// Threads: safe, but for sending(), refill(), settled() and cancelling, which belong to whoever
/// holds the channel's I/O lock.
class output_queue {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using error_code = boost::system::error_code;

    explicit output_queue(std::size_t capacity) noexcept : capacity_{capacity} {}

    void set_target(const endpoint& to) noexcept;
    std::optional<endpoint> target() const noexcept;

    /// What a caller has to do after something was queued.
    struct queued {
        error_code error;
        bool announce = false; // tell the engine: nobody else did since the queue was drained
    };
    /// \p to null: the target.
    queued push(std::span<const std::uint8_t> data, const endpoint* to) noexcept;
    /// Takes \p op unless there is an error.
    queued push(std::span<const std::uint8_t> data, const endpoint* to, send_op_ptr& op);

    /// Whether the queue is empty and would accept \p data, which may be sent instead; \p target
    /// is where to. For whoever holds the I/O lock.
    bool may_overtake(std::span<const std::uint8_t> data, const endpoint* to,
                      endpoint& target) const noexcept;

    /// Takes the operation back, and its datagram out, if it has not left.
    send_op_ptr cancel(std::uint64_t id) noexcept;
    send_op_list cancel_all() noexcept;

    /// The batch to send from. What has left it is reported to settled().
    output_batch& sending() noexcept { return sending_; }
    /// Once sending() is empty: fills it with what was queued meanwhile. False: there was nothing,
    /// and the next push announces itself. Operations for which there is no memory go to
    /// \p rejected.
    bool refill(send_op_list& rejected) noexcept;
    void settled() noexcept { in_flight_.store(sending_.live, std::memory_order_relaxed); }

    /// Nothing is accepted from now on. False if it was closed before.
    bool close() noexcept;
    /// The same without the lock, for a process that has inherited it.
    bool abandon() noexcept { return !closed_.exchange(true); }
    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
    /// Those that never got into the queue.
    send_op_list take_waiting() noexcept;

    std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }
    std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
    std::uint64_t cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

private:
    error_code check(std::span<const std::uint8_t> data, const endpoint*& to) const noexcept;
    bool full() const noexcept {
        return !waiting_.empty() ||
               pending_.live + in_flight_.load(std::memory_order_relaxed) >= capacity_;
    }
    void append(std::span<const std::uint8_t> data, const endpoint& to);
    send_op_ptr cancel(output_batch& batch, output_batch::record& record) noexcept;
    /// Keeps what waits behind a blocked socket within twice what is left of it.
    void forget_cancelled() noexcept;
    static void count(std::atomic<std::uint64_t>& counter, std::uint64_t n = 1) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }

    mutable std::mutex mutex_;
    output_batch pending_;
    send_op_list waiting_; // for room
    std::optional<endpoint> target_;
    const std::size_t capacity_;
    bool announced_ = false;
    std::atomic<bool> closed_{false};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> cancelled_{0};

    output_batch sending_;
    std::atomic<std::size_t> in_flight_{0}; // live in sending_
};

} // namespace rtpsynth::asio_server::detail
