/// \file
/// Received datagrams for async_receive.
#pragma once

#include "channel/op_list.hpp"
#include "server/completion.hpp"
#include "server/completion_queue.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// An async_receive.
using receive_op = value_operation<datagram>;
using receive_op_ptr = std::unique_ptr<receive_op>;
using receive_op_list = op_list<receive_op>;

/// Received datagrams, or operations that wait for one; never both.
///
/// Threads: the channel's I/O lock.
class inbox {
public:
    /// How many datagrams are read ahead while no operation waits; the rest stays in the kernel.
    static constexpr std::size_t capacity = 32;

    bool waited_for() const noexcept { return !waiting_.empty(); }
    bool full() const noexcept { return ready_.size() >= capacity; }
    std::size_t size() const noexcept { return ready_.size(); }
    const datagram& front() const noexcept { return ready_.front(); }

    /// Adds the datagram. If it completes an operation, that is added to \p done.
    void put(datagram&& d, completions& done) {
        if (receive_op_ptr op = waiting_.pop()) {
            op->value = std::move(d);
            done.push(std::move(op));
        } else {
            ready_.push_back(std::move(d));
        }
    }
    /// Completes \p op with a datagram. Returns false if there is none; \p op then waits.
    bool get(receive_op_ptr& op) {
        if (ready_.empty()) {
            waiting_.push(std::move(op));
            return false;
        }
        op->value = std::move(ready_.front());
        ready_.pop_front();
        return true;
    }
    /// Removes the operation that waits longest; null if none waits.
    receive_op_ptr pop_waiting() noexcept { return waiting_.pop(); }
    receive_op_ptr cancel(std::uint64_t id) noexcept { return waiting_.take(id); }
    receive_op_list cancel_all() noexcept { return std::move(waiting_); }
    /// \return how many datagrams were lost
    std::size_t clear() noexcept {
        const std::size_t n = ready_.size();
        ready_.clear();
        return n;
    }

private:
    std::deque<datagram> ready_;
    receive_op_list waiting_;
};

} // namespace rtpsynth::asio_server::detail
