#include "server/completion_queue.hpp"

#include "io/backend.hpp"
#include "server/io_thread.hpp"
#include "server/serial_executor.hpp"

#include <boost/asio/post.hpp>

#include <new>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

/// An operation that is being submitted to its executor, which may lack the memory for it.
struct submission {
    explicit submission(const completion& submitted) noexcept
        : op{&submitted}, outer{std::exchange(latest, this)} {}
    ~submission() { latest = outer; }
    submission(const submission&) = delete;
    submission& operator=(const submission&) = delete;

    const completion* op;
    completion::pointer rejected{};
    submission* outer; // a handler may run another context, which submits too
    static thread_local submission* latest;
};
thread_local submission* submission::latest = nullptr;

/// The function that an operation's executor executes. If the executor destroys it before accepting
/// it, the operation goes back to its submission.
class call_of {
public:
    explicit call_of(completion::pointer op) noexcept : op_{std::move(op)} {}
    call_of(call_of&&) noexcept = default;
    call_of& operator=(call_of&&) = delete;
    ~call_of() {
        submission* const s = submission::latest;
        if (op_ && s && s->op == op_.get()) s->rejected = std::move(op_);
    }
    void operator()() {
        completion& op = *op_;
        op.call(std::move(op_));
    }

private:
    completion::pointer op_;
};

thread_local bool posting = false;

} // namespace

/// The right to call the next handler. Its destructor destroys an operation instead, since that may
/// own the queue's owner.
class completion_queue::right {
public:
    explicit right(std::shared_ptr<completion_queue> queue) noexcept : queue_{std::move(queue)} {}
    right(right&&) noexcept = default;
    right& operator=(right&&) = delete;
    ~right() {
        if (queue_ && !posting) queue_->pop();
    }
    void operator()() { std::exchange(queue_, {})->complete_next(); }

private:
    std::shared_ptr<completion_queue> queue_;
};

completion_queue::completion_queue(boost::asio::any_io_executor executor,
                                   std::shared_ptr<io_home> home, std::shared_ptr<alarm> later)
    : executor_{std::move(executor)}, home_{std::move(home)}, alarm_{std::move(later)} {}

void completion_queue::push(completion::pointer op) noexcept {
    const std::lock_guard lock{mutex_};
    queue_.push(std::move(op));
}

completion::pointer completion_queue::pop() noexcept {
    const std::lock_guard lock{mutex_};
    return queue_.pop();
}

/// Removes the first operation, unless its handler must be called on this executor.
completion::pointer completion_queue::pop_to_post() noexcept {
    const std::lock_guard lock{mutex_};
    if (queue_.empty() || queue_.front().how != completion::route::post) return nullptr;
    return queue_.pop();
}

void completion_queue::discard() noexcept {
    discarding_ = true;
    owed_ = 0;
    refusal_ = nullptr;
    while (pop()) {
    }
}

void completion_queue::attach_to(boost::asio::any_io_executor executor) noexcept {
    executor_ = std::move(executor);
    discarding_ = false;
}

void completion_queue::post(std::size_t count) noexcept {
    if (discarding_) {
        while (count-- != 0) pop();
        return;
    }
    if (is_running_in(executor_)) count = submit_here(count);
    count += owed_.exchange(0);
    const bool outer = std::exchange(posting, true); // a destroyed operation is not lost now
    try {
        for (; count != 0; --count) boost::asio::post(executor_, right{shared_from_this()});
    } catch (...) {
        owe(count);
    }
    posting = outer;
    if (home_) home_->ensure_progress();
}

void completion_queue::complete_owed() {
    std::size_t count = owed_.exchange(0);
    try {
        for (; count != 0; --count) complete_next();
    } catch (...) { // an exception of a handler
        if (count != 1) owe(count - 1);
        throw;
    }
}

void completion_queue::owe(std::size_t count) noexcept {
    owed_ += count;
    alarm_->ring();
}

/// Submits operations to executors of their own from the server's executor. No other thread removes
/// operations from the queue meanwhile, since that happens on the server's executor only; they
/// therefore need not be posted to it first.
/// \return how many of \p count are left to post. After a refusal that includes the refused one, in
///         whose place complete_next() throws
std::size_t completion_queue::submit_here(std::size_t count) noexcept {
    for (; count != 0 && !refusal_; --count) {
        try {
            completion::pointer op = pop_to_post();
            if (!op || !submit(std::move(op))) break;
        } catch (...) { // its executor refused the operation, which was destroyed
            if (!refusal_) refusal_ = std::current_exception();
            break;
        }
    }
    return count;
}

/// Submits \p op to its own executor, which calls its handler.
/// \return false for lack of memory: \p op is then the first in the queue again
/// \throws other exceptions of the executor: \p op is then destroyed
bool completion_queue::submit(completion::pointer op) {
    submission submitted{*op};
    try {
        // A copy that counts as outstanding work: the call may destroy the operation's executor,
        // and with it the context.
        const auto executor = op->executor;
        executor.execute(call_of{std::move(op)});
        return true;
    } catch (const std::bad_alloc&) {
        if (!op) op = std::move(submitted.rejected);
        if (!op) throw; // thrown by the handler
        const std::lock_guard lock{mutex_};
        queue_.push_front(std::move(op));
        return false;
    }
}

void completion_queue::complete_next() {
    if (refusal_) std::rethrow_exception(std::exchange(refusal_, {}));
    completion::pointer op = pop();
    if (!op) return;
    if (op->how == completion::route::here) {
        const auto executor = op->executor; // keeps the context busy until after the call
        completion& called = *op;
        called.call(std::move(op));
    } else if (!submit(std::move(op))) {
        owe(1);
    }
}

} // namespace rtpsynth::asio_server::detail
