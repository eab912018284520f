/// \file
/// The datagrams that a channel has accepted for sending.
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

/// An outstanding async_send.
struct send_op : error_operation {
    using error_operation::error_operation;

    // The bytes, which the caller keeps valid while the operation waits for room:
    std::span<const std::uint8_t> data{};
    boost::asio::ip::udp::endpoint to{};
};

using send_op_list = op_list<send_op>;

/// Datagrams stored one after the other, so that consecutive ones of equal size are contiguous in
/// memory.
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

    std::size_t live = 0; // unsent datagrams that were not cancelled

    std::size_t remaining() const noexcept { return records.size() - next_record; }
    /// How many datagrams from the next one on, at most \p most, have its size and destination.
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
    /// Removes the cancelled datagrams and their bytes. Precondition: none was popped.
    void drop_cancelled() noexcept;
};

/// A bounded queue of two batches: callers fill one while the other is being sent, so that nobody
/// who queues waits for a system call.
///
/// Threads: safe, except sending(), refill(), settled() and cancelling, which need the channel's
/// I/O lock.
class output_queue {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using error_code = boost::system::error_code;

    explicit output_queue(std::size_t capacity) noexcept : capacity_{capacity} {}

    void set_target(const endpoint& to) noexcept;
    std::optional<endpoint> target() const noexcept;

    /// What the caller must do after a push().
    struct queued {
        error_code error;
        bool announce = false; // announce the channel to the engine: it is the first push since the
                               // queue was drained
    };
    /// \p to null: send to the target.
    queued push(std::span<const std::uint8_t> data, const endpoint* to) noexcept;
    /// Takes ownership of \p op unless there is an error.
    queued push(std::span<const std::uint8_t> data, const endpoint* to, send_op_ptr& op);

    /// Whether the queue is empty and would accept \p data, so that it may be sent directly; \p
    /// target receives the destination. Called with the I/O lock held.
    bool may_overtake(std::span<const std::uint8_t> data, const endpoint* to,
                      endpoint& target) const noexcept;

    /// Removes the operation and its datagram, if that was not sent yet.
    send_op_ptr cancel(std::uint64_t id) noexcept;
    send_op_list cancel_all() noexcept;

    /// The batch being sent. Report datagrams that left it to settled().
    output_batch& sending() noexcept { return sending_; }
    /// Call when sending() is empty: fills it with the datagrams queued meanwhile. Returns false if
    /// there were none; the next push then announces the channel. Operations for which there is no
    /// memory go to \p rejected.
    bool refill(send_op_list& rejected) noexcept;
    void settled() noexcept { in_flight_.store(sending_.live, std::memory_order_relaxed); }

    /// Rejects datagrams from now on. False if it was already closed.
    bool close() noexcept;
    /// The same without the lock, for a child of fork() in which the lock may be held forever.
    bool abandon() noexcept { return !closed_.exchange(true); }
    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
    /// Removes the operations that wait for room.
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
    /// Limits the batch of a blocked socket to twice the size of its uncancelled datagrams.
    void forget_cancelled() noexcept;
    static void count(std::atomic<std::uint64_t>& counter, std::uint64_t n = 1) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }

    mutable std::mutex mutex_;
    output_batch pending_;
    send_op_list waiting_; // operations that wait for room
    std::optional<endpoint> target_;
    const std::size_t capacity_;
    bool announced_ = false;
    std::atomic<bool> closed_{false};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> cancelled_{0};

    output_batch sending_;
    std::atomic<std::size_t> in_flight_{0}; // live datagrams in sending_
};

} // namespace rtpsynth::asio_server::detail
