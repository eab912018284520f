// The sources and members of rtp_session: how they come, are found, and go.
#include <rtpsynth/rtcp/session.hpp>

#include <algorithm>
#include <new>

namespace rtpsynth {
namespace {

constexpr int timeout_intervals = 5; // of a participant (§6.3.5)
constexpr int sender_intervals = 2;  // until one that sends no RTP is no sender
// How long packets that come after a BYE do not make a new source (§6.2.1).
constexpr duration bye_memory = std::chrono::seconds(5);
// A source whose RTP goes on for so long after its BYE has not left. Packets that were under way
// when it said BYE span no more than the network's delay, which ITU-T G.114 limits to 400 ms.
constexpr duration return_time = std::chrono::milliseconds(500);

} // namespace

// The first source whose SSRC is not below.
std::size_t rtp_session::position(std::uint32_t ssrc) const noexcept {
    const auto found = std::lower_bound(
        sources_.begin(), sources_.end(), ssrc,
        [](const std::unique_ptr<rtp_source>& s, std::uint32_t v) { return s->ssrc_ < v; });
    return static_cast<std::size_t>(found - sources_.begin());
}

const rtp_source* rtp_session::find(std::uint32_t ssrc) const noexcept {
    const std::size_t i = position(ssrc);
    return i < sources_.size() && sources_[i]->ssrc_ == ssrc ? sources_[i].get() : nullptr;
}

// Forgets one that left long enough ago.
rtp_source* rtp_session::source_of(std::uint32_t ssrc, time_point now) noexcept {
    if (last_source_ >= sources_.size() || sources_[last_source_]->ssrc_ != ssrc) {
        const std::size_t i = position(ssrc);
        if (i >= sources_.size() || sources_[i]->ssrc_ != ssrc) return nullptr;
        last_source_ = i;
    }
    rtp_source& source = *sources_[last_source_];
    if (source.left_ && now - source.left_at_ >= bye_memory) {
        remove(last_source_);
        return nullptr;
    }
    return &source;
}

// Takes back the BYE of a source whose RTP goes on. What is late or repeated does not go on.
bool rtp_session::returns(rtp_source& source, receiver_stats::outcome what,
                          time_point arrival) noexcept {
    if (what != receiver_stats::outcome::in_order) return false;
    if (!source.goes_on_since_) source.goes_on_since_ = arrival;
    if (arrival - *source.goes_on_since_ < return_time) return false;
    source.left_ = false;
    source.reason_.clear();
    source.rtcp_address_ = 0; // it was not the source that spoke there; its next RTCP tells
    ++stats_.sources_returned;
    return true;
}

void rtp_session::remove(std::size_t i) noexcept {
    sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(i));
}

void rtp_session::count_member(std::uint32_t ssrc, time_point now) noexcept {
    if (!counted_.heard(ssrc, now)) ++stats_.members_refused;
}

// Whether this packet makes the source valid. RTCP has no sequence number: seq is null.
bool rtp_session::prove(std::uint32_t ssrc, std::uint64_t address,
                        const std::uint16_t* seq) noexcept {
    // Who gave a CNAME or contributes to a valid source's packets is known (§6.2.1).
    if (probation_ <= 1 || counted_.contains(ssrc)) return true;
    const auto again =
        std::find_if(candidates_.begin(), candidates_.end(), [&](const candidate& c) {
            return c.wanted != 0 && c.ssrc == ssrc && c.address == address;
        });
    if (again != candidates_.end()) {
        const bool in_sequence =
            seq == nullptr || *seq == static_cast<std::uint16_t>(again->seq + 1);
        again->wanted =
            static_cast<std::uint16_t>(in_sequence ? again->wanted - 1 : probation_ - 1);
        if (seq != nullptr) again->seq = *seq;
        return again->wanted == 0;
    }
    // A free entry, else one of the same address, else any: who floods us from one address pushes
    // out nobody else. Which one is random: of more newcomers than entries, whose packets take
    // turns, the oldest would always be pushed out before its next packet.
    const auto rank = [&](const candidate& c) {
        return c.wanted == 0 ? 0 : c.address == address ? 1 : 2;
    };
    const std::size_t first = random_.bits32() % candidates_.size();
    candidate* victim = &candidates_[first];
    for (std::size_t i = 1; i < candidates_.size(); ++i) {
        candidate& c = candidates_[(first + i) % candidates_.size()];
        if (rank(c) < rank(*victim)) victim = &c;
    }
    *victim = {ssrc, seq != nullptr ? *seq : std::uint16_t{0},
               static_cast<std::uint16_t>(probation_ - 1), address};
    return false;
}

// Null if there is no room.
rtp_source* rtp_session::admit(std::uint32_t ssrc, bool sends, time_point now) noexcept {
    if (sources_.size() >= max_sources_ && !make_room(sends, now)) return nullptr;
    try {
        std::unique_ptr<rtp_source> source(new rtp_source(ssrc, clock_rate_, limits_, now));
        const std::size_t i = position(ssrc);
        sources_.insert(sources_.begin() + static_cast<std::ptrdiff_t>(i), std::move(source));
        counted_.erase(ssrc);
        return sources_[i].get();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

bool rtp_session::make_room(bool for_sender, time_point now) noexcept {
    expire_sources(now);
    if (sources_.size() < max_sources_) return true;
    // Who left goes first, then, if need be, who has been silent longest of those who only listen.
    // Who sent RTP a moment ago may prove not to have left.
    const auto expendable = [&](const rtp_source& s) {
        if (!s.sent_rtp_) return s.left_ || for_sender;
        return s.left_ && now - s.rtp_heard_ >= return_time;
    };
    std::size_t victim = sources_.size();
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        const rtp_source& s = *sources_[i];
        if (!expendable(s)) continue;
        if (victim == sources_.size() || s.left_ > sources_[victim]->left_ ||
            (s.left_ == sources_[victim]->left_ && s.heard_ < sources_[victim]->heard_))
            victim = i;
    }
    if (victim == sources_.size()) return false;
    if (!sources_[victim]->left_) count_member(sources_[victim]->ssrc_, sources_[victim]->heard_);
    remove(victim);
    return true;
}

void rtp_session::expire_sources(time_point now) noexcept {
    const duration interval = timeout_interval();
    for (std::size_t i = 0; i < sources_.size();) {
        rtp_source& s = *sources_[i];
        if (s.left_ ? now - s.left_at_ >= bye_memory
                    : now - s.heard_ >= timeout_intervals * interval) {
            stats_.sources_timed_out += !s.left_;
            remove(i);
            continue;
        }
        if (s.sender_ && now - s.rtp_heard_ >= sender_intervals * interval) s.sender_ = false;
        ++i;
    }
}

// §6.3.5; those who are gone may bring the next report forward.
void rtp_session::expire(time_point now) noexcept {
    const duration interval = timeout_interval();
    expire_sources(now);
    counted_.expire(now - timeout_intervals * interval);
    if (we_sent_ && now - last_sent_ >= sender_intervals * interval) we_sent_ = false;
    schedule_.reconsider(group().members, now);
}

} // namespace rtpsynth
