/// \file
/// The implementation of voice_stream.
#pragma once

#include "call/audio_ring.hpp"
#include "channel/op_list.hpp"
#include "server/completion.hpp"
#include "server/completion_queue.hpp"
#include "server/engine.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/call/voice_stream.hpp>
#include <rtpsynth/audio/call_quality.hpp>
#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/audio/voice_sender.hpp>
#include <rtpsynth/jitter/playout.hpp>
#include <rtpsynth/rtcp/session.hpp>

#include <boost/circular_buffer.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace rtpsynth::asio_server::detail {

/// An operation of async_play.
class play_operation : public value_operation<std::size_t> {
public:
    play_operation(std::uint64_t number, handler_type&& h, const boost::asio::any_io_executor& home,
                   std::span<const std::int16_t> pcm, std::uint64_t its_item)
        : value_operation{number, std::move(h), home}, rest{pcm}, item{its_item} {}

    std::span<const std::int16_t> rest; // not in the queue yet
    std::uint64_t item;
    std::uint32_t rate = 0;
    bool ends_item = false; // the item is over after this piece
};

/// An operation of async_read.
class read_operation : public value_operation<audio_tick> {
public:
    read_operation(std::uint64_t number, handler_type&& h, const boost::asio::any_io_executor& home,
                   std::span<std::int16_t> storage)
        : value_operation{number, std::move(h), home}, pcm{storage} {}

    std::span<std::int16_t> pcm;
};

/// Room for what a packet_protection adds to a packet, in bytes; SRTP needs less.
inline constexpr std::size_t protection_room = 256;

/// The payload types of a stream.
struct voice_formats {
    voice_formats(const voice_stream_options& options, codec_rates rates);
    /// \throws std::invalid_argument if there is none
    static std::uint8_t type_of(const voice_codec& codec);
    /// Events and comfort noise have the clock rate of the audio that they are in place of.
    payload_format of(std::uint8_t payload_type, std::uint32_t clock_of_audio) const noexcept;
    static codec_impairment impairment(const voice_codec& codec);
    void set(std::uint8_t payload_type, payload_format format);

    std::optional<std::uint8_t> event_type;
    std::optional<std::uint8_t> noise_type;
    std::vector<std::pair<std::uint8_t, payload_format>> all;
};

