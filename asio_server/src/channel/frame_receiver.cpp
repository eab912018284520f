#include <rtpsynth/asio_server/channel/frame_receiver.hpp>

#include "channel/frame_queue.hpp"
#include "channel/op_list.hpp"
#include "server/completion.hpp"
#include "server/completion_queue.hpp"
#include "server/engine.hpp"
#include "server/server_access.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/rtp/datagram_kind.hpp>

#include <boost/asio/error.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <vector>

namespace rtpsynth::asio_server {

namespace {

namespace error = boost::asio::error;
using boost::system::error_code;

/// An async_receive.
using frame_op = detail::value_operation<media_frame>;
using frame_op_ptr = std::unique_ptr<frame_op>;
using frame_op_list = detail::op_list<frame_op>;
using detail::completions;

const frame_receiver_options& checked(const frame_receiver_options& o) {
    if (o.queue_size < 1 || o.queue_size > frame_receiver_options::max_queue_size)
        throw std::invalid_argument("frame_receiver: queue_size must be 1..1048576 frames");
    return o;
}

} // namespace

/// The channel owns this until it has closed and no call of its handler runs; finish() is then
/// called, whoever closed the channel. From then on the operations on the executor own it, until
/// the timer is disarmed.
///
/// Threads: functions that begin with `on_` run on the executor, all others anywhere. The lock is
/// never held while the user's code is called or the user's objects are destroyed, except
/// datagrams.
class frame_receiver::impl final : public std::enable_shared_from_this<impl>,
                                   private detail::timer_service::client {
public:
    impl(std::shared_ptr<detail::engine> engine, const frame_receiver_options& options,
         handler&& on_frames)
        : engine_{std::move(engine)},
          handlers_{std::move(on_frames), options.on_other},
          has_handler_{handlers_.on_frames != nullptr},
          buffer_{options.jitter_buffer},
          queue_{checked(options).queue_size},
          end_{std::make_unique<end>()} {}

    /// The channel's handler.
    class feed;

    detail::engine& home() const noexcept { return *engine_; }
    rtp_channel& channel() const noexcept { return *channel_; }
    void keep(std::shared_ptr<rtp_channel> channel) noexcept {
        channel_ = channel.get();
        kept_channel_ = std::move(channel);
    }

    void start_receive(frame_handler&& completion);
    void cancel(std::uint64_t id) noexcept;
    /// After this no call of the handler begins.
    void silence() noexcept;
    /// Called in a child of fork() instead of the destructor: the object keeps itself alive
    /// forever.
    void abandon() noexcept { abandoned_ = shared_from_this(); }
    frame_receiver_stats stats() const;

private:
    struct sink;

    /// Posts finish() to the executor.
    struct end final : detail::completion {
        ~end() override {
            if (of) of->discard(); // the executor's context was destroyed
        }
        void call(pointer self) override {
            const auto ended = std::move(of);
            self.reset();
            ended->on_finished();
        }
        std::shared_ptr<impl> of;
    };

    struct handlers {
        handler on_frames;
        decltype(frame_receiver_options::on_other) on_other;
    };

    void on_batch(rtp_channel& channel, std::span<const datagram_view> batch) noexcept;
    void on_others(std::span<const datagram_view> batch) noexcept;
    void on_timer(time_point now) noexcept override;
    void on_finished() noexcept;
    void discard() noexcept;
    void finish() noexcept;

    // Called with the lock held:
    void insert(const datagram_view& view, sink& out) noexcept;
    void put(media_frame&& f, completions& done) noexcept;

    void on_progress(std::optional<time_point> deadline) noexcept;
    void deliver() noexcept;
    template <class Call>
    void call(Call call) noexcept;

    const std::shared_ptr<detail::engine> engine_;
    std::shared_ptr<rtp_channel> kept_channel_;
    // Set from the first call on, which may come before the constructor of the owner has returned.
    std::atomic<rtp_channel*> channel_{nullptr};
    handlers handlers_; // on the executor
    const bool has_handler_;
    std::vector<media_frame> delivered_; // on the executor

    mutable std::mutex lock_;
    jitter_buffer<datagram> buffer_;
    detail::frame_queue queue_;
    frame_op_list waiting_;
    std::vector<media_frame> for_handler_; // frames to be delivered
    frame_receiver_stats stats_; // without jitter_buffer, and without the kinds of `other`
    std::array<std::uint64_t, static_cast<std::size_t>(datagram_kind::unknown) + 1> of_kind_{};
    bool used_ = false;     // a datagram was received
    bool silenced_ = false; // no handler must be called
    bool closed_ = false;

    std::unique_ptr<end> end_;        // until finish()
    std::shared_ptr<impl> abandoned_; // itself
};

class frame_receiver::impl::feed {
public:
    explicit feed(std::shared_ptr<impl> owner) noexcept : owner_{std::move(owner)} {}
    feed(feed&&) noexcept = default;
    feed& operator=(feed&&) = delete;
    ~feed() {
        if (owner_) owner_->finish();
    }
    void operator()(rtp_channel& channel, std::span<const datagram_view> batch) const noexcept {
        owner_->on_batch(channel, batch);
    }

private:
    std::shared_ptr<impl> owner_;
};

struct frame_receiver::impl::sink {
    impl& self;
    completions done{self.engine_->completing()};

