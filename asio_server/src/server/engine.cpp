#include "server/engine.hpp"

#include "channel/channel_impl.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

[[noreturn]] void fail_aborted() {
    throw boost::system::system_error{boost::asio::error::operation_aborted};
}

} // namespace

engine::engine(boost::asio::any_io_executor executor, std::shared_ptr<exception_sink> sink,
               const server_options& options)
    : engine{executor, executor, nullptr, std::move(sink), options} {}

engine::engine(const std::shared_ptr<io_home>& home, std::shared_ptr<exception_sink> sink,
               const server_options& options)
    : engine{home->executor(), home->context().get_executor(), home, std::move(sink), options} {}

engine::engine(boost::asio::any_io_executor executor, boost::asio::any_io_executor io_executor,
               std::shared_ptr<io_home> home, std::shared_ptr<exception_sink> sink,
               const server_options& options)
    : executor_{std::move(executor)},
      io_executor_{std::move(io_executor)},
      home_{std::move(home)},
      sink_{std::move(sink)},
      alarm_{std::make_shared<alarm>(io_executor_)},
      tasks_{std::make_shared<deferred_tasks>(executor_, alarm_)},
      completing_{std::make_shared<completion_queue>(executor_, home_, alarm_)},
      timers_{std::make_shared<timer_service>(io_executor_, alarm_)},
      output_{executor_, io_executor_, options.tick, home_ && home_->waker_of_set(),
              channels_, *tasks_},
      input_{io_executor_, home_, alarm_, tasks_, completing_, channels_, output_, *this} {}

void engine::start() {
    const auto self = shared_from_this();
    if (home_)
        home_->attach(std::shared_ptr<home_client>{self, this});
    else
        watch_.emplace(executor_, self);
    tasks_->start(std::shared_ptr<task_runner>{self, this});
    output_.start(std::shared_ptr<flusher>{self, &output_});
    input_.start(std::shared_ptr<readiness>{self, &input_});
    if (home_) return; // the thread that runs the home waits
    try {
        tasks_->post(task::wait);
    } catch (...) { // the context must run out of work although this engine still exists
        input_.stop();
        throw;
    }
}

void engine::detach() noexcept {
    if (inherited()) return;
    completing_->discard();
    channels_.begin_closing();
    channels_.for_each([](const auto& channel) { channel_impl::of(*channel).close(time_point{}); });
    input_.stop();
    output_.stop();
    tasks_->detach();
    timers_->detach();
    io_executor_ = executor_ = boost::asio::system_executor{};
    completing_->attach_to(executor_);
}

void engine::on_task(task t) {
    switch (t) {
    case task::wait:
        return input_.wait();
    case task::flush:
        return output_.flush_announced();
    case task::tick:
        return output_.arm_tick();
    case task::resume:
        return channels_.for_each([](const auto& channel) { channel_impl::of(*channel).resume(); });
    case task::stop:
        return on_stop();
    }
}

void engine::on_alarm() {
    tasks_->run_owed();
    timers_->resume();
    completing_->complete_owed();
}

std::span<const ready_event> engine::wait(time_point deadline) noexcept {
    return input_.wait(deadline);
}

std::size_t engine::serve(std::span<const ready_event> events, time_point now) {
    return input_.serve(events, now);
}

time_point engine::next_deadline() const noexcept {
    return std::min(output_.next_tick(), timers_->waits_until());
}

bool engine::on_time(time_point now) {
    output_.on_time(now);
    return timers_->waits_until() <= now;
}

bool engine::hand_over() noexcept {
    if (!input_.hand_over()) return false;
    output_.use_timer();
    return true;
}

std::shared_ptr<rtp_channel> engine::create_channel(const channel_options& options,
                                                    std::unique_ptr<receive_handler> handler) {
    std::shared_ptr<rtp_channel> channel = bind_channel(options);
    open_channel(channel, std::move(handler), nullptr);
    return channel;
}

std::shared_ptr<rtp_channel> engine::bind_channel(const channel_options& options) {
    if (channels_.closing()) fail_aborted(); // this error takes precedence over others
    return std::shared_ptr<rtp_channel>{
        new rtp_channel{std::make_unique<channel_impl>(shared_from_this(), options)}};
}

void engine::open_channel(const std::shared_ptr<rtp_channel>& channel,
                          std::unique_ptr<receive_handler> handler, std::shared_ptr<void> lease) {
    const std::uint64_t token = channels_.add(channel);
    if (token == 0 ||
        !channel_impl::of(*channel).open(channel, token, std::move(handler), std::move(lease)))
        fail_aborted();
    input_.restore_wait();
}

server_stats engine::stats() const noexcept {
    server_stats s = channels_.stats();
    s.ticks = output_.ticks();
    s.handler_exceptions = sink_->count;
    return s;
}

void engine::shutdown(time_point drain_until) noexcept {
    const bool first = channels_.begin_closing();
    channels_.for_each([&](const auto& channel) { channel_impl::of(*channel).close(drain_until); });
    // Wait for channels that other threads are closing or opening right now. Those threads call no
    // user code before they are done.
    channels_.wait_until_all_closed();
    if (first) tasks_->request(task::stop);
}

void engine::on_stop() {
    if (completing_->owes())
        return tasks_->owe(task::stop); // retry later: there is no alarm after this
    input_.stop();
    output_.stop();
    timers_->stop();
}

void engine::abandon(std::shared_ptr<engine> self) noexcept {
    // A thread of the parent may have held a reference to a channel; its socket would then stay
    // open forever.
    self->channels_.close_inherited_channels();
    self->input_.abandon();
    fork_guard& fork = self->fork_;
    fork.abandon(std::move(self));
}

void engine::ensure_progress() noexcept {
    if (home_) home_->ensure_progress();
}

void engine::handler_failed(std::exception_ptr error) noexcept {
    if (sink_->take(error) || home_) return;
    try {
        boost::asio::post(executor_, [error] { std::rethrow_exception(error); });
    } catch (...) { // it was counted
    }
}

} // namespace rtpsynth::asio_server::detail
