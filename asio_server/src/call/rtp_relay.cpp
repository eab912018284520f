#include <rtpsynth/asio_server/call/rtp_relay.hpp>

#include "call/leg_channels.hpp"
#include "server/completion.hpp"
#include "server/completion_queue.hpp"
#include "server/engine.hpp"
#include "server/server_access.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/channel/port_range.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

namespace rtpsynth::asio_server {
namespace {

constexpr duration shortest_media_timeout = std::chrono::milliseconds{100};

const rtp_relay_options& checked_relay(const rtp_relay_options& o) {
    if (o.media_timeout && (*o.media_timeout < shortest_media_timeout ||
                            *o.media_timeout > rtp_relay_options::max_media_timeout))
        throw std::invalid_argument("rtp_relay: media_timeout must be 100 ms..24 h");
    return o;
}

} // namespace

/// Lifetime: each channel's receive handler, a feed, owns a reference until the channel has closed
/// and no call of the handler is running; then it calls finish(). The last call of finish() posts
/// end_ to the executor, which owns a reference until the timer is disarmed.
///
/// Threads: functions whose name begins with `on_` run on the executor, all others on any thread.
/// The lock is held while packets are forwarded. It is never held while user code is called or
/// destroyed, except for a packet_protection.
class rtp_relay::impl final : public std::enable_shared_from_this<impl>,
                              private detail::timer_service::client {
public:
    impl(std::shared_ptr<detail::engine> engine, const rtp_relay_options& options)
        : engine_{std::move(engine)},
          timeout_{checked_relay(options).media_timeout},
          handlers_{options.on_media_timeout, options.on_source_changed},
          legs_{make_leg(options.a), make_leg(options.b)},
          begin_{std::make_unique<task>(&impl::on_begin)},
          end_{std::make_unique<task>(&impl::on_finished)} {}

    /// The receive handler of a channel.
    class feed;

    /// Creates the channels of each leg by \p make(leg options, leg).
    template <class Make>
    void open(const rtp_relay_options& options, Make make);

    detail::engine& home() const noexcept { return *engine_; }
    rtp_channel& rtp(relay_leg l) const noexcept { return *rtp_[index(l)]; }
    rtp_channel& rtcp(relay_leg l) const noexcept { return *rtcp_[index(l)]; }

    std::optional<endpoint> target(relay_leg l) const noexcept {
        const std::lock_guard lock{lock_};
        return leg(l).state().target();
    }
    boost::system::error_code set_peer(relay_leg l, const endpoint& peer) noexcept {
        const std::lock_guard lock{lock_};
        return leg(l).set_peer(peer);
    }
    void swap_protection(relay_leg l, std::shared_ptr<packet_protection>& other) noexcept {
        const std::lock_guard lock{lock_};
        leg(l).state().swap_protection(other);
    }
    relay_leg_stats stats(relay_leg l) const noexcept {
        const std::lock_guard lock{lock_};
        return leg(l).state().stats();
    }
    receiver_stats source_stats(relay_leg l) const noexcept {
        const std::lock_guard lock{lock_};
        return leg(l).state().source_stats();
    }

    /// No handler is called from now on.
    void silence() noexcept {
        const std::lock_guard lock{lock_};
        silenced_ = true;
    }
    bool close() noexcept;
    /// In a child of fork(), in place of destruction: keeps the object for good.
    void abandon() noexcept { abandoned_ = shared_from_this(); }

private:
    /// Calls a member function on the executor.
    class task final : public detail::completion {
    public:
        using call_type = void (impl::*)() noexcept;
        explicit task(call_type to_call) noexcept : call_{to_call} {}
        ~task() override {
            if (of) of->on_finished(); // the executor's context is destroyed
        }
        void call(pointer self) override {
            const auto owner = std::move(of);
            const call_type member = call_;
            self.reset();
            ((*owner).*member)();
        }
        std::shared_ptr<impl> of;

    private:
        call_type call_;
    };

    struct handlers {
        decltype(rtp_relay_options::on_media_timeout) on_media_timeout;
        decltype(rtp_relay_options::on_source_changed) on_source_changed;
    };

    static std::size_t index(relay_leg l) noexcept { return static_cast<std::size_t>(l); }
    static detail::leg_channels make_leg(const relay_leg_options& options) {
        return detail::leg_channels{detail::leg_state{options, std::chrono::steady_clock::now()}};
    }
    detail::leg_channels& leg(relay_leg l) noexcept { return legs_[index(l)]; }
    const detail::leg_channels& leg(relay_leg l) const noexcept { return legs_[index(l)]; }

    void on_batch(relay_leg from, bool is_rtcp, std::span<const datagram_view> batch) noexcept;
    void on_timer(time_point now) noexcept override;
    void on_begin() noexcept;
    void on_finished() noexcept;
    void begin() noexcept;
    void finish() noexcept;

    std::optional<time_point> next_check() const noexcept; // with the lock held
    void arm(std::optional<time_point> deadline) noexcept;
    template <class Call>
    void call(Call call) noexcept;

    const std::shared_ptr<detail::engine> engine_;
    const std::optional<duration> timeout_;
    handlers handlers_;                               // on the executor
    std::array<std::shared_ptr<rtp_channel>, 2> rtp_; // of each leg, from open() on
    std::array<std::shared_ptr<rtp_channel>, 2> rtcp_;

    mutable std::mutex lock_;
    std::array<detail::leg_channels, 2> legs_;
    bool is_open_ = false; // both legs have their channels
    bool silenced_ = false;
    unsigned feeds_ = 0;

    bool all_silent_ = false; // on the executor: no timer before the next packet
    std::unique_ptr<task> begin_;
    std::unique_ptr<task> end_;
    std::shared_ptr<impl> abandoned_; // itself
};

class rtp_relay::impl::feed {
public:
    feed(std::shared_ptr<impl> owner, relay_leg from, bool is_rtcp) noexcept
        : owner_{std::move(owner)}, from_{from}, is_rtcp_{is_rtcp} {
        const std::lock_guard lock{owner_->lock_};
        ++owner_->feeds_;
    }
    feed(feed&&) noexcept = default;
    feed& operator=(feed&&) = delete;
    ~feed() {
        if (owner_) owner_->finish();
    }
    void operator()(rtp_channel&, std::span<const datagram_view> batch) const noexcept {
        owner_->on_batch(from_, is_rtcp_, batch);
    }

private:
    std::shared_ptr<impl> owner_;
    relay_leg from_;
    bool is_rtcp_;
};

template <class Make>
void rtp_relay::impl::open(const rtp_relay_options& options, Make make) {
    std::array<channel_pair, 2> made;
    try {
        for (const relay_leg l : {relay_leg::a, relay_leg::b}) {
            const relay_leg_options& o = l == relay_leg::a ? options.a : options.b;
            made[index(l)] = make(o, l);
        }
        const std::lock_guard lock{lock_};
        for (std::size_t i = 0; i != made.size(); ++i) {
            rtp_[i] = made[i].rtp;
            rtcp_[i] = made[i].rtcp ? made[i].rtcp : made[i].rtp;
            legs_[i].attach(rtp_[i], rtcp_[i]);
        }
        is_open_ = true;
    } catch (...) {
        for (const channel_pair& pair : made) {
            if (pair.rtp) pair.rtp->close();
            if (pair.rtcp) pair.rtcp->close();
        }
        throw;
    }
    begin();
}

bool rtp_relay::impl::close() noexcept {
    bool first = false;
    for (std::size_t i = 0; i != rtp_.size(); ++i) {
        first |= rtp_[i]->close();
        rtcp_[i]->close();
    }
    return first;
}

void rtp_relay::impl::on_batch(relay_leg from, bool is_rtcp,
                               std::span<const datagram_view> batch) noexcept {
    detail::leg_state::workspace work; // not initialised
    detail::leg_channels& source = leg(from);
    detail::leg_channels& sink = legs_[1 - index(from)];
    std::optional<endpoint> moved_to;
    std::optional<time_point> check;
    {
        const std::lock_guard lock{lock_};
        for (const datagram_view& view : batch) {
            if (!is_open_)
                source.state().count_unsent(view, is_rtcp);
            else if (source.forward(view, is_rtcp, sink, work))
                moved_to = view.source;
        }
        if (all_silent_) check = next_check();
    }
    if (check) arm(check);
    if (moved_to && handlers_.on_source_changed)
        call([&](rtp_relay& self) { handlers_.on_source_changed(self, from, *moved_to); });
}

std::optional<time_point> rtp_relay::impl::next_check() const noexcept {
    if (!timeout_) return std::nullopt;
    const auto a = legs_[0].state().next_silence(*timeout_),
               b = legs_[1].state().next_silence(*timeout_);
    return !a || (b && *b < *a) ? b : a;
}

void rtp_relay::impl::arm(std::optional<time_point> deadline) noexcept {
    all_silent_ = !deadline;
    if (deadline) engine_->timers()->arm(*this, *deadline);
}

void rtp_relay::impl::on_begin() noexcept {
    std::optional<time_point> check;
    {
        const std::lock_guard lock{lock_};
        if (feeds_ == 0) return;
        check = next_check();
    }
    arm(check);
}

void rtp_relay::impl::on_timer(time_point now) noexcept {
    const auto self = shared_from_this();
    std::array<bool, 2> silent{};
    std::optional<time_point> check;
    {
        const std::lock_guard lock{lock_};
        if (feeds_ == 0) return;
        for (std::size_t i = 0; i != legs_.size(); ++i)
            silent[i] = legs_[i].state().note_silence(now, *timeout_);
        check = next_check();
    }
    arm(check);
    for (const relay_leg l : {relay_leg::a, relay_leg::b})
        if (silent[index(l)] && handlers_.on_media_timeout)
            call([&](rtp_relay& handle) { handlers_.on_media_timeout(handle, l); });
}

template <class Call>
void rtp_relay::impl::call(Call call) noexcept {
    {
        const std::lock_guard lock{lock_};
        if (silenced_) return;
    }
    // A handle of its own, since the user's may be destroyed meanwhile.
    rtp_relay self{shared_from_this()};
    engine_->call_handler([&] { call(self); });
    self.impl_.reset();
}

void rtp_relay::impl::begin() noexcept {
    if (!timeout_ || engine_->inherited()) return;
    detail::completions done{engine_->completing()};
    begin_->of = shared_from_this();
    done.push(std::move(begin_));
}

void rtp_relay::impl::finish() noexcept {
    // In a child of fork(), threads that do not exist here may hold the locks.
    if (engine_->inherited()) return abandon();
    detail::completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (--feeds_ != 0 || !end_) return;
    end_->of = shared_from_this();
    done.push(std::move(end_));
}

void rtp_relay::impl::on_finished() noexcept {
    client::cancel();
    handlers_ = {};
}

rtp_relay::rtp_relay(std::shared_ptr<impl> self) noexcept : impl_{std::move(self)} {}

rtp_relay::rtp_relay(rtp_server& server, const rtp_relay_options& options)
    : impl_{std::make_shared<impl>(detail::server_access::engine_of(server), options)} {
    impl_->open(options, [&](const relay_leg_options& o, relay_leg l) {
        if (!o.rtcp_mux && o.channel.bind.port() == 65535)
            throw std::invalid_argument("rtp_relay: channel.bind: no port is after 65535");
        channel_pair pair;
        channel_options channel = o.channel;
        pair.rtp = server.create_channel(channel, impl::feed{impl_, l, false});
        if (o.rtcp_mux) return pair;
        try {
            if (channel.bind.port() != 0)
                channel.bind.port(static_cast<std::uint16_t>(channel.bind.port() + 1));
            pair.rtcp = server.create_channel(channel, impl::feed{impl_, l, true});
        } catch (...) {
            pair.rtp->close();
            throw;
        }
        return pair;
    });
}

rtp_relay::rtp_relay(rtp_server& server, port_range& ports, const rtp_relay_options& options)
    : impl_{std::make_shared<impl>(detail::server_access::engine_of(server), options)} {
    impl_->open(options, [&](const relay_leg_options& o, relay_leg l) {
        if (!o.rtcp_mux)
            return ports.create_pair(server, o.channel, impl::feed{impl_, l, false},
                                     impl::feed{impl_, l, true});
        return channel_pair{
            .rtp = ports.create_channel(server, o.channel, impl::feed{impl_, l, false}),
            .rtcp = nullptr};
    });
}

rtp_relay::~rtp_relay() {
    if (!impl_) return; // the handle of a handler's call
    if (impl_->home().inherited()) {
        impl_->close();
        impl_->abandon(); // a thread that does not exist here may hold its lock
        return;
    }
    impl_->silence();
    impl_->close();
}

rtp_relay::executor_type rtp_relay::get_executor() const noexcept {
    return impl_->home().executor();
}

rtp_relay::endpoint rtp_relay::local_endpoint(relay_leg leg) const noexcept {
    return impl_->rtp(leg).local_endpoint();
}

rtp_channel& rtp_relay::channel(relay_leg leg) const noexcept { return impl_->rtp(leg); }

rtp_channel& rtp_relay::rtcp_channel(relay_leg leg) const noexcept { return impl_->rtcp(leg); }

std::optional<rtp_relay::endpoint> rtp_relay::target(relay_leg leg) const noexcept {
    return impl_->target(leg);
}

boost::system::error_code rtp_relay::set_peer(relay_leg leg, const endpoint& peer) noexcept {
    return impl_->set_peer(leg, peer);
}

void rtp_relay::set_protection(relay_leg leg,
                               std::shared_ptr<packet_protection> protection) noexcept {
    impl_->swap_protection(leg, protection);
}

bool rtp_relay::close() noexcept { return impl_->close(); }

relay_leg_stats rtp_relay::stats(relay_leg leg) const noexcept { return impl_->stats(leg); }

receiver_stats rtp_relay::source_stats(relay_leg leg) const noexcept {
    return impl_->source_stats(leg);
}

} // namespace rtpsynth::asio_server
