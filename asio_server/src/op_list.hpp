/// \file
/// Asynchronous operations that wait, or that are to complete once no lock is held.
#pragma once

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// First in, first out, without memory of its own. An Op has an `id`, a `result` and a `next`.
template <class Op>
class op_list {
public:
    using op_ptr = std::unique_ptr<Op>;

    op_list() = default;
    /// Of one, or empty for null.
    explicit op_list(op_ptr op) noexcept {
        if (op) push(std::move(op));
    }
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
    Op& front() const noexcept { return *head_; }
    void push(op_ptr op) noexcept {
        Op* const last = op.get();
        (tail_ ? tail_->next : head_) = std::move(op);
        tail_ = last;
    }
    op_ptr pop() noexcept {
        op_ptr op = std::move(head_);
        if (op) head_ = std::move(op->next);
        if (!head_) tail_ = nullptr;
        return op;
    }
    void append(op_list&& others) noexcept {
        while (op_ptr op = others.pop()) push(std::move(op));
    }
    /// What all of them complete with.
    op_list&& with_result(boost::system::error_code result) && noexcept {
        for (Op* op = head_.get(); op; op = op->next.get()) op->result = result;
        return std::move(*this);
    }
    /// Null if there is none.
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
    op_ptr head_;
    Op* tail_ = nullptr;
};

} // namespace rtpsynth::asio_server::detail
