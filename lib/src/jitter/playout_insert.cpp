#include "playout_state.hpp"

#include <rtpsynth/audio/resampled_decoder.hpp>

#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>
#include <string>

namespace rtpsynth {
namespace {

using detail::to_us;

constexpr duration longest_delay = std::chrono::seconds(10);

const playout_options& checked(const playout_options& o) {
    const auto refuse = [](const char* what) {
        throw std::invalid_argument(std::string("rtpsynth::playout: ") + what);
    };
    if (o.rate < packet_loss_concealer::min_rate || o.rate > packet_loss_concealer::max_rate)
        refuse("rate must be 8000..96000 Hz");
    if (o.initial_delay < duration::zero() || o.initial_delay > longest_delay)
        refuse("initial_delay must be 0..10 s");
    if (o.min_delay < duration::zero() || o.min_delay > longest_delay)
        refuse("min_delay must be 0..10 s");
    if (o.max_delay < o.min_delay || o.max_delay > longest_delay)
        refuse("max_delay must be min_delay..10 s");
    if (!(o.late_target >= 0 && o.late_target <= 0.1)) refuse("late_target must be 0..0.1");
    return o;
}

constexpr std::size_t longest_packet_ms = 120;

// Twice what L16 of the highest rate takes in max_delay, and what packets of different lengths
// waste in equal slots.
std::size_t most_bytes(const playout_options& o) noexcept {
    const auto us = static_cast<std::uint64_t>(to_us(o.max_delay));
    return static_cast<std::size_t>(std::uint64_t{4} * std::max(o.rate, 48000U) * us / 1'000'000) +
           std::size_t{256} * 1024;
}

} // namespace

playout::state::state(const playout_options& o)
    : options_(checked(o)),
      numbering_(o.rate),
      store_(most_bytes(o)),
      delay_(to_us(o.initial_delay), to_us(o.min_delay), to_us(o.max_delay), o.late_target),
      concealer_(o.rate) {}

void playout::state::add(std::uint8_t payload_type, use what,
                         std::unique_ptr<audio_decoder> decoder) {
    if (payload_type > 127)
        throw std::invalid_argument("rtpsynth::playout: payload type must be 0..127");
    if (what == use::media && !decoder)
        throw std::invalid_argument("rtpsynth::playout: decoder must not be null");
    if (decoder) decoder = resampled_decoder(std::move(decoder), options_.rate);
    if (format* const f = find(payload_type)) {
        if (decoder_ == f->decoder.get()) decoder_ = nullptr;
        *f = {payload_type, what, std::move(decoder)};
    } else {
        formats_.push_back({payload_type, what, std::move(decoder)});
    }
}

playout::state::format* playout::state::find(std::uint8_t payload_type) noexcept {
    for (format& f : formats_)
        if (f.payload_type == payload_type) return &f;
    return nullptr;
}

// Of comfort noise with which a stream begins, it is the clock of the audio before it.
std::uint32_t playout::state::clock_of(const format* f) const noexcept {
    if (f->decoder) return f->decoder->rates().clock;
    for (const format& g : formats_)
        if (g.decoder && (!decoder_ || g.decoder.get() == decoder_))
            return g.decoder->rates().clock;
    return options_.rate;
}

std::size_t playout::state::samples_of(const format* f,
                                       std::span<const std::uint8_t> payload) const noexcept {
    if (!f || !f->decoder) return 0;
    // Of L16 with two channels, or of opus at its highest rate.
    const std::size_t clock = f->decoder->rates().clock;
    const std::size_t longest = std::max<std::size_t>(4 * clock * longest_packet_ms / 1000, 8192);
    if (payload.size() > longest) return 0;
    const auto n = f->decoder->samples(payload);
    return n && *n <= samples(longest_packet_ms) ? *n : 0;
}

void playout::state::insert(const rtp_packet_view& packet, time_point arrival) noexcept {
    ++stats_.received;
    const std::int64_t now = to_us(arrival);
    if (keep(packet, now)) {
        if (suspect_.is_held) ++stats_.discarded;
        suspect_.is_held = false;
        return;
    }
    if (is_former(packet, now)) {
        ++stats_.late;
        return;
    }
    rtp_packet_view before;
    if (suspect_.is_held &&
        before.assign(suspect_.datagram.data(), suspect_.datagram.size()) == errc{} &&
        before.ssrc() == packet.ssrc() && seq_distance(packet.seq(), before.seq()) == 1) {
        suspect_.is_held = false;
        restart(before, suspect_.arrival);
        if (keep(packet, now)) return;
    }
    hold(packet, now);
}

// Whether the packet is a late one of the stream before the last restart.
bool playout::state::is_former(const rtp_packet_view& packet, std::int64_t now) const noexcept {
    const int behind = seq_distance(former_.seq, packet.seq());
    return stats_.restarts != 0 && now - former_.end < 2'000'000 && packet.ssrc() == former_.ssrc &&
           behind >= 0 && behind < 100;
}

// False if the packet does not fit the stream.
bool playout::state::keep(const rtp_packet_view& packet, std::int64_t arrival) noexcept {
    const format* const f = find(packet.payload_type());
    const bool is_timed = f && (f->what == use::media || f->what == use::comfort_noise);
    if (!numbering_.has_begun()) {
        if (!is_timed) {
            ++stats_.discarded;
            return true;
        }
        restart(packet, arrival);
        return true;
    }
    if (is_timed) {
        const std::uint32_t clock = f->decoder ? f->decoder->rates().clock : 0;
        const auto place = numbering_.place(packet, clock, samples_of(f, packet.payload()),
                                            end_of_stream(), arrival);
        if (!place) return false;
        store(packet, *place, arrival);
        return true;
    }
    const auto lseq = numbering_.number(packet);
    if (!lseq) return false;
    numbering_.pass(*lseq);
    store(packet, {*lseq, end_before(*lseq), 0}, arrival);
    return true;
}

void playout::state::store(const rtp_packet_view& packet, const detail::packet_place& place,
                           std::int64_t arrival) noexcept {
    const format* const f = find(packet.payload_type());
    const std::size_t length = samples_of(f, packet.payload());
    if ((has_last_ && place.lseq <= last_) || store_.contains(place.lseq)) {
        const std::int64_t ago = last_ - place.lseq;
        const bool known = !has_last_ || ago < 0 || (ago < 64 && (passed_ >> ago & 1) != 0);
        ++(known ? stats_.duplicate : stats_.late);
        if (!known && length != 0) delay_.arrived(arrival, place.transit);
        return;
    }
    if (length != 0) delay_.arrived(arrival, place.transit);
    const detail::waiting_packet entry{place.lseq,
                                       place.position,
                                       place.transit,
                                       arrival,
                                       static_cast<std::uint32_t>(length),
                                       0,
                                       static_cast<std::uint32_t>(stats_.restarts),
                                       0,
                                       packet.payload_type(),
                                       packet.marker()};
    // Nothing else is read of a packet without audio.
    std::span<const std::uint8_t> payload = packet.payload();
    if (length == 0)
        payload = payload.first(f && f->what == use::comfort_noise
                                    ? std::min(payload.size(), comfort_noise::max_order + 1)
                                    : 0);
    if (!store_.insert(entry, payload)) ++stats_.discarded;
}

void playout::state::hold(const rtp_packet_view& packet, std::int64_t arrival) noexcept {
    if (suspect_.is_held) ++stats_.discarded;
    const auto bytes = packet.datagram();
    try {
        suspect_.datagram.assign(bytes.begin(), bytes.end());
    } catch (const std::bad_alloc&) {
        suspect_.is_held = false;
        ++stats_.discarded;
        return;
    }
    suspect_.arrival = arrival;
    suspect_.is_held = true;
}

// Behind everything that is inside or was played.
std::int64_t playout::state::end_of_stream() const noexcept {
    return std::max(end_, numbering_.end());
}

// Behind what comes before the packet with this number.
std::int64_t playout::state::end_before(std::int64_t lseq) const noexcept {
    const detail::waiting_packet* const before = store_.before(lseq);
    return before ? std::max(end_, before->position + std::int64_t{before->samples}) : end_;
}

// A stream begins with \p first. What is left of the one before it is played first.
void playout::state::restart(const rtp_packet_view& first, std::int64_t arrival) noexcept {
    const bool is_first = !numbering_.has_begun();
    if (!is_first) {
        ++stats_.restarts;
        former_ = {numbering_.ssrc(), static_cast<std::uint16_t>(numbering_.newest()), arrival};
    }
    const std::int64_t lseq = is_first ? first.seq() : numbering_.newest() + 1;
    // The low 16 bits of a logical number are the packet's own: see unwrap_seq().
    const std::int64_t next = lseq + static_cast<std::uint16_t>(first.seq() - lseq);
    const format* const f = find(first.payload_type());
    const std::uint32_t clock = f ? clock_of(f) : options_.rate;
    const auto place = numbering_.begin(first, clock, next, samples_of(f, first.payload()),
                                        end_of_stream(), arrival);
    delay_.begin(place.transit);
    if (is_first) generator_ = comfort_noise_generator(first.ssrc()); // two streams differ
    if (store_.empty()) {
        has_last_ = true;
        last_ = next - 1 - (is_first ? 64 : 0);
        passed_ = 0;
        is_missing_ = !is_first; // what was played does not go on
    }
    store(first, place, arrival);
}

playout_stats playout::state::stats() const noexcept {
    playout_stats s = stats_;
    s.waiting = store_.size() + (suspect_.is_held ? 1 : 0);
    s.target = std::chrono::microseconds(delay_.target());
    if (delay_count_ != 0)
        s.mean_delay =
            duration(std::llround(1000 * delay_sum_ / static_cast<double>(delay_count_)));
    return s;
}

} // namespace rtpsynth
