#include <rtpsynth/rtcp/session.hpp>

#include <algorithm>
#include <stdexcept>

namespace rtpsynth {
namespace {

constexpr double rtcp_share = 0.05; // of the session's bandwidth (§6.2)
constexpr std::size_t report_with_block_size = 52;
constexpr std::size_t description_overhead = 16;

// How long, in intervals, an address that had our SSRC is remembered (§8.2).
constexpr int conflict_intervals = 10;

double rtcp_bandwidth(const rtp_session_options& o) { return o.bandwidth / 8 * rtcp_share; }

duration minimum_interval(const rtp_session_options& o) {
    constexpr duration standard = detail::rtcp_schedule::standard_minimum;
    if (!o.reduced_minimum || !(o.bandwidth > 72'000)) return standard;
    return duration{static_cast<duration::rep>(360e9 / (o.bandwidth / 1000))};
}

std::size_t first_size(const rtp_session_options& o) {
    return o.header_size + report_with_block_size + description_overhead + o.cname.size();
}

const rtp_session_options& checked_options(const rtp_session_options& o) {
    const auto require = [](bool ok, const char* what) {
        if (!ok) throw std::invalid_argument(std::string("rtpsynth::rtp_session: ") + what);
    };
    require(!o.cname.empty() && o.cname.size() <= 255, "cname must have 1..255 bytes");
    require(o.clock_rate >= 1, "clock_rate must be at least 1 Hz");
    require(o.bandwidth >= 0 && o.bandwidth <= 1e12, "bandwidth must be 0..10^12 bit/s");
    require(o.header_size <= 0xffff, "header_size must be at most 65535");
    require(o.max_sources >= 1 && o.max_sources <= 0xffff, "max_sources must be 1..65535");
    require(o.probation <= 0xffff, "probation must be at most 65535");
    require(o.source.max_dropout >= 2, "source.max_dropout must be at least 2");
    return o;
}

} // namespace

rtp_session::rtp_session(const options& opts, std::uint64_t seed)
    : clock_rate_(checked_options(opts).clock_rate),
      header_size_(opts.header_size),
      max_sources_(opts.max_sources),
      probation_(opts.probation),
      reduced_size_(opts.reduced_size),
      limits_(opts.source),
      random_(seed),
      schedule_(rtcp_bandwidth(opts), minimum_interval(opts), first_size(opts)),
      counted_(opts.max_members, random_.bits()),
      cname_(opts.cname) {
    limits_.min_sequential = 0; // a source is valid when it is admitted
    ssrc_ = opts.ssrc ? *opts.ssrc : random_.bits32();
}

void rtp_session::join(time_point now) noexcept {
    if (phase_ != phase::silent) return;
    phase_ = phase::joined;
    schedule_.start(now, group(), random_);
}

void rtp_session::sent(std::uint32_t timestamp, std::size_t payload_size, payload_format format,
                       time_point now) noexcept {
    const std::uint32_t rate = format.clock_rate != 0 ? format.clock_rate : clock_rate_;
    // Of packets with the same timestamp, the first is sent closest to it. The others are the rest
    // of a frame, or updates of an event.
    if (packet_count_ == 0 || timestamp != timestamp_ || rate != timestamp_rate_) {
        timestamp_ = timestamp;
        timestamp_rate_ = rate;
        timestamp_at_ = now;
    }
    ++packet_count_;
    octet_count_ += static_cast<std::uint32_t>(payload_size);
    last_sent_ = now;
    we_sent_ = was_heard_ = true;
    join(now);
}

rtp_reception rtp_session::receive_rtp(const rtp_packet_view& packet, payload_format format,
                                       time_point arrival, std::uint64_t address) noexcept {
    const std::uint32_t ssrc = packet.ssrc();
    if (ssrc == ssrc_) [[unlikely]]
        return {own_ssrc_heard(address, arrival)};
    rtp_source* source = source_of(ssrc, arrival);
    if (source == nullptr) [[unlikely]] {
        const std::uint16_t seq = packet.seq();
        if (!prove(ssrc, address, &seq)) {
            ++stats_.rtp_probation;
            return {session_outcome::probation};
        }
        source = admit(ssrc, true, arrival);
        if (source == nullptr) {
            ++stats_.rtp_refused;
            return {session_outcome::refused};
        }
    }
    if (address != 0 && address != source->rtp_address_) [[unlikely]] {
        if (source->rtp_address_ != 0) {
            ++stats_.rtp_conflicts;
            return {session_outcome::conflict, source};
        }
        source->rtp_address_ = address;
    }
    if (format.clock_rate == 0) format.clock_rate = clock_rate_;
    source->heard_ = source->rtp_heard_ = arrival;
    source->sent_rtp_ = true;
    const receiver_stats::outcome what = source->reception_.update(packet, arrival, format);
    if (source->left_ && !returns(*source, what, arrival)) [[unlikely]] {
        ++stats_.rtp_left;
        return {session_outcome::left, source, what};
    }
    source->sender_ = true;
    for (std::size_t i = 0; i < packet.csrc_count(); ++i) {
        const std::uint32_t csrc = packet.csrc(i);
        if (csrc != ssrc_ && source_of(csrc, arrival) == nullptr) count_member(csrc, arrival);
    }
    join(arrival);
    ++stats_.rtp_accepted;
    return {session_outcome::accepted, source, what};
}

// §8.2: changes our SSRC, the first time that it comes from an address.
session_outcome rtp_session::own_ssrc_heard(std::uint64_t address, time_point now) noexcept {
    const duration memory = conflict_intervals * timeout_interval();
    for (conflicting_address& c : conflicting_) {
        if (c.heard && c.address == address && now - *c.heard < memory) {
            c.heard = now;
            ++stats_.looped;
            return session_outcome::looped;
        }
    }
    // A second collision within so short a time is an attack.
    const bool again =
        collided_at_ && now - *collided_at_ < detail::rtcp_schedule::standard_minimum;
    if (again || phase_ == phase::leaving || phase_ == phase::gone) {
        ++stats_.looped;
        return session_outcome::looped;
    }
    const auto oldest =
        std::min_element(conflicting_.begin(), conflicting_.end(),
                         [](const conflicting_address& a, const conflicting_address& b) {
                             return a.heard < b.heard;
                         });
    *oldest = {address, now};
    ++stats_.collisions;
    collided_at_ = now;
    if (was_heard_ && schedule_.sends()) old_ssrc_ = ssrc_;
    const std::uint32_t old = ssrc_;
    do {
        ssrc_ = random_.bits32();
    } while (ssrc_ == old || find(ssrc_) != nullptr);
    packet_count_ = octet_count_ = 0;
    we_sent_ = was_heard_ = false;
    sent_reports_ = {};
    return session_outcome::collision;
}

detail::rtcp_group rtp_session::group() const noexcept {
    detail::rtcp_group g{1 + counted_.size(), we_sent_ ? 1U : 0U, we_sent_};
    for (const auto& source : sources_) {
        if (source->left_) continue;
        ++g.members;
        g.senders += source->sender_;
    }
    return g;
}

duration rtp_session::timeout_interval() const noexcept {
    return schedule_.timeout_interval(group());
}

time_point rtp_session::next_rtcp() const noexcept {
    return old_ssrc_ ? std::min(*collided_at_, schedule_.next()) : schedule_.next();
}

void rtp_session::leave(time_point now, std::string_view reason) noexcept {
    if (phase_ == phase::leaving || phase_ == phase::gone) return;
    if (!was_heard_) { // §6.3.7: no BYE without an earlier packet
        phase_ = phase::gone;
        schedule_.stop();
        return;
    }
    phase_ = phase::leaving;
    byes_ = 0;
    try {
        reason_ = reason.substr(0, 255);
    } catch (const std::bad_alloc&) {
        reason_.clear();
    }
    schedule_.start_bye(group().members, header_size_ + minimum_rtcp_size(), now, random_);
}

void rtp_session::source_moved(std::uint32_t ssrc, std::uint64_t rtp_address) noexcept {
    if (const std::size_t i = position(ssrc); i < sources_.size() && sources_[i]->ssrc_ == ssrc) {
        sources_[i]->rtp_address_ = rtp_address;
        sources_[i]->rtcp_address_ = 0; // until its next RTCP
    }
}

} // namespace rtpsynth
