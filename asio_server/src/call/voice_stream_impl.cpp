// Construction, end and timer of voice_stream.
#include "call/voice_stream_impl.hpp"

#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/base/random.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

namespace error = boost::asio::error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t largest_report = 1100;    // bytes: fits into every path's MTU, also protected
constexpr std::size_t largest_protected = 4096; // bytes, of a datagram that is received

[[noreturn]] void refuse_option(const std::string& what) {
    throw std::invalid_argument("voice_stream: " + what);
}

void check_queue(std::size_t size, const char* name) {
    if (size < 1 || size > voice_stream_options::max_queue_size)
        refuse_option(std::string{name} + " must be 1..65536");
}

std::unique_ptr<audio_encoder> first_encoder(const voice_stream_options& o) {
    if (o.codecs.empty()) refuse_option("codecs must have one at least");
    if (o.sender.ptime < milliseconds{1} || o.sender.ptime > milliseconds{120})
        refuse_option("sender.ptime must be 1..120 ms");
    if (o.source_timeout < duration::zero()) refuse_option("source_timeout must be 0 or more");
    if (o.pause_after && *o.pause_after < milliseconds{100})
        refuse_option("pause_after must be 100 ms or more");
    if (o.quiet_after && *o.quiet_after <= duration::zero())
        refuse_option("quiet_after must be more than 0");
    check_queue(o.audio_queue, "audio_queue");
    check_queue(o.event_queue, "event_queue");
    return o.codec_library.make_encoder(o.codecs.front().encoding, {.fmtp = o.codecs.front().fmtp});
}

