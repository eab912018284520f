#include "server/deferred_tasks.hpp"

#include "io/backend.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace rtpsynth::asio_server::detail {

deferred_tasks::deferred_tasks(boost::asio::any_io_executor executor, std::shared_ptr<alarm> alarm)
    : executor_{std::move(executor)}, alarm_{std::move(alarm)} {}

void deferred_tasks::post(task t) {
    if (!executor_) return;
    boost::asio::post(executor_, [weak = runner_, t] {
        if (const auto runner = weak.lock()) runner->on_task(t);
    });
}

void deferred_tasks::request(task t) noexcept {
    try {
        post(t);
    } catch (...) {
        owe(t);
    }
}

void deferred_tasks::owe(task t) noexcept {
    owed_ |= static_cast<unsigned>(t);
    alarm_->ring();
}

void deferred_tasks::run_owed() {
    const unsigned owed = owed_.exchange(0);
    const auto runner = runner_.lock();
    if (!runner) return;
    for (const task t : {task::flush, task::tick, task::resume, task::stop})
        if (owed & static_cast<unsigned>(t)) runner->on_task(t);
}

} // namespace rtpsynth::asio_server::detail
