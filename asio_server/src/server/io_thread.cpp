#include "server/io_thread.hpp"

#include <rtpsynth/asio_server/server/detail/quiet_thread.hpp>

namespace rtpsynth::asio_server::detail {

io_thread::io_thread(std::function<void(std::exception_ptr)> on_exception)
    : io_thread{std::make_shared<io_home>(std::move(on_exception))} {}

io_thread::io_thread(std::shared_ptr<io_home> to_run) : home_{std::move(to_run)} {
    thread_ = start_quiet_thread("rtpsynth", [home = home_] { home->run(); });
    id_ = thread_->get_id();
}

io_thread::~io_thread() {
    if (home_->inherited()) { // the thread does not exist here, and its context is the parent's
        static_cast<void>(thread_.release());
        io_home::abandon(std::move(home_));
        return;
    }
    finish();
    if (thread_->joinable()) thread_->detach();
}

void io_thread::release() noexcept {
    home_->release();
    home_->expect_foreign_work(); // only Asio knows when nothing is outstanding
}

void io_thread::finish() noexcept {
    if (home_->inherited()) return;
    release();
    if (runs_here()) return;
    const std::lock_guard lock{joining_};
    if (thread_->joinable()) thread_->join();
}

} // namespace rtpsynth::asio_server::detail
