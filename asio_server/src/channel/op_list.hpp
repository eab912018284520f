/// \file
/// A list of waiting asynchronous operations.
#pragma once

#include "server/completion.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// A FIFO of operations, linked through the operations. Op is a completion.
template <class Op>
class op_list {
public:
    using op_ptr = std::unique_ptr<Op>;

    op_list() = default;
    op_list(op_list&& other) noexcept
        : head_{std::move(other.head_)}, tail_{std::exchange(other.tail_, nullptr)} {}
    op_list& operator=(op_list&& other) noexcept {
        std::swap(head_, other.head_);
        std::swap(tail_, other.tail_);
        return *this;
    }
    ~op_list() {
        while (pop()) {
        }
    }

    bool empty() const noexcept { return !head_; }
    Op& front() const noexcept { return static_cast<Op&>(*head_); }
    Op& back() const noexcept { return static_cast<Op&>(*tail_); }
    void push(op_ptr op) noexcept {
        completion* const last = op.get();
        (tail_ ? tail_->next : head_) = std::move(op);
        tail_ = last;
    }
    void push_front(op_ptr op) noexcept {
        op->next = std::move(head_);
        head_ = std::move(op);
        if (!tail_) tail_ = head_.get();
    }
    op_ptr pop() noexcept {
        op_ptr op{static_cast<Op*>(head_.release())};
        if (op) head_ = std::move(op->next);
        if (!head_) tail_ = nullptr;
        return op;
    }
    /// Removes the operation with this number; null if it is not in the list.
    op_ptr take(std::uint64_t id) noexcept {
        op_list others;
        op_ptr found;
        while (op_ptr op = pop()) {
            if (op->id == id)
                found = std::move(op);
            else
                others.push(std::move(op));
        }
        *this = std::move(others);
        return found;
    }

private:
    completion::pointer head_;
    completion* tail_ = nullptr;
};

} // namespace rtpsynth::asio_server::detail
