#include "server/engine.hpp"

#include "channel/channel_impl.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

boost::asio::posix::stream_descriptor duplicate(const boost::asio::any_io_executor& executor,
                                                int fd) {
    boost::asio::posix::stream_descriptor descriptor{executor};
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        throw boost::system::system_error{errno, boost::system::system_category(), "F_DUPFD"};
    boost::system::error_code ec;
    descriptor.assign(copy, ec);
    if (ec) { // it is still ours
        ::close(copy);
        throw boost::system::system_error{ec, "epoll_ctl"};
    }
    return descriptor;
}

void accumulate(channel_stats& sum, const channel_stats& s) noexcept {
    for (const auto member :
         {&channel_stats::received, &channel_stats::received_bytes, &channel_stats::rejected,
          &channel_stats::discarded, &channel_stats::overflow, &channel_stats::receive_errors,
          &channel_stats::accepted, &channel_stats::sent, &channel_stats::sent_bytes,
          &channel_stats::send_errors, &channel_stats::cancelled, &channel_stats::queue_full})
        sum.*member += s.*member;
    if (s.last_receive_error) sum.last_receive_error = s.last_receive_error;
    if (s.last_send_error) sum.last_send_error = s.last_send_error;
}

} // namespace

engine::engine(boost::asio::any_io_executor executor, std::shared_ptr<io_home> home,
               std::shared_ptr<exception_sink> sink, const server_options& options)
    : executor_{std::move(executor)},
      home_{std::move(home)},
      sink_{std::move(sink)},
      options_{options},
      origin_{std::chrono::steady_clock::now()},
      process_{::getpid()},
      alarm_{std::make_shared<alarm>()},
      completing_{std::make_shared<completion_queue>(executor_, home_, alarm_)},
      timers_{std::make_shared<timer_service>(executor_, alarm_)},
      sockets_ready_{duplicate(executor_, sockets_.native_handle())},
      tick_timer_{executor_} {
    if (const int e = sockets_.add(alarm_->native_handle(), EPOLLIN, alarm_token))
        throw boost::system::system_error{e, boost::system::system_category(), "epoll_ctl"};
}

void engine::start() { post(wait_task); }

void engine::post(task t) {
    boost::asio::post(executor_, [weak = weak_from_this(), t] {
        if (const auto self = weak.lock()) self->on_task(t);
    });
}

void engine::request(task t) noexcept {
    try {
        post(t);
    } catch (...) {
        owe(t);
    }
}

void engine::owe(task t) noexcept {
    owed_ |= t;
    alarm_->ring();
}

void engine::on_task(task t) {
    switch (t) {
    case wait_task:
        return wait_for_sockets();
    case flush_task:
        return on_flush();
    case tick_task:
        return on_first_of_tick();
    case resume_task:
        return for_each_channel([](const auto& channel) { channel->impl_->resume(); });
    case stop_task:
        return on_stop();
    }
}

void engine::on_alarm() {
    const unsigned owed = owed_.exchange(0);
    for (const task t : {flush_task, tick_task, resume_task, stop_task})
        if (owed & t) on_task(t);
    timers_->resume();
    completing_->complete_owed();
}

std::shared_ptr<rtp_channel> engine::create_channel(const channel_options& options,
                                                    std::unique_ptr<receive_handler> handler) {
    const auto aborted = [] {
        return boost::system::system_error{boost::asio::error::operation_aborted};
    };
    {
        const std::lock_guard lock{registry_};
        if (closing_) throw aborted(); // whatever else would be wrong
    }
    const std::shared_ptr<rtp_channel> channel{new rtp_channel{
        std::make_unique<channel_impl>(shared_from_this(), options, std::move(handler))}};
    std::uint64_t token = 0;
    {
        const std::lock_guard lock{registry_};
        if (closing_) throw aborted();
        if (free_slots_.empty()) {
            free_slots_.reserve(slots_.size() + 1); // so that retire() can always give it back
            slots_.emplace_back();
            free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
        }
        const std::uint32_t index = free_slots_.back();
        free_slots_.pop_back();
        slots_[index].channel = channel;
        token = std::uint64_t{++slots_[index].generation} << 32 | index;
        ++open_;
    }
    if (!channel->impl_->open(channel, token)) throw aborted();
    restore_wait();
    return channel;
}

void engine::channel_closed(std::uint64_t token) noexcept {
    const std::lock_guard lock{registry_};
    ++slots_[static_cast<std::uint32_t>(token)].generation;
    if (--open_ == 0) all_closed_.notify_all();
}

void engine::retire(std::uint64_t token, const channel_stats& last) noexcept {
    const auto index = static_cast<std::uint32_t>(token);
    std::weak_ptr<rtp_channel> gone;
    const std::lock_guard lock{registry_};
    accumulate(retired_, last);
    gone.swap(slots_[index].channel);
    free_slots_.push_back(index);
}

std::shared_ptr<rtp_channel> engine::channel_at(std::size_t index) const noexcept {
    const std::lock_guard lock{registry_};
    return index < slots_.size() ? slots_[index].channel.lock() : nullptr;
}

server_stats engine::stats() const noexcept {
    server_stats s;
    {
        const std::lock_guard lock{registry_};
        s.channels = retired_;
        s.open_channels = open_;
    }
    for_each_channel([&](const auto& channel) { accumulate(s.channels, channel->stats()); });
    s.ticks = ticks_;
    s.handler_exceptions = sink_->count;
    return s;
}

void engine::shutdown() noexcept {
    bool first = false;
    {
        const std::lock_guard lock{registry_};
        first = !std::exchange(closing_, true);
    }
    const time_point drain_until = std::chrono::steady_clock::now() + channel_impl::longest_drain;
    for_each_channel([&](const auto& channel) { channel->impl_->close(drain_until); });
    {
        // What other threads are closing or opening right now; none of them calls anybody else's
        // code before it is done.
        std::unique_lock lock{registry_};
        all_closed_.wait(lock, [this] { return open_ == 0; });
    }
    if (first) request(stop_task);
}

void engine::on_stop() {
    if (completing_->owes()) return owe(stop_task); // there is no alarm after this
    stopped_ = true;
    boost::system::error_code ignored;
    sockets_ready_.close(ignored);
    tick_timer_.cancel();
    timers_->stop();
}

bool engine::forked() const noexcept { return ::getpid() != process_; }

void engine::abandon(std::shared_ptr<engine> self) noexcept {
    // A thread that is not here may hold a reference to a channel, and so its socket, for good.
    if (self->registry_.try_lock())
        for (const slot& s : self->slots_)
            if (const auto channel = s.channel.lock()) channel->close();
    ::close(self->sockets_.native_handle());
    ::close(self->sockets_ready_.native_handle());
    ::close(self->alarm_->native_handle());
    engine& leaked = *self;
    leaked.leaked_ = std::move(self);
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
