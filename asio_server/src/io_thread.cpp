#include "io_thread.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/system/system_error.hpp>

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <system_error>

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

void io_home::ensure_progress() {
    if (!ended_) return;
    boost::asio::post(boost::asio::system_executor{}, [self = shared_from_this()] {
        const std::lock_guard lock{self->resting_};
        self->rest();
    });
}

io_thread::io_thread(std::function<void(std::exception_ptr)> on_exception)
    : home_{std::make_shared<io_home>(std::move(on_exception))}, process_{::getpid()} {
    // Signals are for the application's threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        thread_ = std::make_unique<std::thread>([home = home_] { home->run(); });
    } catch (const std::system_error& e) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw boost::system::system_error{e.code().value(), boost::system::system_category(),
                                          "thread"};
    } catch (...) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread_->native_handle(), "rtpsynth");
    id_ = thread_->get_id();
}

io_thread::~io_thread() {
    if (::getpid() != process_) { // after fork() there is no thread, and its context is not ours
        static_cast<void>(thread_.release());
        new std::shared_ptr<io_home>(std::move(home_));
        return;
    }
    finish();
    if (thread_->joinable()) thread_->detach();
}

void io_thread::release() noexcept {
    if (!released_.exchange(true)) home_->work_.reset();
}

void io_thread::finish() noexcept {
    if (::getpid() != process_) return;
    release();
    if (std::this_thread::get_id() == id_) return;
    const std::lock_guard lock{joining_};
    if (thread_->joinable()) thread_->join();
}

} // namespace rtpsynth::asio_server::detail
