#include <rtpsynth/audio/voice_sender.hpp>

#include <rtpsynth/audio/comfort_noise.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rtpsynth {
namespace {

[[noreturn]] void refuse(const std::string& what) {
    throw std::invalid_argument("rtpsynth::voice_sender: " + what);
}

// The difference of any two times.
std::uint64_t ns_between(time_point from, time_point to) noexcept {
    return static_cast<std::uint64_t>(to.time_since_epoch().count()) -
           static_cast<std::uint64_t>(from.time_since_epoch().count());
}

const voice_sender_options& checked_sender(const voice_sender_options& o) {
    if (o.ptime < std::chrono::milliseconds(1) || o.ptime > std::chrono::milliseconds(200))
        refuse("ptime must be in 1..200 ms");
    if (o.noise_level > 127) refuse("noise_level must be in 0..127");
    if (o.noise_interval < o.ptime) refuse("noise_interval must be at least a tick");
    if (o.max_burst == 0) refuse("max_burst must be at least 1");
    return o;
}

std::size_t samples_in(duration ptime, std::uint32_t rate) {
    const std::uint64_t billionths = static_cast<std::uint64_t>(ptime.count()) * rate;
    if (billionths % 1'000'000'000 != 0)
        refuse("ptime is not a whole number of samples at " + std::to_string(rate) + " Hz");
    return static_cast<std::size_t>(billionths / 1'000'000'000);
}

play_queue_options queue_options(const voice_sender_options& o, std::uint32_t rate) {
    return {.rate = rate,
            .input_rate = o.input_rate,
            .capacity = o.capacity,
            .item_timeout = o.item_timeout};
}

} // namespace

class voice_sender::state {
    // The buffer for a tick of a codec.
    struct encoding {
        encoding(const sender_codec& codec, const voice_sender_options& o) {
            if (!codec.encoder) refuse("encoder must not be null");
            for (const auto type :
                 {std::optional(codec.payload_type), codec.event_type, codec.noise_type})
                if (type && *type > 127) refuse("payload types must be in 0..127");
            if (o.idle == idle_policy::comfort_noise && !codec.noise_type)
                refuse("noise_type must be set for idle_policy::comfort_noise");
            pcm.resize(samples_in(o.ptime, codec.encoder->rates().audio));
            const std::size_t payload = codec.encoder->max_payload(pcm.size());
            std::vector<std::uint8_t> trial(payload);
            if (payload > max_payload_size || !codec.encoder->encode(pcm, trial))
                refuse("ptime must be a packet length of the codec");
            codec.encoder->reset();
            max_packet = rtp_header_size + std::max(payload, telephone_event_size);
        }

        std::vector<std::int16_t> pcm;
        std::size_t max_packet = 0;
    };

public:
    state(sender_codec codec, const stream_origin& origin, time_point start,
          const voice_sender_options& o)
        : options_(checked_sender(o)),
          codec_(std::move(codec)),
          encoding_(codec_, o),
          queue_(queue_options(o, codec_.encoder->rates().audio)),
          synth_(codec_.encoder->rates().clock, o.ptime, origin),
          due_(start) {}

    result<void> send_digits(std::string_view digits, const digit_timing& timing) noexcept;
    bool sends_digits() const noexcept { return digits_ && digits_->busy(); }
    result<sent_tick> next(time_point now, std::span<std::uint8_t> out) noexcept;
    void swap_codec(sender_codec& codec, const stream_origin& origin);
    void restart(const stream_origin& origin) noexcept;

    play_queue& queue() noexcept { return queue_; }
    time_point due() const noexcept { return due_; }
    std::size_t max_packet() const noexcept { return encoding_.max_packet; }
    bool idle() const noexcept { return was_idle_ && queue_.idle() && !sends_digits(); }
    const packet_synth& synth() const noexcept { return synth_; }
    const voice_sender_options& options() const noexcept { return options_; }
    voice_sender_stats stats() const noexcept {
        voice_sender_stats s = stats_;
        s.dry_runs = queue_.dry_runs();
        return s;
    }

private:
    void pass_over(std::uint64_t ticks) noexcept {
        synth_.skip(static_cast<std::size_t>(ticks));
        due_ += options_.ptime * static_cast<std::int64_t>(ticks);
        noise_left_ = {};
        is_pause_ = true;
    }
    void catch_up(std::uint64_t behind) noexcept;
    std::size_t write_event(time_point now, std::span<std::uint8_t> out) noexcept;
    std::size_t write_audio(time_point now, bool is_silence, std::span<std::uint8_t> out) noexcept;
    std::size_t write_noise(time_point now, std::span<std::uint8_t> out) noexcept;
    std::size_t write(time_point now, std::size_t payload_size, std::uint8_t type, bool marker,
                      std::span<std::uint8_t> out) noexcept;
    sent_tick write_any(time_point now, bool has_audio, std::span<std::uint8_t> out) noexcept;

    voice_sender_options options_;
    sender_codec codec_;
    encoding encoding_;
    play_queue queue_;
    packet_synth synth_;
    std::unique_ptr<telephone_event_sender> digits_; // made at the first digit
    std::uint32_t digits_clock_ = 0; // added to their timestamps, gives the stream's
    time_point due_;
    duration noise_left_{}; // until comfort noise is sent again
    bool is_first_ = true;  // the next packet is the first of the stream
    bool is_pause_ = true;  // the previous packet had no audio, or was not sent
    bool was_idle_ = false; // idle() was true after the last tick
    voice_sender_stats stats_;
};

result<void> voice_sender::state::send_digits(std::string_view digits,
                                              const digit_timing& timing) noexcept {
    if (!codec_.event_type) return errc::invalid_argument;
    try {
        if (!digits_) digits_ = std::make_unique<telephone_event_sender>(synth_.clock_rate());
    } catch (const std::bad_alloc&) {
        return errc::not_enough_memory;
    }
    return digits_->queue(digits, timing);
}

result<sent_tick> voice_sender::state::next(time_point now, std::span<std::uint8_t> out) noexcept {
    if (out.size() < max_packet()) return errc::buffer_too_small;
    if (now < due_) return sent_tick{};
    const auto ptime = static_cast<std::uint64_t>(options_.ptime.count());
    if (const std::uint64_t behind = ns_between(due_, now) / ptime) catch_up(behind);

    const std::size_t waited = queue_.waiting();
    const pulled_audio pulled = queue_.pull(encoding_.pcm);
    sent_tick tick = write_any(now, pulled.samples != 0, out);
    tick.ended = pulled.ended;
    if (tick.size == 0) synth_.skip(1);
    due_ += options_.ptime;
    noise_left_ -= options_.ptime;
    was_idle_ = options_.idle == idle_policy::nothing && queue_.idle() && !sends_digits();

    ++stats_.ticks[static_cast<std::size_t>(tick.kind)];
    if (tick.size != 0) stats_.payload_bytes += tick.size - rtp_header_size;
    stats_.samples += waited - queue_.waiting();
    stats_.items += tick.ended.size();
    return tick;
}

// Counts a late caller and skips missed ticks. `behind` ticks are due in addition to the first one.
void voice_sender::state::catch_up(std::uint64_t behind) noexcept {
    if (was_idle_) return pass_over(behind); // next() need not be called while idle
    ++stats_.late;
    const std::uint64_t most = options_.max_burst - 1;
    if (behind <= most) return;
    stats_.missed += behind - most;
    pass_over(behind - most);
}

sent_tick voice_sender::state::write_any(time_point now, bool has_audio,
                                         std::span<std::uint8_t> out) noexcept {
    std::size_t size = 0;
    if (sends_digits()) size = write_event(now, out);
    if (size != 0) return {sent_kind::event, size};

    sent_kind kind = sent_kind::audio;
    if (has_audio) {
        size = write_audio(now, false, out);
        noise_left_ = {};
    } else if (options_.idle == idle_policy::silence) {
        kind = sent_kind::silence;
        size = write_audio(now, true, out);
    } else {
        is_pause_ = true;
        kind = sent_kind::comfort_noise;
        if (options_.idle == idle_policy::comfort_noise && noise_left_ <= duration::zero())
            size = write_noise(now, out);
    }
    return {size != 0 ? kind : sent_kind::nothing, size};
}

std::size_t voice_sender::state::write_event(time_point now, std::span<std::uint8_t> out) noexcept {
    packet_synth after = synth_;
    after.skip(1);
    const std::uint32_t timestamp = synth_.next_position().timestamp;
    const auto packet =
        digits_->next(timestamp - digits_clock_, after.next_position().timestamp - timestamp);
    if (!packet) return 0;
    packet->event.store(out.subspan(rtp_header_size).first<telephone_event_size>());
    const std::size_t size =
        write(now, telephone_event_size, *codec_.event_type, packet->marker, out);
    detail::store_be32(out.data() + 4, packet->timestamp + digits_clock_);
    return size;
}

std::size_t voice_sender::state::write_audio(time_point now, bool is_silence,
                                             std::span<std::uint8_t> out) noexcept {
    audio_encoder& encoder = *codec_.encoder;
    const auto payload = encoder.encode(encoding_.pcm, out.subspan(rtp_header_size));
    if (!payload) {
        encoder.reset();
        ++stats_.failed;
    }
    if (!payload || *payload == 0) {
        is_pause_ = true;
        return 0;
    }
    const bool marker = is_silence ? is_first_ : is_pause_;
    if (marker) is_pause_ = false;
    return write(now, *payload, codec_.payload_type, marker, out);
}

std::size_t voice_sender::state::write_noise(time_point now, std::span<std::uint8_t> out) noexcept {
    const comfort_noise noise{.level = options_.noise_level};
    const auto payload = noise.store(out.subspan(rtp_header_size));
    noise_left_ = options_.noise_interval;
    return write(now, *payload, *codec_.noise_type, false, out);
}

// Writes the header. The payload is in place, and there is room for the header.
std::size_t voice_sender::state::write(time_point now, std::size_t payload_size, std::uint8_t type,
                                       bool marker, std::span<std::uint8_t> out) noexcept {
    synth_.set_marker(marker);
    is_first_ = false;
    return *synth_.stamp(now, {.payload_size = payload_size, .payload_type = type}, out);
}

void voice_sender::state::swap_codec(sender_codec& codec, const stream_origin& origin) {
    encoding changed(codec, options_);
    const codec_rates rates = codec.encoder->rates();
    packet_synth synth(rates.clock, options_.ptime, origin);
    if (rates.audio != queue_.options().rate) queue_.set_rate(rates.audio);
    encoding_ = std::move(changed);
    std::swap(codec_, codec);
    if (!codec_.event_type || rates.clock != synth_.clock_rate()) digits_.reset();
    if (rates.clock == synth_.clock_rate()) return;
    synth_ = synth;
    is_first_ = is_pause_ = true;
    noise_left_ = {};
}

void voice_sender::state::restart(const stream_origin& origin) noexcept {
    const std::uint32_t before = synth_.next_position().timestamp;
    synth_ = packet_synth(synth_.clock_rate(), options_.ptime, origin);
    digits_clock_ += origin.timestamp - before;
    is_first_ = is_pause_ = true;
    noise_left_ = {};
}

voice_sender::voice_sender(sender_codec codec, const stream_origin& origin, time_point start,
                           const voice_sender_options& options)
    : state_(std::make_unique<state>(std::move(codec), origin, start, options)) {}
voice_sender::voice_sender(voice_sender&&) noexcept = default;
voice_sender& voice_sender::operator=(voice_sender&&) noexcept = default;
voice_sender::~voice_sender() = default;

result<std::size_t> voice_sender::push(std::span<const std::int16_t> pcm,
                                       std::uint64_t item) noexcept {
    return state_->queue().push(pcm, item);
}
void voice_sender::end_item() noexcept { state_->queue().end_item(); }
std::size_t voice_sender::room() const noexcept { return state_->queue().room(); }
std::size_t voice_sender::waiting() const noexcept { return state_->queue().waiting(); }
std::optional<played_item> voice_sender::clear() noexcept { return state_->queue().clear(); }
void voice_sender::set_input_rate(std::uint32_t hz) { state_->queue().set_input_rate(hz); }
result<void> voice_sender::send_digits(std::string_view digits,
                                       const digit_timing& timing) noexcept {
    return state_->send_digits(digits, timing);
}
bool voice_sender::sends_digits() const noexcept { return state_->sends_digits(); }
time_point voice_sender::due() const noexcept { return state_->due(); }
std::size_t voice_sender::max_packet() const noexcept { return state_->max_packet(); }
result<sent_tick> voice_sender::next(time_point now, std::span<std::uint8_t> out) noexcept {
    return state_->next(now, out);
}
bool voice_sender::idle() const noexcept { return state_->idle(); }
void voice_sender::set_codec(sender_codec codec, const stream_origin& origin) {
    state_->swap_codec(codec, origin);
}
void voice_sender::swap_codec(sender_codec& codec, const stream_origin& origin) {
    state_->swap_codec(codec, origin);
}
void voice_sender::restart(const stream_origin& origin) noexcept { state_->restart(origin); }
stream_position voice_sender::next_position() const noexcept {
    return state_->synth().next_position();
}
std::uint32_t voice_sender::ssrc() const noexcept { return state_->synth().ssrc(); }
voice_sender_stats voice_sender::stats() const noexcept { return state_->stats(); }
const voice_sender_options& voice_sender::options() const noexcept { return state_->options(); }

} // namespace rtpsynth
