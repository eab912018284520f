#include <rtpsynth/asio_server/call/source_latch.hpp>

#include "channel/same_endpoint.hpp"

#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <stdexcept>

namespace rtpsynth::asio_server {
namespace {

constexpr duration shortest_silence = std::chrono::milliseconds{100}; // before a source has moved
constexpr duration longest_gap_of_run = std::chrono::seconds{1};
constexpr int numbers_ahead = 16;
constexpr duration time_per_number = std::chrono::milliseconds{5};
constexpr int most_numbers_ahead = 3000;
constexpr unsigned packets_of_restart = 3; // in sequence; a packet or two may be late

const source_latch_options& checked_latch(const source_latch_options& o) {
    if (o.probation < 1 || o.probation > source_latch_options::max_probation)
        throw std::invalid_argument("source_latch: probation must be 1..64 packets");
    if (o.relatch_after < shortest_silence ||
        o.relatch_after > source_latch_options::max_relatch_after)
        throw std::invalid_argument("source_latch: relatch_after must be 100 ms..1 h");
    return o;
}

// Whether a packet with the number seq can continue a stream whose last number came `ago` earlier.
bool goes_on(std::uint16_t seq, std::uint16_t before, duration ago) noexcept {
    const int ahead = seq_distance(seq, before);
    const auto by_time = std::max(ago, duration::zero()) / time_per_number;
    return ahead > 0 &&
           ahead <= std::min<std::int64_t>(numbers_ahead + by_time, most_numbers_ahead);
}

} // namespace

source_latch::source_latch(const options& opts, const std::optional<endpoint>& signalled)
    : options_{checked_latch(opts)}, signalled_{signalled} {}

void source_latch::set_signalled(const endpoint& signalled) noexcept {
    if (signalled_ && detail::same_endpoint(*signalled_, signalled)) return;
    signalled_ = signalled;
    latched_.reset();
    former_.reset();
    candidates_ = {};
}

source_latch::outcome source_latch::receive(const rtp_packet_view& packet, const endpoint& source,
                                            time_point arrival) noexcept {
    if (options_.latch == latch_policy::none) return outcome::accepted;
    if (latched_ && (latched_->source == source || detail::same_endpoint(latched_->source, source)))
        return of_latched(packet, arrival);
    candidate& c = advance(packet, source, arrival);
    return latched_ ? beside_latched(c, arrival) : before_latched(c);
}

source_latch::outcome source_latch::of_latched(const rtp_packet_view& packet,
                                               time_point arrival) noexcept {
    stream& s = *latched_;
    s.heard = std::max(s.heard, arrival);
    if (packet.ssrc() == s.ssrc && seq_distance(packet.seq(), s.seq) <= 0) {
        const bool goes_on_behind = packet.seq() == static_cast<std::uint16_t>(s.seq_behind + 1);
        s.behind = goes_on_behind ? s.behind + 1 : 1;
        s.seq_behind = packet.seq();
        if (s.behind < packets_of_restart) return outcome::accepted;
    }
    s.ssrc = packet.ssrc();
    s.seq = packet.seq();
    s.behind = 0;
    ++s.packets;
    return outcome::accepted;
}

source_latch::candidate& source_latch::advance(const rtp_packet_view& packet,
                                               const endpoint& source,
                                               time_point arrival) noexcept {
    const auto known =
        std::find_if(candidates_.begin(), candidates_.end(), [&](const candidate& c) {
            return c.used && c.ssrc == packet.ssrc() && detail::same_endpoint(c.source, source);
        });
    candidate& c = known != candidates_.end() ? *known : place_for(source, arrival);
    const bool in_sequence = known != candidates_.end() &&
                             packet.seq() == static_cast<std::uint16_t>(c.seq + 1) &&
                             arrival - c.heard <= longest_gap_of_run;
    if (!in_sequence) {
        c.packets = 0;
        c.order = ++runs_;
    }
    const std::uint64_t against = latched_ ? latched_->packets : 0;
    if (!in_sequence || c.against != against) c.unanswered = 0;
    c.against = against;
    ++c.unanswered;
    c.used = true;
    c.source = source;
    c.ssrc = packet.ssrc();
    c.seq = packet.seq();
    c.heard = arrival;
    ++c.packets;
    return c;
}

/// A free entry, or one that was silent for too long; otherwise replaces a stream of the source
/// with the most streams or, if several sources have equally many, the stream that was heard least
/// recently. So an attacker cannot keep the true source from being validated.
source_latch::candidate& source_latch::place_for(const endpoint& source,
                                                 time_point arrival) noexcept {
    candidate* best = nullptr;
    std::ptrdiff_t most = 0;
    for (candidate& c : candidates_) {
        if (!c.used || arrival - c.heard > longest_gap_of_run) return c = {};
        const auto streams = std::count_if(candidates_.begin(), candidates_.end(),
                                           [&](const candidate& other) {
                                               return detail::same_endpoint(other.source, c.source);
                                           }) +
                             detail::same_endpoint(c.source, source);
        if (!best || streams > most || (streams == most && c.heard < best->heard)) {
            best = &c;
            most = streams;
        }
    }
    return *best = {};
}

source_latch::outcome source_latch::before_latched(candidate& c) noexcept {
    if (!leads(c)) return reject();
    return c.packets >= options_.probation ? latch_to(c) : outcome::probation;
}

bool source_latch::leads(const candidate& c) const noexcept {
    const int own = rank(c.source);
    return std::none_of(candidates_.begin(), candidates_.end(), [&](const candidate& other) {
        if (!other.used || &other == &c || c.heard - other.heard > longest_gap_of_run) return false;
        const int its = rank(other.source);
        if (its != own) return its > own;
        if (other.packets != c.packets) return other.packets > c.packets;
        return other.order < c.order;
    });
}

source_latch::outcome source_latch::beside_latched(candidate& c, time_point arrival) noexcept {
    const bool proved = c.packets >= options_.probation;
    if (rank(c.source) > rank(latched_->source)) {
        if (!proved) return outcome::probation;
        former_.reset();
        return latch_to(c);
    }
    if (options_.latch == latch_policy::once) return reject();

    const duration silence = arrival - latched_->heard;
    if (c.ssrc == latched_->ssrc && goes_on(c.seq, latched_->seq, silence)) {
        const bool moved = c.unanswered >= options_.probation && silence >= shortest_silence;
        return moved ? latch_to(c) : outcome::probation;
    }
    if (former_ && c.ssrc == former_->ssrc && detail::same_endpoint(c.source, former_->source) &&
        goes_on(c.seq, former_->seq, arrival - former_->heard)) {
        if (!proved) return outcome::probation;
        former_.reset();
        return latch_to(c);
    }
    if (silence < options_.relatch_after) return reject();
    if (!proved) return outcome::probation;
    if (!former_) former_ = latched_;
    return latch_to(c);
}

source_latch::outcome source_latch::latch_to(candidate& c) noexcept {
    latched_ = c;
    c.used = false;
    // latched_->packets now counts another source's.
    for (candidate& other : candidates_) other.against = 0;
    ++stats_.latched;
    return outcome::latched;
}

source_latch::outcome source_latch::reject() noexcept {
    ++stats_.rejected;
    return outcome::rejected;
}

int source_latch::rank(const endpoint& source) const noexcept {
    if (!signalled_ || !detail::same_address(signalled_->address(), source.address())) return 0;
    return source.port() == signalled_->port() ? 2 : 1;
}

} // namespace rtpsynth::asio_server
