#include "../audio/concealment.hpp"
#include "playout_state.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace rtpsynth {
namespace {

constexpr unsigned longest_tick_ms = 120;
constexpr unsigned concealed_ms = 60;                                 // before there is silence
constexpr std::int64_t small_excess = 60'000, large_excess = 200'000; // of delay, us

float mean_square(std::span<const std::int16_t> pcm) noexcept {
    std::int64_t sum = 0;
    for (const std::int16_t x : pcm) sum += std::int64_t{x} * x;
    return pcm.empty() ? 0 : static_cast<float>(sum) / static_cast<float>(pcm.size());
}

} // namespace

playout_kind playout::state::pull(time_point now, std::span<std::int16_t> pcm) noexcept {
    if (pcm.empty()) return playout_kind::silence; // no tick
    now_ = detail::to_us(now);
    tick_ = std::min(pcm.size(), samples(longest_tick_ms));
    kind_ = playout_kind::silence;
    unchanged_ = std::min(unchanged_ + tick_, samples(10000));
    limit_delay();
    fill(tick_);
    if (!idle_) adapt(tick_);
    const std::size_t taken = audio_.take(pcm.first(std::min(pcm.size(), tick_)));
    concealed_ -= std::min(concealed_, taken);
    concealed_ = std::min(concealed_, audio_.size());
    std::fill(pcm.begin() + static_cast<std::ptrdiff_t>(taken), pcm.end(), std::int16_t{0});
    ++stats_.ticks[static_cast<std::size_t>(kind_)];
    return kind_;
}

// The first kind in the order of the enumeration counts.
void playout::state::note(playout_kind kind) noexcept { kind_ = std::min(kind_, kind); }

// Decodes, conceals or pauses until so much audio can be pulled.
void playout::state::fill(std::size_t needed) noexcept {
    if (audio_.size() != 0) note(playout_kind::speech);
    if (concealed_ != 0) note(playout_kind::concealed);
    if (!audio_.reserve(needed)) return;
    while (audio_.size() < needed) {
        if (store_.empty()) {
            if (idle_)
                quiet(needed - audio_.size());
            else
                starve(needed - audio_.size());
            continue;
        }
        const detail::waiting_packet& next = store_.front();
        if (next.samples == 0 && (idle_ || follows(next) || next.position <= end_))
            pass(next);
        else if (idle_)
            fill_idle(needed);
        else
            fill_before(next, needed);
    }
}

// Between talkspurts the next packet waits until its time has come.
void playout::state::fill_idle(std::size_t needed) noexcept {
    const detail::waiting_packet& next = store_.front();
    const std::int64_t due = numbering_.microseconds(next.position) + delay_.wanted();
    // Within the tick, the nearest sample.
    const std::int64_t late = now_ + microseconds(audio_.size()) - due;
    if (late < 0) {
        quiet(needed - audio_.size());
        return;
    }
    idle_ = false;
    end_ = next.position;
    concealer_.interrupt();
    delay_.forget_schedule();
    limit_delay();
}

void playout::state::fill_before(const detail::waiting_packet& next, std::size_t needed) noexcept {
    const std::int64_t gap = next.position - end_;
    const std::size_t n = needed - audio_.size();
    if (follows(next) && gap > 0) {
        // Nothing is missing. A sender that rounds is not one that pauses.
        if (is_rounding(gap))
            play(0, static_cast<std::size_t>(gap));
        else
            pause();
    } else if (gap > 0 && (noise_ || event_)) {
        pause();
    } else if (next.samples == 0) {
        starve(static_cast<std::size_t>(std::min(gap, static_cast<std::int64_t>(n))));
    } else if (gap > static_cast<std::int64_t>(n) &&
               gap + static_cast<std::int64_t>(gap_) >
                   static_cast<std::int64_t>(samples(concealed_ms))) {
        starve(n);
    } else if (gap >= 0) {
        play(static_cast<std::size_t>(gap));
    } else if (-gap < static_cast<std::int64_t>(next.samples)) {
        play(0);
    } else if (next.transit <= delay_.wanted() && -gap <= static_cast<std::int64_t>(gap_)) {
        end_ = next.position; // what was concealed comes after all: the delay grows
        delay_.forget_schedule();
    } else {
        leave(stats_.late);
    }
}

