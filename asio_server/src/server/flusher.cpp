#include "server/flusher.hpp"

#include "channel/channel_impl.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <new>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

thread_local const flusher* handlers_of = nullptr;

constexpr std::size_t flush_budget = 256;

} // namespace

flusher::handler_scope::handler_scope(const flusher& f) noexcept
    : outer_{std::exchange(handlers_of, &f)} {}

flusher::handler_scope::~handler_scope() { handlers_of = outer_; }

/// The handler that Asio calls at a tick. If Asio destroys it instead, since it had no memory to
/// post it, the wait has to start again.
class flusher::tick_wait {
public:
    explicit tick_wait(flusher& f) noexcept : flusher_{f.self_} {}
    tick_wait(tick_wait&&) noexcept = default;
    tick_wait& operator=(tick_wait&&) = delete;
    ~tick_wait() {
        if (const auto lost = flusher_.lock()) lost->tasks_.owe(task::tick);
    }

    void operator()(boost::system::error_code ec) {
        const auto self = std::exchange(flusher_, {}).lock();
        if (self && !ec) self->on_tick();
    }

private:
    std::weak_ptr<flusher> flusher_;
};

flusher::flusher(const boost::asio::any_io_executor& executor,
                 const boost::asio::any_io_executor& of_timer, std::optional<duration> tick,
                 bool has_runner, const channel_registry& channels, deferred_tasks& tasks)
    : executor_{executor},
      tick_{tick},
      origin_{std::chrono::steady_clock::now()},
      channels_{channels},
      tasks_{tasks},
      timer_{std::in_place, of_timer},
      has_runner_{has_runner} {}

bool flusher::is_in_handler() const noexcept { return handlers_of == this; }

void flusher::announce(const std::weak_ptr<rtp_channel>& channel) noexcept {
    {
        const std::lock_guard lock{mutex_};
        try {
            announced_.push_back(channel);
        } catch (const std::bad_alloc&) {
            all_announced_ = true;
        }
        if (flush_due_) return;
        flush_due_ = true;
    }
    if (tick_)
        tasks_.request(task::tick);
    else if (!is_in_handler())
        tasks_.request(task::flush);
}

void flusher::arm_tick() {
    if (!timer_) return; // stopped: channels send their queues when they close
    const duration since = std::chrono::steady_clock::now() - origin_;
    const time_point next = origin_ + (since / *tick_ + 1) * *tick_;
    if (has_runner_) {
        next_tick_ = next;
        return;
    }
    timer_->expires_at(next);
    try {
        timer_->async_wait(tick_wait{*this});
    } catch (...) { // the handler's destructor handles it
    }
}

void flusher::use_timer() noexcept {
    has_runner_ = false;
    if (std::exchange(next_tick_, time_point::max()) == time_point::max()) return;
    try {
        arm_tick();
    } catch (...) { // Asio's interface may throw; it does not here
    }
}

void flusher::on_time(time_point now) {
    if (now < next_tick_) return;
    next_tick_ = time_point::max();
    on_tick();
}

void flusher::on_tick() {
    ++ticks_;
    flush_announced();
}

void flusher::stop() noexcept {
    timer_.reset();
    next_tick_ = time_point::max();
}

void flusher::flush_announced() {
    bool all = false;
    {
        const std::lock_guard lock{mutex_};
        flushing_.swap(announced_);
        all = std::exchange(all_announced_, false);
        flush_due_ = false;
    }
    if (all) channels_.for_each([this](const auto& channel) { flush(channel); });
    for (const auto& weak : flushing_)
        if (const auto channel = weak.lock()) flush(channel);
    flushing_.clear();
}

void flusher::flush(const std::shared_ptr<rtp_channel>& channel) {
    if (channel_impl::of(*channel).flush(flush_budget) != channel_impl::flushed::more) return;
    // Flush the others first. announce() would make datagrams that they queue meanwhile leave
    // before their tick.
    try {
        boost::asio::post(executor_, [weak = self_, rest = std::weak_ptr{channel}] {
            const auto self = weak.lock();
            const auto to_go_on = rest.lock();
            if (self && to_go_on) self->flush(to_go_on);
        });
    } catch (...) {
        const std::lock_guard lock{mutex_};
        all_announced_ = true;
        tasks_.owe(task::flush);
    }
}

} // namespace rtpsynth::asio_server::detail
