#include "threads/lead.hpp"

#include "threads/gil.hpp"

#include <utility>

namespace rtpsynth::python {

lead::lead(std::shared_ptr<asio_server::rtp_server> server, std::shared_ptr<callback_queue> queue)
    : server_{std::move(server)}, queue_{std::move(queue)}, departed_at_{clock::now()} {}

void lead::call_back(python_thread& python) {
    queued_work taken;
    for (;;) {
        if (!queue_->take(taken)) { // nothing more to do for now
            if (python.has_gil()) python.release();
            if (!await_work()) return;
            continue;
        }
        if (!python.has_gil()) python.take();
        interpreter_scope scope;
        queue_->deliver(taken, python);
        scope.leave();
    }
}

/// On the callback thread. \return false after stop()
bool lead::await_work() {
    unique_lock lock{mutex_};
    while (!stopped_ && !queue_->has_work()) {
        if (holder_ == holder::io)
            await_other(lock);
        else
            run_until_work(lock);
    }
    return !stopped_;
}

void lead::await_other(unique_lock& lock) {
    if (clock::now() - std::exchange(called_at_, {}) < patience) quick_ = true;
    waits_ = true;
    callbacks_.wait(lock,
                    [this] { return stopped_ || queue_->has_work() || holder_ != holder::io; });
    waits_ = false;
}

void lead::run_until_work(unique_lock& lock) {
    holder_ = holder::callbacks;
    while (!stopped_ && !queue_->has_work()) {
        lock.unlock();
        server_->run_one();
        lock.lock();
    }
    depart(clock::now());
}

/// The callback thread goes to Python.
void lead::depart(clock::time_point now) {
    holder_ = holder::nobody;
    departed_at_ = now;
    ++departures_;
    if (std::exchange(asleep_, false)) io_.notify_one();
}

void lead::follow() {
    std::uint64_t seen = 0;
    unique_lock lock{mutex_};
    while (!stopped_) {
        if (holder_ == holder::nobody) {
            const auto due = departed_at_ + patience;
            if (clock::now() >= due) {
                run_for_other(lock);
            } else {
                seen = departures_;
                io_.wait_until(lock, due, [this] { return stopped_; });
            }
        } else if (seen != departures_) {
            seen = departures_;
            io_.wait_for(lock, patience, [this] { return stopped_; });
        } else {
            asleep_ = true;
            io_.wait(lock, [this] { return stopped_ || !asleep_; });
        }
    }
}

void lead::run_for_other(unique_lock& lock) {
    holder_ = holder::io;
    while (!stopped_ && holder_ == holder::io) {
        lock.unlock();
        server_->run_one();
        lock.lock();
        if (!waits_ || !queue_->has_work()) continue;
        waits_ = false;
        called_at_ = clock::now();
        if (std::exchange(quick_, false)) depart(called_at_);
        callbacks_.notify_one();
    }
    if (holder_ == holder::io) holder_ = holder::nobody;
}

void lead::stop() noexcept {
    {
        const std::lock_guard lock{mutex_};
        stopped_ = true;
        callbacks_.notify_one();
        io_.notify_one();
    }
    server_->wake();
}

} // namespace rtpsynth::python
