// The sources and members of rtp_session: admission, lookup and removal.
#include <rtpsynth/rtcp/session.hpp>

#include <algorithm>
#include <new>

namespace rtpsynth {
namespace {

constexpr int timeout_intervals = 5; // of a participant (§6.3.5)
constexpr int sender_intervals = 2;  // without RTP, until a sender no longer counts as one
// How long a source is kept after its BYE, so that late packets do not make a new one (§6.2.1).
constexpr duration bye_memory = std::chrono::seconds(5);
// A source whose RTP continues for this long after its BYE has not left. Packets that were in
// transit when it sent the BYE arrive within the network's delay, which ITU-T G.114 limits to 400
// ms.
constexpr duration return_time = std::chrono::milliseconds(500);

} // namespace

// Index of the first source whose SSRC is not less than ssrc.
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

// The source, or null. Removes it if it has left long enough ago.
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

// Whether the RTP of a source that has sent a BYE has continued for return_time; if so, undoes the
// BYE. Late and duplicate packets do not count.
bool rtp_session::returns(rtp_source& source, receiver_stats::outcome what,
                          time_point arrival) noexcept {
    if (what != receiver_stats::outcome::in_order) return false;
    if (!source.goes_on_since_) source.goes_on_since_ = arrival;
    if (arrival - *source.goes_on_since_ < return_time) return false;
    source.left_ = false;
    source.reason_.clear();
    source.rtcp_address_ = 0; // the BYE's was forged; unknown until its next RTCP
    ++stats_.sources_returned;
    return true;
}

void rtp_session::remove(std::size_t i) noexcept {
    sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(i));
}

void rtp_session::count_member(std::uint32_t ssrc, time_point now) noexcept {
    if (!counted_.heard(ssrc, now)) ++stats_.members_refused;
}

// Whether this packet makes the source valid. seq is null for RTCP, which has no sequence number.
bool rtp_session::prove(std::uint32_t ssrc, std::uint64_t address,
                        const std::uint16_t* seq) noexcept {
    // Members that are counted have sent a CNAME or contribute to a valid source (§6.2.1).
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
    // Takes a free entry, else one of the same address, else any, so that a flood from one address
    // does not displace others. The choice is random: if the oldest entry were replaced, and there
    // are more candidates than entries whose packets alternate, each would be replaced before its
    // next packet.
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
    // Sources that have left go first. For a sender, the source without RTP that has been silent
    // longest is next. A source whose RTP came within return_time is kept, since its BYE may be
    // forged.
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

// §6.3.5. With fewer members, the next report may be due earlier.
void rtp_session::expire(time_point now) noexcept {
    const duration interval = timeout_interval();
    expire_sources(now);
    counted_.expire(now - timeout_intervals * interval);
    if (we_sent_ && now - last_sent_ >= sender_intervals * interval) we_sent_ = false;
    schedule_.reconsider(group().members, now);
}

} // namespace rtpsynth
