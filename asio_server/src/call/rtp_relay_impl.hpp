/// \file
/// The implementation of rtp_relay.
#pragma once

#include "call/leg_channels.hpp"
#include "server/completion.hpp"
#include "server/engine.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/call/rtp_relay.hpp>

#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

namespace rtpsynth::asio_server {

/// Lifetime: each channel's receive handler, a feed, owns a reference until the channel has closed
/// and no call of the handler is running; then it calls finish(). The last call of finish() posts
/// end_ to the executor, which owns a reference until the timer is disarmed.
///
/// Threads: functions whose name begins with `on_` run on the executor, all others on any thread.
/// The lock is held while packets are forwarded. It is never held while user code is called or
/// destroyed, except for a packet_protection and the codecs.
class rtp_relay::impl final : public std::enable_shared_from_this<impl>,
                              private detail::timer_service::client {
public:
    impl(std::shared_ptr<detail::engine> engine, const rtp_relay_options& options)
        : engine_{std::move(engine)},
          timeout_{checked_timeout(options)},
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

    /// No handler is called any more. \return whether an async_close is outstanding
    bool silence() noexcept {
        const std::lock_guard lock{lock_};
        silenced_ = true;
        return closing_ != 0;
    }
    bool close() noexcept;
    void start_close(error_handler handler);
    /// What a child after fork() does instead of destruction: keeps itself for good.
    void abandon() noexcept { abandoned_ = shared_from_this(); }

private:
    class joint_close;

    /// Brings a call to the executor.
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

    static std::optional<duration> checked_timeout(const rtp_relay_options& o);
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
    void cancel_close(std::uint64_t id) noexcept;

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
    bool is_closed_ = false; // by close() or async_close
    bool close_cancelled_ = false;
    std::uint64_t closing_ = 0; // the outstanding async_close
    unsigned feeds_ = 0;

    bool all_silent_ = false; // on the executor: nothing is waited for but a packet
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

} // namespace rtpsynth::asio_server