std::size_t samples_of_tick(const voice_stream_options& o) {
    const std::int64_t billionths = o.sender.ptime.count() * o.playout.rate;
    if (billionths % 1'000'000'000 != 0)
        refuse_option("sender.ptime is no whole number of samples at playout.rate");
    return static_cast<std::size_t>(billionths / 1'000'000'000);
}

rtp_session_options session_of(const voice_stream_options& o, std::uint32_t clock_rate) {
    rtp_session_options session = o.session;
    session.clock_rate = clock_rate;
    if (session.cname.empty()) { // 96 random bits (RFC 7022 §4.2), 4 in a letter
        for (int word = 0; word != 3; ++word) {
            std::uint32_t bits = system_random32();
            for (int letter = 0; letter != 8; ++letter, bits >>= 4)
                session.cname += static_cast<char>('a' + (bits & 0xf));
        }
    }
    return session;
}

std::uint64_t random_seed() noexcept {
    return std::uint64_t{system_random32()} << 32 | system_random32();
}

/// A random origin, apart from the SSRC.
stream_origin origin_with(std::uint32_t ssrc) noexcept {
    stream_origin origin = stream_origin::draw(system_random32);
    origin.ssrc = ssrc;
    return origin;
}

/// The ticks of all streams of one ptime are in a few phases, so that a server serves many streams
/// in one wake-up.
time_point first_tick(time_point now, duration ptime, unsigned number) noexcept {
    constexpr duration step = milliseconds{1};
    const duration since = now.time_since_epoch();
    duration tick = since - since % ptime + step * (number % static_cast<unsigned>(ptime / step));
    if (tick < since) tick += ptime;
    return time_point{tick};
}

time_point later(time_point t, duration by) noexcept {
    return t > time_point::max() - by ? time_point::max() : t + by;
}

} // namespace

class voice_stream_impl::wake final : public completion {
public:
    explicit wake(std::weak_ptr<voice_stream_impl> of) noexcept : of_{std::move(of)} {}

    void call(pointer self) override {
        const auto stream = of_.lock();
        if (stream) stream->on_wake(std::unique_ptr<wake>{static_cast<wake*>(self.release())});
    }

private:
    std::weak_ptr<voice_stream_impl> of_;
};

class voice_stream_impl::end final : public completion {
public:
    ~end() override {
        if (of) of->discard(); // the executor's context is destroyed
    }
    void call(pointer self) override {
        const auto ended = std::move(of);
        self.reset();
        ended->on_finished();
    }

    std::shared_ptr<voice_stream_impl> of;
};

std::shared_ptr<voice_stream_impl> voice_stream_impl::make(std::shared_ptr<engine> home,
                                                           const voice_stream_options& options) {
    auto stream = std::make_shared<voice_stream_impl>(std::move(home), options);
    stream->wake_ = std::make_unique<wake>(stream);
    return stream;
}

voice_stream_impl::voice_stream_impl(std::shared_ptr<engine> home,
                                     const voice_stream_options& options)
    : voice_stream_impl{std::move(home), options, first_encoder(options), steady_clock::now()} {}

voice_stream_impl::voice_stream_impl(std::shared_ptr<engine> home,
                                     const voice_stream_options& options,
                                     std::unique_ptr<audio_encoder> encoder, time_point now)
    : engine_{std::move(home)},
      mux_{options.rtcp_mux},
      ptime_{options.sender.ptime},
      tick_samples_{samples_of_tick(options)},
      source_timeout_{options.source_timeout},
      pause_after_{options.pause_after},
      quiet_after_{options.quiet_after},
      audio_queue_{options.audio_queue},
      latching_{options.latch.latch != latch_policy::none},
      kernel_timestamps_{options.channel.kernel_timestamps},
      handlers_{options.on_audio, options.on_event},
      has_audio_handler_{options.on_audio != nullptr},
      has_event_handler_{options.on_event != nullptr},
      pcm_(tick_samples_),
      protection_{options.protection},
      plain_(options.protection ? largest_protected : 0),
      library_{options.codec_library},
      formats_{options, encoder->rates()},
      sent_clock_{encoder->rates().clock},
      heard_clock_{sent_clock_},
      session_{session_of(options, encoder->rates().clock), random_seed()},
      sender_{{.encoder = std::move(encoder),
               .payload_type = voice_formats::type_of(options.codecs.front()),
               .event_type = options.event_type,
               .noise_type = options.noise_type},
              origin_with(session_.ssrc()),
              first_tick(now, options.sender.ptime, engine_->next_phase()),
              options.sender},
      queued_rate_{options.sender.input_rate},
      play_rate_{options.sender.input_rate},
      playout_{options.playout},
      quality_{voice_formats::impairment(options.codecs.front())},
      wanted_{has_audio_handler_},
      digits_{heard_clock_},
      latch_{options.latch, options.peer},
      last_rtp_{now},
      events_{options.event_queue},
      end_{std::make_unique<end>()} {
    packet_.resize(sender_.max_packet() + protection_room);
    for (const voice_codec& codec : options.codecs)
        playout_.add_decoder(voice_formats::type_of(codec),
                             library_.make_decoder(codec.encoding, {.fmtp = codec.fmtp}));
    if (formats_.noise_type) playout_.add_comfort_noise(*formats_.noise_type);
    if (formats_.event_type) playout_.add_event(*formats_.event_type);
}

voice_stream_impl::~voice_stream_impl() = default;

void voice_stream_impl::set_protection(std::shared_ptr<packet_protection> protection) {
    std::vector<std::uint8_t> plain(protection ? largest_protected : 0);
    const std::lock_guard lock{lock_}; // released before what was replaced is destroyed
    if (plain.size() > plain_.size()) plain_.swap(plain);
    protection_.swap(protection);
}

void voice_stream_impl::ask(completions& done) noexcept {
    if (started_ && !closing_ && wake_) done.push(std::move(wake_));
}

void voice_stream_impl::on_wake(std::unique_ptr<wake> self) noexcept {
    {
        const std::lock_guard lock{lock_};
        wake_ = std::move(self);
    }
    schedule();
}

void voice_stream_impl::schedule() noexcept {
    time_point next = time_point::max();
    {
        const std::lock_guard lock{lock_};
        if (started_ && !closing_) {
            next = next_deadline();
            ticking_ = sends();
        }
    }
    if (next == time_point::max())
        client::cancel();
    else if (!client::armed() || next < client::deadline())
        engine_->timers()->arm(*this, next);
}

time_point voice_stream_impl::next_deadline() const noexcept {
    time_point next = session_.next_rtcp();
    if (sends()) next = std::min(next, sender_.due());
    if (pulling_) next = std::min(next, pull_due_);
    if (const auto end_of_digit = digits_.deadline()) next = std::min(next, *end_of_digit);
    if (quiet_after_ && !is_quiet_) next = std::min(next, later(last_rtp_, *quiet_after_));
    return next;
}

void voice_stream_impl::on_timer(time_point now) noexcept {
    const auto self = shared_from_this();
    on_send(now);
    on_pull(now);
    {
        completions done{engine_->completing()};
        const std::lock_guard lock{lock_};
        if (!closing_) watch(now, done);
    }
    on_report(now);
    on_events();
    schedule();
}

/// The report that is due; empty if there is none, or no peer.
std::span<const std::uint8_t> voice_stream_impl::report(time_point now,
                                                        std::span<std::uint8_t> storage) noexcept {
    const auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const auto made = session_.make_rtcp(now, ntp_time::from_unix(wall),
                                         storage.first(storage.size() - protection_room));
    if (!made || made->empty() || !has_peer_) return {};
    if (!protection_) return *made;
    const auto size = protection_->protect_rtcp(storage, made->size());
    if (size && *size <= storage.size()) return storage.first(*size);
    ++unsent_;
    return {};
}

void voice_stream_impl::on_report(time_point now) noexcept {
    std::array<std::uint8_t, largest_report + protection_room> storage;
    std::span<const std::uint8_t> bytes;
    {
        const std::lock_guard lock{lock_};
        if (closing_ || session_.next_rtcp() > now) return;
        bytes = report(now, storage);
    }
    if (!bytes.empty() && rtcp()->try_send(bytes)) ++unsent_;
}

bool voice_stream_impl::close(std::string_view reason) noexcept {
    if (engine_->inherited()) return close_channels(); // a thread of the parent may hold the lock
    std::array<std::uint8_t, largest_report + protection_room> storage;
    std::span<const std::uint8_t> bye;
    {
        const std::lock_guard lock{lock_};
        if (!std::exchange(closing_, true)) {
            const time_point now = steady_clock::now();
            session_.leave(now, reason);
            if (session_.next_rtcp() <= now) bye = report(now, storage);
        }
    }
    // Not known in a handler before start(), which closes it then.
    rtp_channel* const of_rtcp = rtcp();
    if (of_rtcp && !bye.empty() && of_rtcp->try_send(bye)) ++unsent_;
    return close_channels();
}

bool voice_stream_impl::close_channels() noexcept {
    rtp_channel* const of_rtcp = rtcp();
    if (of_rtcp && !mux_) of_rtcp->close();
    return rtp()->close();
}

void voice_stream_impl::close_inherited() noexcept {
    close_channels();
    abandon();
}

void voice_stream_impl::finish() noexcept {
    // In a child of fork(), threads that do not exist here may hold the locks.
    if (engine_->inherited()) return abandon();
    completions done{engine_->completing()};
    const std::lock_guard lock{lock_};
    closing_ = true;
    if (--feeds_ != 0) return; // the other channel's handler may still be called
    put_digits(digits_.finish(), done);
    done.push(std::move(plays_), error::operation_aborted);
    done.push(std::move(drains_), error::operation_aborted);
    done.push(std::move(reads_), error::operation_aborted);
    done.push(std::move(event_reads_), error::operation_aborted);
    if (!end_) return; // posted already, before the other channel was made
    end_->of = shared_from_this();
    done.push(std::move(end_));
}

void voice_stream_impl::on_finished() noexcept {
    client::cancel();
    bool was_made = false; // otherwise the channels, which a handler may use, are destroyed
    {
        const std::lock_guard lock{lock_};
        was_made = started_;
    }
    if (was_made) on_events();
    handlers_ = {};
}

/// Replaces on_finished() if the executor's context is destroyed.
void voice_stream_impl::discard() noexcept {
    client::cancel();
    handlers_ = {};
}

voice_stream_stats voice_stream_impl::stats() const noexcept {
    voice_stream_stats s;
    {
        const std::lock_guard lock{lock_};
        s = stats_;
        s.sender = sender_.stats();
        s.playout = playout_.stats();
        s.session = session_.stats();
        s.latch = latch_.stats();
        const rtp_source* const source = source_ ? session_.find(source_->ssrc) : nullptr;
        if (source && source->report()) s.round_trip_time = source->report()->round_trip_time;
    }
    s.unsent = unsent_;
    if (const rtp_channel* channel = rtp()) s.rtp = channel->stats();
    if (const rtp_channel* channel = rtcp(); channel && !mux_) s.rtcp = channel->stats();
    return s;
}

} // namespace rtpsynth::asio_server::detail
