#include "stream/candidate_pool.hpp"

#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace replay {
namespace {

constexpr unsigned steps_wanted = 2;                     // three packets in sequence
constexpr std::size_t packets_at_most = 32;              // of one candidate
constexpr std::size_t memory_at_most = 64 * 1024 * 1024; // of all candidates, in bytes
constexpr std::size_t candidate_overhead = 256;          // of one candidate, approximately

constexpr int window = 16; // sequence numbers within which three packets must be

/// Whether the packets have one payload type and their timestamps may be of one clock.
bool agree(const held_packet& a, const held_packet& b) {
    if (a.payload_type() != b.payload_type()) return false;
    constexpr double fastest_clock = 200'000; // Hz
    const auto units = static_cast<std::int32_t>(a.timestamp() - b.timestamp());
    const double seconds = std::chrono::duration<double>(a.arrival() - b.arrival()).count();
    return std::abs(static_cast<double>(units)) <= (std::abs(seconds) + 1) * fastest_clock;
}

/// Whether the newest packet agrees with two others in the same window, and no more packets nearby
/// disagree with it.
bool has_neighbours(const candidate_pool::packets& held) {
    constexpr int nearby = window - 1; // before or after
    const held_packet& newest = held.back();
    std::uint32_t agreeing = 0, others = 0; // a bit for each number nearby
    for (const held_packet& other : held) {
        const int distance = rtpsynth::seq_distance(other.seq(), newest.seq());
        if (distance == 0 || std::abs(distance) > nearby) continue;
        (agree(other, newest) ? agreeing : others) |= 1U << (distance + nearby);
    }
    const int enough = std::max(2, std::popcount(others));
    for (int first = 0; first <= nearby; ++first) // every window that contains the newest
        if (std::popcount((agreeing >> first) & ((1U << window) - 1)) >= enough) return true;
    return false;
}

} // namespace

std::optional<candidate_pool::packets> candidate_pool::add(const stream_key& key,
                                                           held_packet&& packet) {
    const auto [at, is_new] = candidates_.try_emplace(key);
    candidate& c = at->second;
    const int ahead = is_new ? 1 : rtpsynth::seq_distance(packet.seq(), c.held[c.highest].seq());
    c.steps += !is_new && ahead == 1 && agree(packet, c.held[c.highest]);
    if (ahead > 0) c.highest = c.held.size();
    memory_ += packet.memory() + (is_new ? candidate_overhead : 0);
    ++waiting_;
    c.held.push_back(std::move(packet));
    if (c.steps >= steps_wanted || has_neighbours(c.held)) return take(key);
    if (c.held.size() == packets_at_most) {
        given_up_ += take(key).size();
    } else if (memory_ > memory_at_most) {
        given_up_ += std::exchange(waiting_, 0);
        candidates_.clear();
        memory_ = 0;
    }
    return std::nullopt;
}

candidate_pool::packets candidate_pool::take(const stream_key& key) {
    const auto found = candidates_.find(key);
    if (found == candidates_.end()) return {};
    packets held = std::move(found->second.held);
    candidates_.erase(found);
    memory_ -= candidate_overhead;
    for (const held_packet& p : held) memory_ -= p.memory();
    waiting_ -= held.size();
    return held;
}

} // namespace replay