    void operator()(rtp_frame&& f) noexcept { self.put(std::move(f), done); }
    void operator()(const erasure& gap) noexcept { self.put(gap, done); }
    void operator()(drop_reason, rtp_frame&&) noexcept {} // the jitter buffer counts it
};

void frame_receiver::impl::start_receive(frame_handler&& completion) {
    auto op = detail::make_operation<frame_op>(engine_->next_operation(), std::move(completion),
                                               engine_->executor());
    op->on_cancellation([weak = weak_from_this(), id = op->id] {
        if (const auto self = weak.lock()) self->cancel(id);
    });
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (has_handler_) {
        op->result = error::operation_not_supported;
    } else if (!queue_.empty()) {
        op->value = queue_.pop();
    } else if (closed_) {
        op->result = error::operation_aborted;
    } else {
        waiting_.push(std::move(op));
        return;
    }
    done.push(std::move(op));
}

void frame_receiver::impl::cancel(std::uint64_t id) noexcept {
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    if (frame_op_ptr op = waiting_.take(id)) {
        op->result = error::operation_aborted;
        done.push(std::move(op));
    }
}

void frame_receiver::impl::silence() noexcept {
    const std::lock_guard lock{lock_};
    silenced_ = true;
}

frame_receiver_stats frame_receiver::impl::stats() const {
    const std::lock_guard lock{lock_};
    frame_receiver_stats s = stats_;
    s.jitter_buffer = buffer_.stats();
    const auto of = [this](datagram_kind k) { return of_kind_[static_cast<std::size_t>(k)]; };
    s.rtcp = of(datagram_kind::rtcp);
    s.stun = of(datagram_kind::stun);
    s.zrtp = of(datagram_kind::zrtp);
    s.dtls = of(datagram_kind::dtls);
    s.turn_channel = of(datagram_kind::turn_channel);
    return s;
}

void frame_receiver::impl::on_batch(rtp_channel& channel,
                                    std::span<const datagram_view> batch) noexcept {
    channel_.store(&channel, std::memory_order_release);
    std::optional<time_point> deadline;
    std::uint64_t others = 0;
    {
        sink out{*this};
        const std::lock_guard lock{lock_};
        used_ = true;
        others = stats_.other;
        for (const datagram_view& view : batch) insert(view, out);
        others = stats_.other - others;
        deadline = buffer_.next_deadline();
    }
    if (others != 0 && handlers_.on_other) on_others(batch);
    on_progress(deadline);
}

void frame_receiver::impl::on_others(std::span<const datagram_view> batch) noexcept {
    for (const datagram_view& view : batch) {
        const datagram_kind kind = classify(view.data);
        if (kind == datagram_kind::rtp) continue;
        if (!channel().is_open()) return;
        call([&](frame_receiver& self) { handlers_.on_other(self, kind, view); });
    }
}

void frame_receiver::impl::insert(const datagram_view& view, sink& out) noexcept {
    if (const datagram_kind kind = classify(view.data); kind != datagram_kind::rtp) {
        ++stats_.other;
        ++of_kind_[static_cast<std::size_t>(kind)];
        return;
    }
    try {
        datagram owner{engine_->pool(), view};
        const auto bytes = owner.data();
        const auto inserted = buffer_.insert(bytes, std::move(owner), view.received_at, out);
        if (!inserted && inserted.error() == errc::not_enough_memory) ++stats_.no_memory;
    } catch (const std::bad_alloc&) {
        ++stats_.no_memory;
    }
}

void frame_receiver::impl::put(media_frame&& f, completions& done) noexcept {
    if (has_handler_) {
        try {
            for_handler_.push_back(std::move(f));
        } catch (const std::bad_alloc&) {
            ++stats_.overrun;
        }
    } else if (frame_op_ptr op = waiting_.pop()) {
        op->value = std::move(f);
        done.push(std::move(op));
    } else {
        stats_.overrun += queue_.push(std::move(f));
    }
}

void frame_receiver::impl::on_timer(time_point now) noexcept {
    const auto self = shared_from_this();
    std::optional<time_point> deadline;
    {
        sink out{*this};
        const std::lock_guard lock{lock_};
        buffer_.expire(now, out);
        deadline = buffer_.next_deadline();
    }
    on_progress(deadline);
}

void frame_receiver::impl::on_progress(std::optional<time_point> deadline) noexcept {
    if (deadline)
        engine_->timers()->arm(*this, *deadline);
    else
        client::cancel();
    deliver();
}

void frame_receiver::impl::deliver() noexcept {
    if (!has_handler_) return;
    {
        const std::lock_guard lock{lock_};
        delivered_.swap(for_handler_);
        if (silenced_) delivered_.clear();
    }
    if (delivered_.empty()) return;
    call([this](frame_receiver& self) { handlers_.on_frames(self, delivered_); });
    delivered_.clear();
}

template <class Call>
void frame_receiver::impl::call(Call call) noexcept {
    // A handle of its own, since the user's receiver may be destroyed meanwhile.
    frame_receiver self{shared_from_this()};
    engine_->call_handler([&] { call(self); });
    self.impl_.reset();
}

void frame_receiver::impl::finish() noexcept {
    // The parent's threads may hold its locks and wait for its operations.
    if (engine_->inherited()) return abandon();
    handlers unused;
    sink out{*this};
    const std::lock_guard lock{lock_};
    closed_ = true;
    buffer_.flush(out);
    out.done.push(std::move(waiting_), error::operation_aborted);
    if (used_) {
        end_->of = shared_from_this();
        out.done.push(std::move(end_));
    } else {
        unused = std::exchange(handlers_, {});
    }
}

void frame_receiver::impl::on_finished() noexcept {
    client::cancel();
    deliver();
    handlers_ = {};
}

/// Called instead of on_finished() if the executor does not run any more.
void frame_receiver::impl::discard() noexcept {
    client::cancel();
    handlers_ = {};
}

frame_receiver::frame_receiver(std::shared_ptr<impl> self) noexcept : impl_{std::move(self)} {}

frame_receiver::frame_receiver(rtp_server& server, const channel_options& channel,
                               const frame_receiver_options& options)
    : impl_{std::make_shared<impl>(detail::server_access::engine_of(server), options, nullptr)} {
    impl_->keep(server.create_channel(channel, impl::feed{impl_}));
}

frame_receiver::frame_receiver(rtp_server& server, const channel_options& channel,
                               const frame_receiver_options& options, handler on_frames) {
    if (!on_frames) throw std::invalid_argument("frame_receiver: on_frames must not be empty");
    impl_ = std::make_shared<impl>(detail::server_access::engine_of(server), options,
                                   std::move(on_frames));
    impl_->keep(server.create_channel(channel, impl::feed{impl_}));
}

frame_receiver::~frame_receiver() {
    if (!impl_) return; // the handle that a handler was called with
    if (impl_->home().inherited()) {
        impl_->channel().close();
        // Its locks and operations belong to the parent's threads.
        impl_->abandon();
        return;
    }
    impl_->silence();
    impl_->channel().close();
}

frame_receiver::executor_type frame_receiver::get_executor() const noexcept {
    return impl_->home().executor();
}

rtp_channel& frame_receiver::channel() const noexcept { return impl_->channel(); }

void frame_receiver::start_receive(frame_handler completion) {
    impl_->start_receive(std::move(completion));
}

bool frame_receiver::close() noexcept { return impl_->channel().close(); }

frame_receiver_stats frame_receiver::stats() const { return impl_->stats(); }

} // namespace rtpsynth::asio_server