// Decodes the next packet, \p gap samples behind the end: these are concealed, from both sides. A
// decoder that resamples may have up to \p more samples left of the packets before.
void playout::state::play(std::size_t gap, std::size_t more) noexcept {
    const detail::waiting_packet next = store_.front();
    format* const f = find(next.payload_type);
    const std::span<const std::uint8_t> payload = store_.payload(next);
    audio_decoder* const decoder = f ? f->decoder.get() : nullptr;
    // What is ahead of it is pulled first.
    const std::int64_t pulled = now_ + microseconds((audio_.size() + gap) / tick_ * tick_);
    const std::span<std::int16_t> room = audio_.append(gap + next.samples + more);
    if (!decoder || room.size() != gap + next.samples + more) {
        audio_.drop_back(room.size());
        leave(stats_.discarded);
        return;
    }
    const bool is_restart = next.stream != stream_;
    const bool is_other = decoder_ != decoder; // or the first, or one that was replaced
    const bool is_continued =
        !is_restart && !is_other && (gap != 0 || gap_ != 0 || continues(next));
    const std::span<std::int16_t> before = room.first(gap);
    std::span<std::int16_t> pcm = room.subspan(gap);
    const std::size_t concealed_end = audio_.size() - pcm.size();
    const bool is_concealed = gap == 0 ||
                              (!is_restart && decoder == decoder_ &&
                               detail::recover(*decoder, concealer_, payload, before)) ||
                              (decoder_ && detail::conceal(*decoder_, concealer_, before));
    if (is_restart) {
        for (const format& other : formats_)
            if (other.decoder) other.decoder->reset();
        stream_ = next.stream;
    }
    if (!is_continued) decoder->interrupt();
    const auto decoded = decoder->decode(payload, pcm);
    if (gap != 0) {
        note(playout_kind::concealed);
        concealed_ = concealed_end;
    }
    if (!decoded || *decoded < next.samples || *decoded > pcm.size()) {
        if (!is_concealed) concealer_.conceal(before);
        audio_.drop_back(pcm.size());
        gap_ += gap;
        end_ += static_cast<std::int64_t>(gap);
        leave(stats_.discarded);
        return;
    }
    audio_.drop_back(pcm.size() - *decoded);
    pcm = pcm.first(*decoded);
    if (!is_concealed) detail::conceal(*decoder, concealer_, before, pcm);
    // A beginning that was concealed is not played again. Where nothing was, a timestamp is wrong.
    std::size_t cut = 0;
    if (end_ > next.position && (gap_ != 0 || !follows(next)))
        cut = static_cast<std::size_t>(end_ - next.position);
    if (is_concealed && (!is_continued || (cut != 0 && decoder->conceals())))
        concealer_.interrupt();
    concealer_.receive(pcm.subspan(cut));
    if (cut != 0) {
        std::copy(pcm.begin() + static_cast<std::ptrdiff_t>(cut), pcm.end(), pcm.begin());
        audio_.drop_back(cut);
    }
    last_loudness_ = mean_square(pcm.first(pcm.size() - cut));
    loudness_ = std::max(0.99F * loudness_, last_loudness_);
    end_ = next.position + std::int64_t{next.samples};
    decoder_ = decoder;
    gap_ = 0;
    noise_ = event_ = false;
    note(playout_kind::speech);
    // A beginning that was concealed came too late for the tick that it was due in.
    const std::int64_t due = pulled - microseconds((cut + tick_ - 1) / tick_ * tick_);
    delay_.scheduled(due - numbering_.microseconds(next.position));
    // With a clock that goes backwards any time may come.
    constexpr std::int64_t hour = 3'600'000'000;
    stats_.delay =
        std::chrono::microseconds(std::clamp<std::int64_t>(pulled - next.arrival, 0, hour));
    delay_sum_ += static_cast<double>(stats_.delay.count()) / 1000;
    ++delay_count_;
    pass(next);
}

