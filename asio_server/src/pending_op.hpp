/// \file
/// An asynchronous operation that waits.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// The completion handler, and the executor it completes on, which is kept running meanwhile.
template <class Signature>
class pending_op {
public:
    using handler_type = boost::asio::any_completion_handler<Signature>;

    /// \p fallback is for a handler that has no executor of its own.
    pending_op(handler_type&& handler, const boost::asio::any_io_executor& fallback)
        : handler_{std::move(handler)},
          executor_{
              boost::asio::prefer(boost::asio::get_associated_executor(
                                      handler_, boost::asio::any_completion_executor{fallback}),
                                  boost::asio::execution::outstanding_work.tracked)} {}

    /// Has \p cancel(), called from any thread, cancel the operation: terminal, partial or total,
    /// since all leave the channel usable and nothing half done.
    template <class Cancel>
    void on_cancellation(Cancel&& cancel) {
        auto slot = boost::asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return;
        slot.assign([c = std::forward<Cancel>(cancel)](boost::asio::cancellation_type type) {
            if (type != boost::asio::cancellation_type::none) c();
        });
    }

    /// By way of \p home, the channel's executor, and never from here: the caller may hold a lock,
    /// be an initiating function, or have others to serve should the handler throw.
    template <class... Args>
    void post(const boost::asio::any_io_executor& home, Args... args) && {
        boost::asio::post(home, [op = std::move(*this), ... as = std::move(args)]() mutable {
            // A copy with work of its own: the call may end this one's, and with it the context.
            const auto executor =
                boost::asio::prefer(op.executor_, boost::asio::execution::outstanding_work.tracked);
            executor.execute([o = std::move(op), ... a = std::move(as)]() mutable {
                std::move(o.handler_)(std::move(a)...);
            });
        });
    }

private:
    handler_type handler_;
    boost::asio::any_completion_executor executor_;
};

/// First in, first out, without memory of its own. An Op has an `id` and a `next`.
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
