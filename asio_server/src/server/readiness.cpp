#include "server/readiness.hpp"

#include "channel/channel_impl.hpp"
#include "server/longest_stay.hpp"

#include <rtpsynth/asio_server/channel/rtp_channel.hpp>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// The handler that Asio calls when a socket is ready. If Asio destroys it instead, since it had no
/// memory to post it, the wait has to start again.
class readiness::socket_wait {
public:
    explicit socket_wait(readiness& r) noexcept
        : readiness_{r.self_}, completing_{r.completing_}, memory_{r.memory_} {}
    socket_wait(socket_wait&&) noexcept = default;
    socket_wait& operator=(socket_wait&&) = delete;
    ~socket_wait() {
        if (const auto lost = readiness_.lock()) lost->wait_was_lost();
    }

    using allocator_type = handler_allocator<>;
    allocator_type get_allocator() const noexcept { return memory_; }

    void operator()(boost::system::error_code ec) {
        const auto self = std::exchange(readiness_, {}).lock();
        if (self && !ec)
            self->on_ready();
        else // the last chance to start again
            completing_->complete_owed();
    }

private:
    std::weak_ptr<readiness> readiness_;
    std::shared_ptr<completion_queue> completing_;
    allocator_type memory_;
};

readiness::readiness(const boost::asio::any_io_executor& executor, std::shared_ptr<io_home> home,
                     std::shared_ptr<alarm> alarm, std::shared_ptr<deferred_tasks> tasks,
                     std::shared_ptr<completion_queue> completing, const channel_registry& channels,
                     flusher& output, alarm_handler& on_alarm)
    : executor_{executor},
      home_{std::move(home)},
      alarm_{std::move(alarm)},
      tasks_{std::move(tasks)},
      completing_{std::move(completing)},
      channels_{channels},
      output_{output},
      alarm_handler_{on_alarm},
      sockets_{executor, *alarm_, [later = tasks_] { later->owe(task::resume); },
               home_ ? home_->waker_of_set() : nullptr} {}

void readiness::wait() noexcept {
    if (stopped_) return;
    try {
        sockets_.async_wait(socket_wait{*this});
    } catch (...) { // the handler's destructor handles it
    }
}

void readiness::wait_was_lost() noexcept {
    if (stopped_) return;
    deaf_ = false;
    try {
        tasks_->post(task::wait);
    } catch (...) {
        deaf_ = true;
    }
}

void readiness::stop() noexcept {
    stopped_ = true;
    sockets_.close();
}

void readiness::abandon() noexcept {
    sockets_.abandon();
    alarm_->abandon();
}

void readiness::on_ready() {
    bool alarmed = false;
    {
        const flusher::handler_scope handlers{output_};
        // Returning to Asio costs as much as several datagrams, but other handlers may wait for it.
        // After a lone datagram, let Asio find out whether there are more: it polls the set when
        // the next wait begins.
        time_point now = std::chrono::steady_clock::now();
        const time_point until = now + longest_stay;
        while (turn(sockets_.poll(room_), now, alarmed) > 1 &&
               (now = std::chrono::steady_clock::now()) < until) {
        }
    }
    // The destructor of a channel's last owner may also have queued something.
    if (output_.is_due()) tasks_->request(task::flush);
    wait();
    if (alarmed) alarm_handler_.on_alarm();
}

std::size_t readiness::serve(std::span<const ready_event> events, time_point now) {
    if (events.empty()) return 0;
    bool alarmed = false;
    std::size_t served = 0;
    {
        const flusher::handler_scope handlers{output_};
        served = turn(events, now, alarmed);
    }
    // The destructor of a channel's last owner may also have queued something.
    if (output_.is_due()) tasks_->request(task::flush);
    if (alarmed) alarm_handler_.on_alarm();
    return served;
}

bool readiness::read_ahead(rtp_channel& channel, time_point now) noexcept {
    bool more = false;
    {
        const flusher::handler_scope handlers{output_};
        more = channel_impl::of(channel).receive_waiting(channel, now);
    }
    if (output_.is_due()) tasks_->request(task::flush);
    return more;
}

bool readiness::hand_over() noexcept {
    if (stopped_) return true;
    if (!sockets_.hand_over(executor_)) return false;
    wait();
    return true;
}

std::size_t readiness::turn(std::span<const ready_event> events, time_point now, bool& alarmed) {
    if (events.empty()) return 0;
    ++turns_;
    sweep_ = channels_.size() / most_events + 1;
    channels_.find(events, ready_);
    std::size_t datagrams = 0, served = events.size();
    for (std::size_t i = 0; i != events.size(); ++i) {
        // With many channels, none is in the cache.
        if (i + 1 != events.size() && ready_[i + 1]) channel_impl::of(*ready_[i + 1]).prefetch();
        if (events[i].token == alarm_token) {
            alarm_->take();
            alarmed = true;
        } else if (events[i].token == waker_token) {
            home_->take_wakeup();
            --served; // the thread that runs the home handles it
        }
        if (const auto channel = std::move(ready_[i])) datagrams += serve(channel, events[i], now);
    }
    return std::max(served, datagrams);
}

std::size_t readiness::serve(const std::shared_ptr<rtp_channel>& channel, const ready_event& event,
                             time_point now) {
    if (event.writable) output_.flush(channel);
    const std::size_t datagrams =
        event.readable ? channel_impl::of(*channel).receive(*channel, now, turns_) : 0;
    if (output_.is_due()) output_.flush_announced();
    return datagrams;
}

} // namespace rtpsynth::asio_server::detail
