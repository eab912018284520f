#include <rtpsynth/asio_server/call/rtp_relay.hpp>

#include "call/rtp_relay_impl.hpp"
#include "server/completion_queue.hpp"
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

} // namespace

std::optional<duration> rtp_relay::impl::checked_timeout(const rtp_relay_options& o) {
    if (o.media_timeout && (*o.media_timeout < shortest_media_timeout ||
                            *o.media_timeout > rtp_relay_options::max_media_timeout))
        throw std::invalid_argument("rtp_relay: media_timeout must be 100 ms..24 h");
    return o.media_timeout;
}

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
    : rtp_relay(server, ports, ports, options) {}

rtp_relay::rtp_relay(rtp_server& server, port_range& a, port_range& b,
                     const rtp_relay_options& options)
    : impl_{std::make_shared<impl>(detail::server_access::engine_of(server), options)} {
    impl_->open(options, [&](const relay_leg_options& o, relay_leg l) {
        port_range& ports = l == relay_leg::a ? a : b;
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
    if (!impl_->silence()) impl_->close();
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

void rtp_relay::start_close(error_handler handler) { impl_->start_close(std::move(handler)); }

relay_leg_stats rtp_relay::stats(relay_leg leg) const noexcept { return impl_->stats(leg); }

receiver_stats rtp_relay::source_stats(relay_leg leg) const noexcept {
    return impl_->source_stats(leg);
}

} // namespace rtpsynth::asio_server