// Takes the next packet out: it was played, or has no audio. Of an event there is only the number
// to go by, which may be wrong: what is missing before it may come yet.
void playout::state::pass(const detail::waiting_packet& packet) noexcept {
    const format* const f = find(packet.payload_type);
    const bool is_played = packet.samples != 0;
    const bool is_timed = is_played || (f && f->what == use::comfort_noise);
    const bool is_known = f && (is_played || f->what != use::media);
    if (f && f->what == use::comfort_noise) {
        noise_ = true;
        const auto described = comfort_noise::parse(store_.payload(packet));
        generator_.set(described ? *described : comfort_noise{});
    }
    if (f && f->what == use::event) event_ = true;
    ++(is_known ? stats_.played : stats_.discarded);
    if (is_timed || follows(packet)) {
        const std::int64_t ahead = packet.lseq - last_;
        passed_ = (ahead < 64 ? passed_ << ahead : 0) | 1;
        // What is missing before noise is still missing behind it.
        is_missing_ = !is_known || (!is_played && !follows(packet));
        last_ = packet.lseq;
    }
    store_.pop_front();
}

// Takes the next packet out unplayed; what it would have been is missing.
void playout::state::leave(std::uint64_t& counter) noexcept {
    const detail::waiting_packet next = store_.front();
    ++counter;
    passed_ = next.lseq - last_ < 64 ? passed_ << (next.lseq - last_) : 0;
    last_ = next.lseq;
    is_missing_ = true;
    store_.pop_front();
}

// There is no packet for the next \p n samples.
void playout::state::starve(std::size_t n) noexcept {
    if (noise_ || event_) {
        pause(); // the sender said so
        return;
    }
    if (gap_ == 0 && store_.empty()) ++stats_.underruns;
    if (gap_ >= samples(concealed_ms)) {
        pause();
        return;
    }
    const std::span<std::int16_t> pcm = audio_.append(n);
    if (!decoder_ || !detail::conceal(*decoder_, concealer_, pcm)) concealer_.conceal(pcm);
    gap_ += n;
    end_ += static_cast<std::int64_t>(n);
    note(playout_kind::concealed);
}

// The talkspurt ends: 5 ms of what would have followed fade away.
void playout::state::pause() noexcept {
    const std::span<std::int16_t> pcm = audio_.append(samples(5));
    // A decoder whose audio lags has the end of the talkspurt still.
    if (gap_ != 0 || !decoder_ || !detail::conceal(*decoder_, concealer_, pcm))
        concealer_.conceal(pcm);
    if (decoder_) decoder_->interrupt();
    idle_ = true;
    gap_ = 0;
    for (std::size_t i = 0; i < pcm.size(); ++i)
        pcm[i] = static_cast<std::int16_t>(pcm[i] * static_cast<int>(pcm.size() - i) /
                                           static_cast<int>(pcm.size()));
    concealer_.reset();
}

// \p n samples of a pause. The talkspurt behind it is faded in over 5 to 10 ms.
void playout::state::quiet(std::size_t n) noexcept {
    const std::span<std::int16_t> pcm = audio_.append(n);
    concealer_.conceal(pcm);
    if (!noise_) return;
    note(playout_kind::comfort_noise);
    generator_.generate(pcm);
}

// Leaves out what would keep a packet waiting for longer than max_delay and two ticks, of which
// packets that are not as long as ticks need the second: what is missing before the next
// packet, or was a pause, then packets, of which the last stays.
void playout::state::limit_delay() noexcept {
    if (idle_ || store_.empty()) return;
    constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
    std::int64_t quickest = none;
    for (const detail::waiting_packet& p : store_.all())
        if (p.samples != 0) quickest = std::min(quickest, p.transit);
    if (quickest == none) return;
    const std::int64_t most = quickest + delay_.max_delay() + microseconds(2 * tick_);
    bool is_cut = false;
    for (;; is_cut = true) {
        const detail::waiting_packet& next = store_.front();
        const std::int64_t pulled = now_ + microseconds(audio_.size() / tick_ * tick_);
        const std::int64_t excess = pulled - numbering_.microseconds(end_) - most;
        if (excess <= 0) break;
        if (end_ < next.position) {
            const std::int64_t gap = numbering_.microseconds(next.position - end_);
            const std::int64_t left_out = std::min(excess, gap) * options_.rate / 1'000'000 + 1;
            end_ = std::min(next.position, end_ + left_out);
        } else if (store_.size() > 1) {
            end_ = std::max(end_, next.position + std::int64_t{next.samples});
            leave(stats_.discarded);
        } else {
            break;
        }
    }
    if (!is_cut) return;
    delay_.forget_schedule();
    concealer_.interrupt();
    if (decoder_) decoder_->interrupt();
}

