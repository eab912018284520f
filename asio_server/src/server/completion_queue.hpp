/// \file
/// Completions on their way to the server's executor.
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

/// Operations whose handlers are to be called, first in, first out. Whoever takes an operation from
/// those that wait puts it in here before letting go of the lock under which it was taken, and has
/// post() called after that: so handlers are called in the order in which operations were taken,
/// whichever threads took them and however long each took. What is posted is only the right to call
/// the next handler. A context that is destroyed before it runs them destroys one handler a right.
///
/// What a handler's own executor throws from execute(), but for bad_alloc, leaves the server's
/// executor as what a handler throws does, and the handler is destroyed. After bad_alloc it is
/// tried again.
///
/// Threads: safe. No lock is held while anything of the user's is called or destroyed.
class completion_queue : public std::enable_shared_from_this<completion_queue> {
public:
    /// \p executor, and its \p home if that is a thread of ours, are the server's. \p later goes
    /// off when complete_owed() is to be called.
    completion_queue(boost::asio::any_io_executor executor, std::shared_ptr<io_home> home,
                     std::shared_ptr<alarm> later);

    /// May be called under any lock. post() is to follow.
    void push(completion::pointer op) noexcept;

    /// Has \p count handlers called, and never from here: the caller may be an initiating function,
    /// or have others to serve should the handler throw. On the server's executor they go from here
    /// to executors of their own; all others by way of the server's.
    void post(std::size_t count) noexcept;

    /// Whether complete_owed() is to be called.
    bool owes() const noexcept { return owed_ != 0; }
    /// On the server's executor: calls the handlers that could not be posted for want of memory.
    void complete_owed();

    /// The context of the executor is being destroyed: until attach_to() handlers are destroyed
    /// instead of being called.
    void discard() noexcept;
    /// From now on handlers without an executor of their own are called by \p executor.
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
    std::exception_ptr refusal_; // on the server's executor, of the first that was not yet told of
    std::atomic<std::size_t> owed_{0};
    std::atomic<bool> discarding_{false};
};

/// Puts operations into a queue, under a lock, and posts them at its end, when that lock is free
/// again: so it is to be declared before the lock is taken. What it has pushed may be called by
/// another thread before it posts, and may destroy all but the queue, which it keeps.
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
