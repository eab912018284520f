#include "engine.hpp"

#include "channel_impl.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

thread_local const engine* in_turn_of = nullptr;

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

constexpr duration longest_stay = std::chrono::milliseconds{1};
constexpr std::size_t flush_budget = 256;
constexpr std::uint64_t alarm_token = 0; // generations of channels begin with 1

} // namespace

/// While it lives, what this thread's handlers queue need not be announced to the executor: it is
/// flushed when they return.
class engine::turn {
public:
    explicit turn(const engine& e) noexcept : outer_{std::exchange(in_turn_of, &e)} {}
    ~turn() { in_turn_of = outer_; }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

private:
    const engine* outer_; // a handler may run another context
};

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

// Those that were there when it began; no lock is held while one is visited.
template <class Visit>
void engine::for_each_channel(Visit visit) const {
    std::size_t slots = 0;
    {
        const std::lock_guard lock{registry_};
        slots = slots_.size();
    }
    for (std::size_t i = 0; i != slots; ++i)
        if (const auto channel = channel_at(i)) visit(channel);
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
    for_each_channel([](const auto& channel) { channel->close(); });
    {
        // What other threads are closing or opening right now; none of them calls anybody else's
        // code before it is done.
        std::unique_lock lock{registry_};
        all_closed_.wait(lock, [this] { return open_ == 0; });
    }
    if (first) request(stop_task);
}

void engine::on_stop() {
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

/// What Asio calls when a socket is ready. Where it destroys this instead, since it had no memory
/// to bring it to the executor, somebody has to begin anew.
class engine::socket_wait {
public:
    explicit socket_wait(engine& e) noexcept
        : engine_{e.weak_from_this()}, completing_{e.completing_}, memory_{e.wait_memory_} {}
    socket_wait(socket_wait&&) noexcept = default;
    socket_wait& operator=(socket_wait&&) = delete;
    ~socket_wait() {
        if (const auto lost = engine_.lock()) lost->wait_was_lost();
    }

    using allocator_type = handler_allocator<>;
    allocator_type get_allocator() const noexcept { return memory_; }

    void operator()(boost::system::error_code ec) {
        const auto self = std::exchange(engine_, {}).lock();
        if (self && !ec)
            self->on_sockets();
        else // the last occasion
            completing_->complete_owed();
    }

private:
    std::weak_ptr<engine> engine_;
    std::shared_ptr<completion_queue> completing_;
    allocator_type memory_;
};

void engine::wait_for_sockets() noexcept {
    try {
        sockets_ready_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  socket_wait{*this});
    } catch (...) { // the handler has noticed
    }
}

void engine::wait_was_lost() noexcept {
    deaf_ = false;
    try {
        post(wait_task);
    } catch (...) {
        deaf_ = true;
    }
}

void engine::on_sockets() {
    bool alarmed = false;
    {
        const turn running{*this};
        // Asio's own round costs as much as several datagrams, but others wait for it.
        const time_point until = std::chrono::steady_clock::now() + longest_stay;
        while (on_turn(alarmed) && std::chrono::steady_clock::now() < until) {
        }
    }
    // The destructor of a channel's last owner may have queued something, too.
    if (flush_due_ && !options_.tick) request(flush_task);
    wait_for_sockets();
    if (alarmed) on_alarm();
}

bool engine::on_turn(bool& alarmed) {
    std::array<epoll_event, std::tuple_size_v<decltype(ready_)>> room;
    const std::span<epoll_event> events = sockets_.poll(room);
    if (events.empty()) return false;
    const time_point now = std::chrono::steady_clock::now();
    ++turns_;
    {
        const std::lock_guard lock{registry_};
        sweep_ = slots_.size() / room.size() + 1;
        for (std::size_t i = 0; i != events.size(); ++i) {
            const std::uint64_t token = events[i].data.u64;
            if (token == alarm_token) {
                alarm_->take();
                alarmed = true;
                continue;
            }
            const slot& s = slots_[static_cast<std::uint32_t>(token)];
            ready_[i].events = events[i].events;
            if (s.generation == token >> 32) ready_[i].channel = s.channel.lock();
        }
    }
    for (std::size_t i = 0; i != events.size(); ++i) {
        const auto channel = std::move(ready_[i].channel);
        // Each of many is in memory that was not used lately.
        if (i + 1 != events.size() && ready_[i + 1].channel)
            ready_[i + 1].channel->impl_->prefetch();
        if (!channel) continue;
        if (ready_[i].events & EPOLLOUT) flush(channel);
        if (ready_[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
            channel->impl_->receive(*channel, now, turns_);
        if (flush_due_.load(std::memory_order_relaxed) && !options_.tick) on_flush();
    }
    return true;
}

void engine::announce(const std::weak_ptr<rtp_channel>& channel) noexcept {
    restore_wait();
    {
        const std::lock_guard lock{announcing_};
        try {
            announced_.push_back(channel);
        } catch (const std::bad_alloc&) {
            all_announced_ = true;
        }
        if (flush_due_) return;
        flush_due_ = true;
    }
    if (options_.tick)
        request(tick_task);
    else if (in_turn_of != this)
        request(flush_task);
}

void engine::on_first_of_tick() {
    if (stopped_) return; // what was queued left when its channel closed
    const duration since = std::chrono::steady_clock::now() - origin_;
    tick_timer_.expires_at(origin_ + (since / *options_.tick + 1) * *options_.tick);
    try {
        tick_timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
            const auto self = weak.lock();
            if (!self || ec) return;
            ++self->ticks_;
            self->on_flush();
        });
    } catch (...) {
        owe(tick_task);
    }
}

void engine::on_flush() {
    bool all = false;
    {
        const std::lock_guard lock{announcing_};
        flushing_.swap(announced_);
        all = std::exchange(all_announced_, false);
        flush_due_ = false;
    }
    if (all) for_each_channel([this](const auto& channel) { flush(channel); });
    for (const auto& weak : flushing_)
        if (const auto channel = weak.lock()) flush(channel);
    flushing_.clear();
}

void engine::flush(const std::shared_ptr<rtp_channel>& channel) {
    if (channel->impl_->flush(flush_budget) != channel_impl::flushed::more) return;
    // The others first. Not by way of announce(), which would have what they queue meanwhile leave
    // before its tick.
    try {
        boost::asio::post(executor_, [weak = weak_from_this(), rest = std::weak_ptr{channel}] {
            const auto self = weak.lock();
            const auto to_go_on = rest.lock();
            if (self && to_go_on) self->flush(to_go_on);
        });
    } catch (...) {
        const std::lock_guard lock{announcing_};
        all_announced_ = true;
        owe(flush_task);
    }
}

} // namespace rtpsynth::asio_server::detail