// Decodes more of what follows without a gap, until there are \p n samples.
void playout::state::look_ahead(std::size_t n) noexcept {
    while (audio_.size() < n && !store_.empty()) {
        const detail::waiting_packet& next = store_.front();
        const std::int64_t gap = next.position - end_;
        if (next.samples == 0 || !follows(next) || gap < 0 || !is_rounding(gap)) return;
        play(0, static_cast<std::size_t>(gap));
    }
}

// Makes the delay longer or shorter, where nobody will hear it.
void playout::state::adapt(std::size_t needed) noexcept {
    const std::int64_t excess = delay_.excess();
    const std::int64_t tick = microseconds(needed);
    const bool shrink = excess >= tick;
    if (!shrink && excess >= 0) {
        // How long it is after a change is known later; another may be needed.
        if (unchanged_ > samples(1000)) wished_ = 0;
        return;
    }
    wished_ += needed;
    const bool is_quiet = last_loudness_ * 300 < loudness_ || last_loudness_ < 900;
    if (unchanged_ < samples(is_quiet ? 20 : 100)) return;
    // A change is heard. What the network needs again soon is not worth one, and in a good place
    // hardly anybody notices: such a place is waited for unless much would be left out.
    if (shrink && excess < small_excess && wished_ < samples(1000)) return;
    const std::size_t patience = shrink && excess < large_excess ? samples(2000) : 0;
    if (!is_quiet && wished_ < patience) return;
    // The longer there was no good place, the less good it may be.
    const float waited = static_cast<float>(wished_ - std::min(wished_, patience));
    const float likeness =
        is_quiet ? 0 : std::max(0.0F, 0.8F - waited / static_cast<float>(samples(500)));
    if (shrink) look_ahead(needed + samples(28));
    if (audio_.size() < needed) return;
    const std::size_t stride = std::max<std::size_t>(options_.rate / 8000, 1);
    const std::int64_t whole_ticks = shrink ? excess / tick * tick : 20'000;
    const std::size_t longest =
        std::min(samples(20), static_cast<std::size_t>(whole_ticks * options_.rate / 1'000'000));
    const std::size_t shortest = samples(shrink && excess > 60'000 ? 14 : 3);
    if (shrink && audio_.size() < needed + longest) return;
    const std::size_t changed = shrink ? audio_.shorten(shortest, longest, stride, likeness)
                                       : audio_.lengthen(shortest, longest, stride, likeness);
    if (changed == 0) return;
    ++(shrink ? stats_.shrunk : stats_.grown);
    note(shrink ? playout_kind::compressed : playout_kind::stretched);
    unchanged_ = 0;
    if (!shrink) wished_ = 0;
    delay_.changed(shrink ? microseconds(changed) + tick : 0);
}

playout::playout(const playout_options& options) : state_(std::make_unique<state>(options)) {}
playout::playout(playout&&) noexcept = default;
playout& playout::operator=(playout&&) noexcept = default;
playout::~playout() = default;

void playout::add_decoder(std::uint8_t payload_type, std::unique_ptr<audio_decoder> decoder) {
    state_->add(payload_type, state::use::media, std::move(decoder));
}
void playout::add_comfort_noise(std::uint8_t payload_type) {
    state_->add(payload_type, state::use::comfort_noise, nullptr);
}
void playout::add_event(std::uint8_t payload_type) {
    state_->add(payload_type, state::use::event, nullptr);
}
void playout::insert(const rtp_packet_view& packet, time_point arrival) noexcept {
    state_->insert(packet, arrival);
}
result<void> playout::insert(std::span<const std::uint8_t> datagram, time_point arrival) noexcept {
    rtp_packet_view packet;
    if (const errc e = packet.assign(datagram.data(), datagram.size()); e != errc{}) return e;
    state_->insert(packet, arrival);
    return {};
}
playout_kind playout::pull(time_point now, std::span<std::int16_t> pcm) noexcept {
    return state_->pull(now, pcm);
}
playout_stats playout::stats() const noexcept { return state_->stats(); }
const playout_options& playout::options() const noexcept { return state_->options(); }

} // namespace rtpsynth
