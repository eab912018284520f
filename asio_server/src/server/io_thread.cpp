#include "server/io_thread.hpp"

#include <rtpsynth/asio_server/server/detail/quiet_thread.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>

namespace rtpsynth::asio_server::detail {

template <class Run>
void io_home::guarded(Run run) noexcept {
    for (;;) {
        try {
            run();
            return;
        } catch (...) {
            on_exception_(std::current_exception());
        }
    }
}

void io_home::run() noexcept {
    guarded([this] { context_.run(); });
    // Nobody rests before this thread has done what was posted by those who did not see that yet:
    // it would wait for a handler there, which may be waiting to join it.
    const std::lock_guard lock{resting_};
    ended_ = true;
    rest();
}

void io_home::rest() noexcept {
    context_.restart();
    guarded([this] { context_.poll(); });
}

void io_home::ensure_progress() noexcept {
    if (!ended_) return;
    try {
        boost::asio::post(boost::asio::system_executor{}, [self = shared_from_this()] {
            const std::lock_guard lock{self->resting_};
            self->rest();
        });
    } catch (...) {
    }
}

io_thread::io_thread(std::function<void(std::exception_ptr)> on_exception)
    : home_{std::make_shared<io_home>(std::move(on_exception))} {
    thread_ = start_quiet_thread("rtpsynth", [home = home_] { home->run(); });
    id_ = thread_->get_id();
}

io_thread::~io_thread() {
    fork_guard& fork = home_->fork_;
    if (fork.inherited()) { // there is no thread, and its context is the parent's
        static_cast<void>(thread_.release());
        fork.abandon(std::move(home_));
        return;
    }
    finish();
    if (thread_->joinable()) thread_->detach();
}

void io_thread::release() noexcept {
    if (!released_.exchange(true)) home_->work_.reset();
}

void io_thread::finish() noexcept {
    if (home_->fork_.inherited()) return;
    release();
    if (std::this_thread::get_id() == id_) return;
    const std::lock_guard lock{joining_};
    if (thread_->joinable()) thread_->join();
}

} // namespace rtpsynth::asio_server::detail