/// Lifetime: each channel's receive handler, a feed, owns a reference until the channel has closed,
/// for whatever reason, and no call of the handler is running; then it calls finish(). The last
/// call of finish() posts end_ to the executor, which owns a reference until the timer is disarmed.
///
/// Threads: functions whose name begins with `on_` run on the executor, all others on any thread.
/// The lock is held while a tick is encoded or decoded. It is never held while a packet is sent or
/// a target is set, which may wait for the socket, or while user code is called or destroyed,
/// except for a packet_protection and the codecs.
class voice_stream_impl final : public std::enable_shared_from_this<voice_stream_impl>,
                                private timer_service::client {
public:
    using endpoint = voice_stream::endpoint;
    using error_code = boost::system::error_code;

    /// \throws as voice_stream's constructor
    static std::shared_ptr<voice_stream_impl> make(std::shared_ptr<engine> home,
                                                   const voice_stream_options& options);
    voice_stream_impl(std::shared_ptr<engine> home, const voice_stream_options& options);
    ~voice_stream_impl();

    /// The receive handler of a channel.
    class feed;
    feed make_feed(bool of_rtp);

    engine& home() const noexcept { return *engine_; }
    rtp_channel* rtp() const noexcept { return rtp_.load(std::memory_order_acquire); }
    /// The channel of RTCP; null in a handler that is called before start().
    rtp_channel* rtcp() const noexcept {
        return (mux_ ? rtp_ : rtcp_).load(std::memory_order_acquire);
    }
    bool mux() const noexcept { return mux_; }

    // voice_targets.cpp
    /// Call it once, with the channels; \p second is null with rtcp_mux. Sets \p peer as the
    /// target, unless packets have come before and the latch or a handler has set one.
    error_code start(std::shared_ptr<rtp_channel> first, std::shared_ptr<rtp_channel> second,
                     const std::optional<endpoint>& peer,
                     const std::optional<endpoint>& rtcp_peer) noexcept;
    error_code set_peer(const endpoint& peer, const std::optional<endpoint>& rtcp_peer) noexcept;
    /// \p second is null with rtcp_mux. After an error, targets that were set before are unchanged.
    static error_code set_targets(rtp_channel& first, rtp_channel* second, const endpoint& peer,
                                  const std::optional<endpoint>& rtcp_peer) noexcept;

    // voice_output.cpp
    void start_play(play_operation::handler_type&& completion, std::span<const std::int16_t> pcm,
                    std::uint64_t item);
    boost::system::result<std::size_t> try_play(std::span<const std::int16_t> pcm,
                                                std::uint64_t item) noexcept;
    void start_drain(error_operation::handler_type&& completion);
    void end_item() noexcept;
    void set_play_rate(std::uint32_t hz);
    std::optional<played_item> clear() noexcept;
    error_code send_digits(std::string_view digits, const digit_timing& timing) noexcept;
    void set_codec(const voice_codec& codec);

    // voice_input.cpp
    void start_read(read_operation::handler_type&& completion, std::span<std::int16_t> pcm);
    std::size_t tick_samples() const noexcept { return tick_samples_; }
    call_quality quality() const noexcept;

    // voice_events.cpp
    void start_read_event(value_operation<voice_event>::handler_type&& completion);

    void set_protection(std::shared_ptr<packet_protection> protection);
    bool close(std::string_view reason) noexcept;
    /// No handler is called from now on.
    void silence() noexcept { silenced_ = true; }
    /// In a child of fork(), in place of destruction: closes the child's copies of the sockets, and
    /// keeps the object for good.
    void close_inherited() noexcept;
    voice_stream_stats stats() const noexcept;

private:
    using event_op = value_operation<voice_event>;

    struct handlers {
        decltype(voice_stream_options::on_audio) on_audio;
        decltype(voice_stream_options::on_event) on_event;
    };
    struct heard_source {
        std::uint32_t ssrc = 0;
        endpoint address;
        time_point heard{};
        bool left = false;
    };
    struct arrived_packet {
        std::uint32_t ssrc = 0;
        std::uint32_t timestamp = 0;
        time_point at{};
    };
    /// Calls on_wake() on the executor, after a change by any thread. Used again and again.
    class wake;
    /// Calls on_finished() on the executor.
    class end;

    voice_stream_impl(std::shared_ptr<engine> home, const voice_stream_options& options,
                      std::unique_ptr<audio_encoder> encoder, time_point now);

    // voice_stream_impl.cpp
    bool close_channels() noexcept;
    void abandon() noexcept { abandoned_ = shared_from_this(); }
    void on_wake(std::unique_ptr<wake> self) noexcept;
    void on_timer(time_point now) noexcept override;
    void on_finished() noexcept;
    void discard() noexcept;
    void finish() noexcept;
    void schedule() noexcept;
    std::span<const std::uint8_t> report(time_point now, std::span<std::uint8_t> storage) noexcept;
    template <class Call>
    void call(Call call) noexcept;
    void on_report(time_point now) noexcept;

    // voice_output.cpp
    void on_send(time_point now) noexcept;
    std::size_t send_tick(time_point now, completions& done) noexcept;
    void count_sent(std::size_t size, time_point now) noexcept;
    bool sends() const noexcept;
    bool is_drained() const noexcept;
    void queue_plays(completions& done) noexcept;
    void set_queued_rate(std::uint32_t hz);
    void cancel_play(std::uint64_t id) noexcept;
    void cancel_drain(std::uint64_t id) noexcept;
    void change_ssrc() noexcept;

    // voice_input.cpp
    void on_batch(rtp_channel& channel, bool of_rtp, std::span<const datagram_view> batch) noexcept;
    void receive(const datagram_view& view, bool of_rtp, completions& done) noexcept;
    std::optional<datagram_view> unprotect(const datagram_view& view, bool is_rtp) noexcept;
    void receive_rtp(const datagram_view& view, completions& done) noexcept;
    void receive_rtcp(const datagram_view& view, completions& done) noexcept;
    bool is_heard(const rtp_packet_view& packet, const datagram_view& view, bool valid,
                  bool latched, completions& done) noexcept;
    time_point arrival_of(const rtp_packet_view& packet, const payload_format& format,
                          time_point read) noexcept;
    void begin_pulling(time_point now) noexcept;
    bool catch_up(time_point now) noexcept;
    void on_pull(time_point now) noexcept;
    bool pull_tick(time_point now, audio_tick& tick, completions& done) noexcept;
    void rate(playout_kind kind) noexcept;
    void cancel_read(std::uint64_t id) noexcept;

    // voice_targets.cpp
    void on_moved() noexcept;
    void follow() noexcept;

    // voice_events.cpp
    void put(voice_event&& event, completions& done) noexcept;
    void restart_digits(std::uint32_t clock_rate, completions& done) noexcept;
    void put_digits(const telephone_event_changes& changes, completions& done) noexcept;
    void watch(time_point now, completions& done) noexcept;
    void on_events() noexcept;
    void cancel_event(std::uint64_t id) noexcept;

    /// Call it with the lock held, after a change that may need the timer earlier.
    void ask(completions& done) noexcept;
    time_point next_deadline() const noexcept;

    const std::shared_ptr<engine> engine_;
    std::shared_ptr<rtp_channel> kept_rtp_;
    std::shared_ptr<rtp_channel> kept_rtcp_;
    // Set by start(), or by the first call of the channel's handler if that comes before.
    std::atomic<rtp_channel*> rtp_{nullptr};
    std::atomic<rtp_channel*> rtcp_{nullptr};
    const bool mux_;
    const duration ptime_;
    const std::size_t tick_samples_;
    const duration source_timeout_;
    const std::optional<duration> pause_after_;
    const std::optional<duration> quiet_after_;
    const std::size_t audio_queue_;
    const bool latching_;
    const bool kernel_timestamps_; // received_at is the time of arrival
    handlers handlers_;            // on the executor
    const bool has_audio_handler_;
    const bool has_event_handler_;
    std::vector<std::uint8_t> packet_; // on the executor
    std::vector<std::int16_t> pcm_;    // on the executor
    std::atomic<bool> silenced_{false};
    std::atomic<std::uint64_t> unsent_{0};
    std::atomic<bool> has_peer_{false};

    std::mutex targets_lock_; // held while targets are set; taken before lock_
    mutable std::mutex lock_;
    std::shared_ptr<packet_protection> protection_;
    std::vector<std::uint8_t> plain_; // a datagram without its protection
    codec_set library_;
    voice_formats formats_;
    std::uint32_t sent_clock_;  // of the audio that is sent
    std::uint32_t heard_clock_; // of the audio that the source sends
    rtp_session session_;
    voice_sender sender_;
    std::vector<std::uint8_t> larger_packet_; // for packet_, if it has become too small
    std::uint32_t queued_rate_;               // of the audio that went into the queue last
    std::uint32_t play_rate_;                 // of later calls of async_play
    op_list<play_operation> plays_;
    op_list<error_operation> drains_;
    bool sends_tail_ = false; // the last tick had audio or an event: more may follow
    bool ticking_ = false;    // the timer is armed for the next tick to send
    playout playout_;
    call_quality quality_; // without delay
    bool wanted_ = false;  // received audio is read
    bool pulling_ = false; // there are ticks of received audio
    time_point pull_due_{};
    std::uint64_t skipped_ = 0;                  // ticks since the last one pulled
    std::optional<arrived_packet> last_arrived_; // into playout
    audio_ring ring_;
    op_list<read_operation> reads_;
    telephone_event_receiver digits_;
    source_latch latch_;
    std::optional<endpoint> moved_to_;      // where RTP is to be sent from now on
    std::optional<endpoint> rtcp_moved_to_; // the same for RTCP without rtcp_mux
    std::optional<heard_source> source_;
    std::uint32_t replaced_ssrc_ = 0;            // the last source to be replaced ...
    time_point replaced_at_ = time_point::min(); // at this time; min(): there was none
    time_point last_rtp_;
    bool is_quiet_ = false;
    boost::circular_buffer<voice_event> events_;
    op_list<event_op> event_reads_;
    voice_stream_stats stats_; // only the counters that no other member has
    unsigned feeds_ = 0;       // of channels that have not closed
    bool started_ = false;
    bool closing_ = false;
    std::unique_ptr<wake> wake_;                   // null while it is posted
    std::unique_ptr<end> end_;                     // until finish()
    std::shared_ptr<voice_stream_impl> abandoned_; // this object, see close_inherited()
};

class voice_stream_impl::feed {
public:
    feed(std::shared_ptr<voice_stream_impl> owner, bool of_rtp) noexcept
        : owner_{std::move(owner)}, of_rtp_{of_rtp} {
        const std::lock_guard lock{owner_->lock_};
        ++owner_->feeds_;
    }
    feed(feed&&) noexcept = default;
    feed& operator=(feed&&) = delete;
    ~feed() {
        if (owner_) owner_->finish();
    }
    void operator()(rtp_channel& channel, std::span<const datagram_view> batch) const noexcept {
        owner_->on_batch(channel, of_rtp_, batch);
    }

private:
    std::shared_ptr<voice_stream_impl> owner_;
    bool of_rtp_;
};

inline voice_stream_impl::feed voice_stream_impl::make_feed(bool of_rtp) {
    return feed{shared_from_this(), of_rtp};
}

template <class Call>
void voice_stream_impl::call(Call call) noexcept {
    if (silenced_) return;
    // A handle of its own, since the user's may be destroyed meanwhile.
    voice_stream self{shared_from_this()};
    engine_->call_handler([&] { call(self); });
    self.impl_.reset();
}

} // namespace rtpsynth::asio_server::detail
