// What an engine does when sockets are ready, and when something is to be sent.
#include "channel/channel_impl.hpp"
#include "server/engine.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <new>
#include <span>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

thread_local const engine* in_turn_of = nullptr;

constexpr duration longest_stay = std::chrono::milliseconds{1};
constexpr std::size_t flush_budget = 256;

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

/// What Asio calls at a tick; like socket_wait, it notices when Asio destroys it instead.
class engine::tick_wait {
public:
    explicit tick_wait(engine& e) noexcept : engine_{e.weak_from_this()} {}
    tick_wait(tick_wait&&) noexcept = default;
    tick_wait& operator=(tick_wait&&) = delete;
    ~tick_wait() {
        if (const auto lost = engine_.lock()) lost->owe(tick_task);
    }

    void operator()(boost::system::error_code ec) {
        const auto self = std::exchange(engine_, {}).lock();
        if (!self || ec) return;
        ++self->ticks_;
        self->on_flush();
    }

private:
    std::weak_ptr<engine> engine_;
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
        tick_timer_.async_wait(tick_wait{*this});
    } catch (...) { // the handler has noticed
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
