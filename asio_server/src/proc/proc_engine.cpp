#include "proc/proc_engine.hpp"

#include "server/longest_stay.hpp"

#include <rtpsynth/base/compiler.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace rtpsynth::asio_server::detail {

namespace {

using std::chrono::steady_clock;

constexpr int calls_per_turn = 256;
constexpr int releases_per_turn = 256;
constexpr unsigned overdue_calls_forgiven = 16;
constexpr duration jitter = std::chrono::microseconds{1};
constexpr duration longest_slack = std::chrono::seconds{1};

void check(const proc_options& options) {
    if (options.slack < duration{} || options.slack > longest_slack)
        throw std::invalid_argument{"slack must be 0..1 s"};
}

} // namespace

bool proc_channel_impl::close() noexcept {
    std::unique_ptr<any_proc_handler> rest;
    if (!end(rest)) return false;
    if (const auto engine = engine_.lock()) engine->remove(*this);
    return true;
}

void proc_channel_impl::on_timer(time_point) noexcept {
    overdue_ = 0;
    scheduler_->enqueue_due(*this);
}

proc_engine::proc_engine(std::shared_ptr<timer_service>&& timers, std::shared_ptr<io_home>&& home)
    : home_{std::move(home)}, timers_{std::move(timers)}, has_executor_{timers_->is_attached()} {}

std::shared_ptr<proc_engine> proc_engine::make(const proc_options& options,
                                               boost::asio::any_io_executor executor,
                                               std::shared_ptr<io_home> home) {
    check(options);
    auto engine = std::make_shared<proc_engine>(
        std::make_shared<timer_service>(std::move(executor)), std::move(home));
    engine->timers_->set_owner(engine, engine.get());
    engine->timers_->set_slack(options.slack);
    if (!engine->home_) engine->watch_.emplace(engine->executor(), engine);
    return engine;
}

std::shared_ptr<proc_engine> proc_engine::make(const proc_options& options) {
    check(options);
    auto engine = std::make_shared<proc_engine>(std::make_shared<timer_service>(), nullptr);
    engine->timers_->set_slack(options.slack);
    return engine;
}

proc_engine::~proc_engine() {
    for (members* const all : {&open_, &leaving_, &left_})
        while (!all->empty()) release(all->front());
}

void proc_engine::abandon(std::shared_ptr<proc_engine> self) noexcept {
    fork_guard& fork = self->fork_;
    fork.abandon(std::move(self));
}

void proc_engine::add(const std::shared_ptr<proc_channel_impl>& channel) {
    if (!inherited()) {
        const std::lock_guard lock{mutex_};
        if (!shut_down_) {
            request_turn();
            channel->self_ = channel;
            open_.push_back(*channel);
            made_.push_back(*channel);
            ++channels_;
            return;
        }
    }
    throw boost::system::system_error{boost::asio::error::operation_aborted};
}

void proc_engine::remove(proc_channel_impl& channel) noexcept {
    if (inherited()) return;
    const std::lock_guard lock{mutex_};
    if (!channel.self_ || channel.leaves_) return;
    set_leaving(channel);
    try {
        request_turn();
    } catch (...) { // the next turn does it
    }
}

bool proc_engine::shutdown() noexcept {
    if (inherited()) return true;
    std::unique_lock lock{mutex_};
    end_all(lock);
    if (has_executor_ && !timers_->is_attached()) return true;
    try {
        request_turn();
    } catch (...) {
        return false;
    }
    return true;
}

void proc_engine::end_all(std::unique_lock<std::mutex>& lock) noexcept {
    shut_down_ = true;
    while (!open_.empty()) {
        std::unique_ptr<any_proc_handler> rest;
        proc_channel_impl& channel = open_.front();
        channel.end(rest);
        set_leaving(channel);
        if (!rest) continue;
        lock.unlock();
        rest.reset();
        lock.lock();
    }
}

void proc_engine::detach() noexcept {
    if (inherited()) return;
    {
        std::unique_lock lock{mutex_};
        end_all(lock);
        left_.splice(left_.end(), leaving_);
    }
    while (!left_.empty()) release(left_.front());
    timers_->detach();
}

rtp_proc_stats proc_engine::stats() const {
    if (inherited()) return {};
    rtp_proc_stats result;
    {
        const std::lock_guard lock{counting_};
        result = stats_;
    }
    const std::lock_guard lock{mutex_};
    result.channels = channels_;
    return result;
}

// Called with the mutex held, so that a thread that relies on a turn requested by another thread
// can be sure of it.
void proc_engine::request_turn() {
    if (turn_requested_) return;
    if (has_executor_)
        boost::asio::post(executor(), [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->on_post();
        });
    turn_requested_ = true;
    if (!has_executor_) changed_.notify_one();
}

void proc_engine::set_leaving(proc_channel_impl& channel) noexcept {
    channel.leaves_ = true;
    channel.member_.unlink();
    leaving_.push_back(channel);
    --channels_;
}

void proc_engine::accept_changes() noexcept {
    bool stopping = false;
    {
        const std::lock_guard lock{mutex_};
        if (!has_executor_)
            turn_requested_ = false; // with an executor, the posted turn is still to come
        queues_[brief].splice(queues_[brief].end(), made_);
        left_.splice(left_.end(), leaving_);
        stopping = shut_down_;
    }
    if (stopping) timers_->stop();
    for (int i = 0; i != releases_per_turn && !left_.empty(); ++i) release(left_.front());
}

