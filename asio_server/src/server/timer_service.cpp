#include "server/timer_service.hpp"

#include "server/longest_stay.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace rtpsynth::asio_server::detail {

namespace {

using std::chrono::steady_clock;

constexpr duration spacing = std::chrono::microseconds{50}; // Linux' own timer slack
constexpr std::size_t slice = 16;                           // timers fired per reading of the clock
constexpr int most_slices = 16;

} // namespace

/// The handler that Asio calls. If Asio destroys it instead, since it had no memory to post it, a
/// wait has to start again.
class timer_service::wakeup {
public:
    wakeup(timer_service& s, time_point wake) noexcept
        : service_{s.weak_from_this()}, wake_{wake}, memory_{s.memory_} {}
    wakeup(wakeup&&) noexcept = default;
    wakeup& operator=(wakeup&&) = delete;
    ~wakeup() {
        if (const auto self = service_.lock()) self->wait_was_lost();
    }

    using allocator_type = handler_allocator<>;
    allocator_type get_allocator() const noexcept { return memory_; }

    void operator()(const boost::system::error_code&) noexcept {
        const auto self = std::exchange(service_, {}).lock();
        const auto kept = keep(self);
        // Another wait has replaced this one, or fire() is posted, which will wait.
        if (!kept || self->wake_ != wake_) return;
        self->wake_ = time_point::max();
        if (self->host_ != nullptr)
            self->host_->on_wake();
        else
            self->fire();
    }

private:
    std::weak_ptr<timer_service> service_;
    time_point wake_;
    allocator_type memory_;
};

timer_service::timer_service(boost::asio::any_io_executor executor, std::shared_ptr<alarm> later)
    : later_{std::move(later)},
      executor_{std::move(executor)},
      timer_{std::in_place, executor_},
      wheel_{steady_clock::now()} {
    // Makes Asio allocate room for one timer in advance.
    timer_->expires_at(time_point::max());
    timer_->async_wait([](const boost::system::error_code&) {});
    timer_->cancel();
}

timer_service::timer_service()
    : executor_{boost::asio::system_executor{}}, wheel_{steady_clock::now()} {}

std::shared_ptr<const void> timer_service::keep(
    const std::shared_ptr<timer_service>& self) noexcept {
    return self && self->has_owner_ ? self->owner_.lock() : self;
}

void timer_service::arm(client& c, time_point deadline) noexcept {
    if (stopped_) return;
    wheel_.arm(c, deadline);
    if (lost_.load(std::memory_order_relaxed) && lost_.exchange(false)) wake_ = time_point::max();
    if (firing_ || c.deadline() >= wake_) return;
    wait(wake_ == time_point::max() ? *wheel_.next_deadline() : c.deadline());
}

void timer_service::resume() noexcept {
    if (stopped_ || firing_ || !(lost_.exchange(false) || wake_ == time_point::max())) return;
    wake_ = time_point::max();
    if (const auto next = wheel_.next_deadline()) wait(*next);
}

void timer_service::stop() noexcept {
    stopped_ = true;
    wake_ = time_point::max();
    try {
        if (timer_) timer_->cancel();
    } catch (...) { // Asio's interface may throw; it does not here
    }
}

void timer_service::detach() noexcept {
    stop();
    timer_.reset();
    executor_ = boost::asio::system_executor{};
}

void timer_service::fire() noexcept {
    if (advance(steady_clock::now()))
        post_fire();
    else
        await_next();
}

bool timer_service::advance(time_point now) noexcept {
    firing_ = true;
    const time_point begin = now;
    bool more = !stopped_;
    for (int i = 0; more && i != most_slices && now - begin < longest_stay; ++i) {
        const auto done = wheel_.advance(now, slice, [&](timer_wheel::timer& t) {
            if (!stopped_) static_cast<client&>(t).on_timer(now);
        });
        if (done.fired != 0) fired_ = begin;
        more = done.more && !stopped_;
        if (more) now = steady_clock::now();
    }
    return more;
}

void timer_service::await_next() noexcept {
    firing_ = false;
    if (lost_.load(std::memory_order_relaxed) && lost_.exchange(false)) wake_ = time_point::max();
    if (const auto next = wheel_.next_deadline()) return wait(*next);
    if (wake_ == time_point::max() || stopped_) return;
    wake_ = time_point::max();
    try {
        timer_->cancel();
    } catch (...) { // Asio's interface may throw; it does not here
    }
}

std::optional<time_point> timer_service::next_wake() noexcept {
    if (stopped_) return {};
    const auto next = wheel_.next_deadline();
    return next ? std::optional{wake_for(*next)} : std::nullopt;
}

time_point timer_service::wake_for(time_point deadline) const noexcept {
    const time_point latest =
        deadline < time_point::max() - slack_ ? deadline + slack_ : time_point::max();
    return fired_ > latest - spacing ? fired_ + spacing : latest;
}

void timer_service::post_fire() noexcept {
    try {
        boost::asio::post(executor_, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (const auto kept = keep(self)) self->fire();
        });
    } catch (...) { // use the timer instead, which has its memory
        firing_ = false;
        wait(steady_clock::now());
    }
}

void timer_service::wait(time_point next) noexcept {
    if (stopped_ || !timer_) return;
    const time_point wake = wake_for(next);
    if (wake == wake_) return;
    wake_ = time_point::max();
    try {
        timer_->expires_at(wake); // a wait that this cancels is not the one for wake_
        timer_->async_wait(wakeup{*this, wake});
        wake_ = wake;
    } catch (...) { // the handler's destructor handles it
    }
}

void timer_service::wait_was_lost() noexcept {
    if (stopped_) return;
    lost_ = true;
    if (later_) return later_->ring();
    try {
        boost::asio::post(executor_, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (const auto kept = keep(self)) self->resume();
        });
    } catch (...) { // the next arm() does it, if there is one
    }
}

} // namespace rtpsynth::asio_server::detail
