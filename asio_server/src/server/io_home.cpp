#include "server/io_home.hpp"

#include "server/home_executor.hpp"
#include "server/longest_stay.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_handlers = 64; // posted handlers in a turn, before sockets are served

} // namespace

/// Marks this thread as the one that runs the home, unless there is another.
class io_home::run_scope {
public:
    explicit run_scope(io_home& home) : home_{home}, lock_{home.running_} {
        home_.runner_ = std::this_thread::get_id();
    }
    ~run_scope() { home_.runner_ = std::thread::id{}; }
    run_scope(const run_scope&) = delete;
    run_scope& operator=(const run_scope&) = delete;

private:
    io_home& home_;
    const std::lock_guard<std::mutex> lock_;
};

io_home::~io_home() {
    listening_ = false; // objects that the context destroys last may post
}

void io_home::prepare() {
    waker_.emplace(context_.get_executor());
    waits_ = ready_set::waits;
}

boost::asio::any_io_executor io_home::executor() noexcept {
    if (!waits_) return context_.get_executor(); // Asio always waits, and needs no notification
    return home_executor{*this, context_.get_executor()};
}

void io_home::run() noexcept {
    const run_scope here{*this};
    while (waits_itself()) {
        turn(time_point::max());
        woken_ = false;
    }
    context_.restart(); // it may have run out of work before
    while (call([this] { return context_.run(); }) != 0) {
    }
    // No other thread may stop waiting before this one has run what was posted by threads that did
    // not see ended_ yet: such a thread would wait for a handler there, which may be waiting to
    // join it.
    ended_ = true;
    rest();
}

void io_home::poll() noexcept {
    if (runs_here()) return;
    const run_scope here{*this};
    listening_ = false;
    woken_.exchange(false); // an exchange, so that writes before wake() are visible
    const time_point until = steady_clock::now() + longest_stay;
    if (waits_itself()) {
        while ((turn(time_point::min()) > 1 || posted_) && steady_clock::now() < until) {
        }
    } else {
        posted_ = false;
        while (serve_by_asio(time_point::min()) != 0) {
            if (steady_clock::now() < until) continue;
            posted_ = true; // more may be posted
            break;
        }
    }
    listen();
}

void io_home::run_one(time_point until) noexcept {
    if (runs_here()) return;
    const run_scope here{*this};
    for (std::size_t served = 0; served == 0 && !woken_.exchange(false);) {
        if (waits_itself()) {
            served = turn(until);
        } else {
            posted_ = false;
            served = serve_by_asio(until);
            if (served == 0 && context_.stopped()) break;
        }
        if (served == 0 && (released_ || steady_clock::now() >= until)) break;
    }
    woken_.exchange(false);
    listen();
}

/// Makes Asio run one handler, and wait for it until \p until. \return 0 if there was none
std::size_t io_home::serve_by_asio(time_point until) noexcept {
    context_.restart();
    return call([&] {
        if (released_ || steady_clock::now() >= until) return context_.poll_one();
        return until == time_point::max() ? context_.run_one() : context_.run_one_until(until);
    });
}

/// Whether the home waits for the sockets itself. Otherwise, if Asio may have work of its own, Asio
/// waits.
bool io_home::waits_itself() noexcept {
    if (!by_asio_ && (!waits_ || foreign_)) {
        const auto client = client_.lock();
        by_asio_ = !client || client->hand_over();
        if (by_asio_ && woken_) wake_up(); // the thread that set woken_ saw no need to
    }
    return !by_asio_;
}

/// One turn, a pass of the event loop: runs what was posted; if there was nothing, waits for
/// sockets.
/// \return the number of handlers or datagrams
std::size_t io_home::turn(time_point until) noexcept {
    const auto client = client_.lock();
    if (!client) return 0;
    const bool foreign = foreign_; // Asio should take over but could not
    std::size_t served = 0;
    if (posted_.exchange(false) || foreign) served = run_posted();
    time_point deadline = std::min(until, client->next_deadline());
    if (served != 0 || released_) deadline = time_point::min();
    if (foreign) deadline = std::min(deadline, steady_clock::now() + alarm::delay);
    if (deadline != time_point::min()) {
        listening_ = true;
        if (posted_ || woken_ || foreign_ != foreign) deadline = time_point::min();
    }
    const auto events = client->wait(deadline);
    listening_ = false;
    const time_point now = steady_clock::now();
    served += call([&] { return client->serve(events, now); });
    if (client->next_deadline() <= now)
        served += call([&] {
            if (client->on_time(now)) posted_ = true;
            return std::size_t{1};
        });
    return served;
}

std::size_t io_home::run_posted() noexcept {
    std::size_t count = 0, ran = 1;
    context_.restart();
    while (count < most_handlers && (ran = call([this] { return context_.poll_one(); })) != 0)
        ++count;
    if (ran != 0) posted_ = true; // there are more handlers
    return count;
}

/// The runner leaves. A thread that waits for the descriptor is notified of later and of present
/// events.
void io_home::listen() noexcept {
    if (ended_) return rest();
    if (!exported_) return;
    listening_ = true;
    if ((posted_ || woken_) && listening_.exchange(false)) wake_up();
}

void io_home::wake() noexcept {
    woken_ = true;
    if (!waits_ || by_asio_ || listening_.exchange(false)) wake_up();
}

void io_home::wake_up() noexcept {
    if (!waker_ || waker_->wake()) return;
    if (const auto client = client_.lock()) client->wake_later();
}

time_point io_home::next_deadline() const noexcept {
    const auto client = client_.lock();
    return client && !by_asio_ ? client->next_deadline() : time_point::max();
}

native_descriptor io_home::descriptor() noexcept {
    const auto client = client_.lock();
    if (!client || !waits_) return static_cast<native_descriptor>(-1);
    exported_ = true;
    listening_ = true;
    if ((posted_ || woken_) && listening_.exchange(false)) wake_up();
    return client->descriptor();
}

void io_home::release() noexcept {
    if (released_.exchange(true)) return;
    work_.reset();
    note_post();
    wake();
}

void io_home::end() noexcept {
    ended_ = true;
    if (runs_here()) return; // this thread checks when it leaves
    const run_scope here{*this};
    rest();
}

void io_home::rest() noexcept {
    context_.restart();
    while (call([this] { return context_.poll(); }) != 0) {
    }
}

void io_home::ensure_progress() noexcept {
    if (!ended_) return;
    try {
        boost::asio::post(boost::asio::system_executor{}, [self = shared_from_this()] {
            const run_scope here{*self};
            self->rest();
        });
    } catch (...) {
    }
}

void io_home::abandon(std::shared_ptr<io_home> self) noexcept {
    if (self->waker_) self->waker_->abandon();
    fork_guard& fork = self->fork_;
    fork.abandon(std::move(self));
}

} // namespace rtpsynth::asio_server::detail