void proc_engine::release(proc_channel_impl& channel) noexcept {
    channel.cancel();
    channel.place_.unlink();
    channel.member_.unlink();
    const auto last = std::move(channel.self_); // not used by others once the channel leaves
}

// Whether calls of the channel are short compared to the average, and so hardly delay the channels
// behind it.
bool proc_engine::is_brief(const proc_channel_impl& channel) const noexcept {
    return 4 * channel.cost_ < mean_cost();
}

// Adds a channel whose deadline has come. Under overload, a brief one would lose its schedule if it
// waited behind the others.
void proc_engine::enqueue_due(proc_channel_impl& channel) noexcept {
    queues_[is_brief(channel) ? brief : due].push_back(channel);
}

// Adds a channel whose deadline had already passed. One that has fallen behind catches up before
// those that are always overdue, and is then on time again. Among the latter each gets one call in
// turn, or several if they are short, so that brief ones catch up too.
void proc_engine::enqueue_overdue(proc_channel_impl& channel) noexcept {
    if (channel.overdue_ != overdue_calls_forgiven) {
        ++channel.overdue_;
        channel.overdue_cost_ = {};
        queues_[is_brief(channel) ? brief : behind].push_back(channel);
        return;
    }
    channel.overdue_cost_ += channel.cost_;
    if (4 * channel.overdue_cost_ < mean_cost()) {
        queues_[overdue].push_front(channel);
    } else {
        channel.overdue_cost_ = {};
        queues_[overdue].push_back(channel);
    }
}

// Updates the estimated cost of a call. A call that the system interrupted says little about the
// next, so it counts at most as twice the estimate; for a first call, as twice the average.
void proc_engine::learn_cost(proc_channel_impl& channel, duration cost) noexcept {
    const duration expected = channel.first_ ? mean_cost() : channel.cost_;
    channel.cost_ = std::min(cost, 2 * expected + jitter);
    cost_sum_ += channel.cost_ - mean_cost();
}

bool proc_engine::serve() noexcept {
    in_turn_ = true;
    accept_changes();
    const time_point begin = steady_clock::now();
    bool more = timers_->advance(begin);
    call_due(begin);
    in_turn_ = false;
    more |= !left_.empty();
    for (const queue& q : queues_) more |= !q.empty();
    return more;
}

void proc_engine::on_post() noexcept {
    {
        const std::lock_guard lock{mutex_};
        turn_requested_ = false;
    }
    on_wake();
}

void proc_engine::on_wake() noexcept {
    if (in_turn_) return; // a handler runs the context; the current turn will request the next
    if (!serve() && !has_changes()) return timers_->await_next();
    try {
        const std::lock_guard lock{mutex_};
        request_turn();
    } catch (...) {
        timers_->arm(late_turn_, steady_clock::now() + alarm::delay);
        timers_->await_next();
    }
}

bool proc_engine::has_changes() const noexcept {
    const std::lock_guard lock{mutex_};
    return !made_.empty() || !leaving_.empty();
}

bool proc_engine::wait() noexcept {
    const auto wake = timers_->next_wake();
    std::unique_lock lock{mutex_};
    while (!turn_requested_) {
        if (shut_down_) return false;
        if (!wake)
            changed_.wait(lock);
        else if (changed_.wait_until(lock, *wake) == std::cv_status::timeout)
            break;
    }
    return true;
}

void proc_engine::call_due(time_point begin) noexcept {
    time_point now = steady_clock::now();
    std::array<bool, rank_count> served{};
    for (int i = 0; i != calls_per_turn && now - begin < longest_stay; ++i) {
        std::size_t r = 0;
        while (r != rank_count && queues_[r].empty()) ++r;
        if (r == rank_count) return;
        served[r] = true;
        now = call_first_of(queues_[r], now);
    }
    for (std::size_t r = 0; r != rank_count; ++r) // no rank starves
        if (!served[r] && !queues_[r].empty()) now = call_first_of(queues_[r], now);
}

// Calls the first channel of a queue. Returns the time after the call, which is that of the next
// one.
time_point proc_engine::call_first_of(queue& from, time_point now) noexcept {
    proc_channel_impl& channel = from.front(); // not released during this turn
    from.pop_front();
    // With thousands of handlers, none is in the cache when it is called.
    if (!from.empty()) rtpsynth::detail::prefetch(from.front().handler_address_);
    if (!channel.begin_call()) return now;
    count_call(channel, now);
    std::optional<time_point> next;
    try {
        next = channel.handler_->call(channel, now, channel.deadline_);
    } catch (...) {
        channel.exception_ = std::current_exception();
        channel.thrown_ = true;
        const std::lock_guard lock{counting_};
        ++stats_.exceptions;
    }
    const time_point end = steady_clock::now();
    learn_cost(channel, end - now);
    channel.first_ = false;
    if (!channel.end_call()) return steady_clock::now();
    if (next) {
        channel.deadline_ = *next;
        if (*next <= end) {
            enqueue_overdue(channel);
        } else {
            timers_->arm(channel, *next);
        }
    }
    return end;
}

void proc_engine::count_call(const proc_channel_impl& channel, time_point now) noexcept {
    const std::lock_guard lock{counting_};
    ++stats_.calls;
    if (channel.overdue_ != 0) {
        ++stats_.overdue;
    } else if (!channel.first_) {
        stats_.lateness.record(now - channel.deadline_);
    }
}

} // namespace rtpsynth::asio_server::detail
