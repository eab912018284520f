#include "server/completion_queue.hpp"

#include "io/backend.hpp"
#include "server/io_thread.hpp"
#include "server/serial_executor.hpp"

#include <boost/asio/post.hpp>

#include <new>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

/// An operation while its call is being handed to its executor, which may have no memory for that.
struct submission {
    explicit submission(const completion& submitted) noexcept
        : op{&submitted}, outer{std::exchange(latest, this)} {}
    ~submission() { latest = outer; }
    submission(const submission&) = delete;
    submission& operator=(const submission&) = delete;

    const completion* op;
    completion::pointer rejected{};
    submission* outer; // a handler may run another context
    static thread_local submission* latest;
};
thread_local submission* submission::latest = nullptr;

/// What an operation's executor executes. One that it destroys, rather than calling it, before it
/// has accepted it goes back to its submission.
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

/// To call the next handler, or else to destroy it: an operation may own what owns the queue.
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

/// The first one, unless its handler is to be called here.
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
    const bool outer = std::exchange(posting, true); // what is destroyed now is not lost
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
    } catch (...) { // a handler's
        if (count != 1) owe(count - 1);
        throw;
    }
}

void completion_queue::owe(std::size_t count) noexcept {
    owed_ += count;
    alarm_->ring();
}

/// Nobody else takes operations from the queue meanwhile, since that happens only on the server's
/// executor. So those that go to an executor of their own need not be posted to this one first.
/// \return how many of \p count are left to post. After a refusal that includes the one refused:
///         complete_next() throws in its place
std::size_t completion_queue::submit_here(std::size_t count) noexcept {
    for (; count != 0 && !refusal_; --count) {
        try {
            completion::pointer op = pop_to_post();
            if (!op || !submit(std::move(op))) break;
        } catch (...) { // its executor refused it, and it was destroyed
            if (!refusal_) refusal_ = std::current_exception();
            break;
        }
    }
    return count;
}

/// Has the handler of \p op called by its own executor.
/// \return false if there was no memory for that: then \p op is the first in the queue again
/// \throws what else the executor throws: then \p op was destroyed
bool completion_queue::submit(completion::pointer op) {
    submission submitted{*op};
    try {
        // A copy with work of its own: the call may end this one's, and with it the context.
        const auto executor = op->executor;
        executor.execute(call_of{std::move(op)});
        return true;
    } catch (const std::bad_alloc&) {
        if (!op) op = std::move(submitted.rejected);
        if (!op) throw; // by the handler
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
        const auto executor = op->executor; // whose work ends after the call
        completion& called = *op;
        called.call(std::move(op));
    } else if (!submit(std::move(op))) {
        owe(1);
    }
}

} // namespace rtpsynth::asio_server::detail
