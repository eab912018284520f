#include "threads/callback_thread.hpp"

#include <rtpsynth/asio_server/server/detail/quiet_thread.hpp>

#include <condition_variable>
#include <mutex>
#include <new>
#include <utility>

namespace rtpsynth::python {

struct callback_thread::progress {
    std::mutex mutex;
    std::condition_variable changed;
    enum { starting, running, failed, ended } state = starting;

    void change(decltype(state) to) {
        const std::lock_guard lock{mutex};
        state = to;
        changed.notify_all();
    }
};

callback_thread::callback_thread(const char* name, std::function<void(python_thread&)> body)
    : progress_{std::make_shared<progress>()} {
    auto run = [mine = progress_, work = std::move(body)]() mutable {
        try {
            python_thread python;
            mine->change(progress::running);
            work(python);
            work = nullptr;
        } catch (const std::bad_alloc&) { // of the thread's state: work throws nothing
            return mine->change(progress::failed);
        }
        mine->change(progress::ended);
    };
    thread_ = asio_server::detail::start_quiet_thread(name, std::move(run));
    id_ = thread_->get_id();
    std::unique_lock lock{progress_->mutex};
    progress_->changed.wait(lock, [this] { return progress_->state != progress::starting; });
    if (progress_->state != progress::failed) return;
    lock.unlock();
    thread_->join();
    throw std::bad_alloc{};
}

callback_thread::~callback_thread() {
    if (process_.inherited()) { // there is no thread, and a lock may be held for good
        abandon(std::move(thread_));
        abandon(std::move(progress_));
        return;
    }
    if (thread_->joinable()) thread_->detach();
}

bool callback_thread::is_current() const noexcept { return std::this_thread::get_id() == id_; }

void callback_thread::join_until(clock::time_point deadline) noexcept {
    if (is_current() || process_.inherited()) return;
    std::unique_lock lock{progress_->mutex};
    if (!progress_->changed.wait_until(lock, deadline,
                                       [this] { return progress_->state == progress::ended; }))
        return;
    if (thread_->joinable()) thread_->join(); // it has nothing more to do
}

} // namespace rtpsynth::python
