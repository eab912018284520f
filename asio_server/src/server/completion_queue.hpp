/// \file
/// Completed operations on their way to the server's executor.
#pragma once

#include "channel/op_list.hpp"
#include "server/completion.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace rtpsynth::asio_server::detail {

class alarm;
class io_home;

/// A FIFO of operations whose handlers are to be called. A thread that takes an operation from a
/// waiting list puts it in here before it releases the lock of that list, and calls post() after
/// that. Handlers are therefore called in the order in which operations were taken, whichever
/// threads took them and however long each needed. post() only posts the right to call the next
/// handler. If the context is destroyed before it runs these, each destroys one handler.
///
/// An exception that a handler's own executor throws from execute() leaves the server's executor as
/// an exception of a handler does, and the handler is destroyed. After bad_alloc it is submitted
/// again.
///
/// Threads: safe. No lock is held while the user's code is called or the user's objects are
/// destroyed.
class completion_queue : public std::enable_shared_from_this<completion_queue> {
public:
    /// \p executor, and its \p home if it belongs to a thread of ours, are the server's. \p later
    /// goes off when complete_owed() must be called.
    completion_queue(boost::asio::any_io_executor executor, std::shared_ptr<io_home> home,
                     std::shared_ptr<alarm> later);

    /// May be called under any lock. Call post() afterwards.
    void push(completion::pointer op) noexcept;

    /// Makes \p count handlers be called, but never inside this function: the caller may be an
    /// initiating function, or may have others to serve if the handler throws. On the server's
    /// executor, handlers with executors of their own are submitted to those directly; all others
    /// go through the server's executor.
    void post(std::size_t count) noexcept;

    /// Whether complete_owed() must be called.
    bool owes() const noexcept { return owed_ != 0; }
    /// On the server's executor: calls the handlers that could not be posted for lack of memory.
    void complete_owed();

    /// The context of the executor is being destroyed. Until attach_to(), handlers are destroyed
    /// instead of being called.
    void discard() noexcept;
    /// From now on \p executor calls handlers that have no executor of their own.
    void attach_to(boost::asio::any_io_executor executor) noexcept;

private:
    class right;

    completion::pointer pop() noexcept;
    completion::pointer pop_to_post() noexcept;
    bool submit(completion::pointer op);
    std::size_t submit_here(std::size_t count) noexcept;
    void complete_next();
    void owe(std::size_t count) noexcept;

    boost::asio::any_io_executor executor_;
    const std::shared_ptr<io_home> home_;
    const std::shared_ptr<alarm> alarm_;
    std::mutex mutex_;
    op_list<completion> queue_;
    std::exception_ptr
        refusal_; // exception of the first refused operation; on the server's executor
    std::atomic<std::size_t> owed_{0};
    std::atomic<bool> discarding_{false};
};

/// Puts operations into a queue while a lock is held, and posts them in its destructor, when that
/// lock is free again: declare it before the lock is taken. Another thread may call the operations
/// before they are posted here, and may destroy everything but the queue, which this keeps alive.
class completions {
public:
    explicit completions(completion_queue& queue) noexcept : queue_{queue} {}
    ~completions() {
        if (kept_) kept_->post(count_);
    }
    completions(const completions&) = delete;
    completions& operator=(const completions&) = delete;

    void push(completion::pointer op) noexcept {
        if (!kept_) kept_ = queue_.shared_from_this();
        kept_->push(std::move(op));
        ++count_;
    }
    template <class Op>
    void push(op_list<Op>&& ops, boost::system::error_code result) noexcept {
        while (auto op = ops.pop()) {
            op->result = result;
            push(std::move(op));
        }
    }

private:
    completion_queue& queue_;
    std::shared_ptr<completion_queue> kept_; // from the first push on
    std::size_t count_ = 0;
};

} // namespace rtpsynth::asio_server::detail
