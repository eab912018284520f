#include "network/fragment_table.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace replay {
namespace {

constexpr std::chrono::seconds longest_wait{30};    // as in Linux
constexpr std::chrono::milliseconds lone_wait{100}; // fragments are sent back to back
constexpr std::size_t largest_packet = 65535;
constexpr std::size_t overhead = 128; // bytes of memory per piece or packet, about

} // namespace

std::optional<fragment_table::whole> fragment_table::add(const ip_packet& fragment,
                                                         rtpsynth::time_point now) {
    const std::size_t size = fragment.payload.size_on_wire();
    const std::size_t end = fragment.fragment_offset + size;
    // Fragments are not empty, and all but the last end at a multiple of 8.
    if (size == 0 || end > largest_packet || (fragment.more_fragments && size % 8 != 0)) {
        ++unused_;
        return std::nullopt;
    }
    only_first_ =
        only_first_ && fragment.fragment_offset == 0 && fragment.protocol == ip_protocol::udp;
    const key id{fragment.source, fragment.destination, fragment.protocol, fragment.fragment_id};
    auto packet = packet_of(id, now);
    if (!put(*packet, fragment)) {
        give_up(packet);
        packet = packet_of(id, now);
        put(*packet, fragment);
    }
    if (packet->total != 0 && packet->size == packet->total) {
        whole w;
        for (auto& [offset, p] : packet->pieces) {
            if (offset != w.bytes.size()) break; // the previous one was cut short
            w.bytes.insert(w.bytes.end(), p.bytes.begin(), p.bytes.end());
        }
        w.missing = packet->total - w.bytes.size();
        remove(packet);
        return w;
    }
    while (packets_.size() > most_packets || memory_ > most_memory) give_up(packets_.begin());
    return std::nullopt;
}

std::optional<fragment_table::lone_first> fragment_table::take_lone_first(rtpsynth::time_point now,
                                                                          bool at_end) {
    if (!may_have_lone_first()) return std::nullopt;
    const auto packet = packets_.begin();
    waited_in_vain_ = waited_in_vain_ || at_end || now - packet->begin > lone_wait ||
                      packet->begin - now > lone_wait;
    if (!waited_in_vain_) return std::nullopt;
    piece& first = packet->pieces.begin()->second;
    const std::size_t missing = first.size - first.bytes.size() + 1; // at least
    lone_first taken{packet->id.source,
                     packet->id.destination,
                     packet->id.protocol,
                     {std::move(first.bytes), missing},
                     packet->begin};
    remove(packet);
    return taken;
}

void fragment_table::finish() {
    while (!packets_.empty()) give_up(packets_.begin());
}

std::list<fragment_table::pending>::iterator fragment_table::packet_of(const key& id,
                                                                       rtpsynth::time_point now) {
    const auto is_old = [now](const pending& p) {
        return now - p.begin > longest_wait || p.begin - now > longest_wait;
    };
    while (!packets_.empty() && is_old(packets_.front())) give_up(packets_.begin());
    const auto found = by_key_.find(id);
    if (found != by_key_.end()) {
        if (!is_old(*found->second)) return found->second;
        give_up(found->second);
    }
    const auto packet = packets_.insert(packets_.end(), pending{id, now, {}, 0, 0, 0, overhead});
    memory_ += overhead;
    by_key_[id] = packet;
    return packet;
}

/// Returns false, without effect, if the fragment contradicts earlier ones.
bool fragment_table::put(pending& packet, const ip_packet& fragment) {
    const byte_span bytes = fragment.payload.data;
    const std::size_t begin = fragment.fragment_offset;
    const std::size_t size = fragment.payload.size_on_wire(), end = begin + size;

    const bool is_behind_end = packet.total != 0 && end > packet.total;
    const bool is_another_end =
        !fragment.more_fragments &&
        (packet.total != 0 ? end != packet.total
                           : !packet.pieces.empty() && end_of(*packet.pieces.rbegin()) > end);
    if (is_behind_end || is_another_end || !agrees(packet, begin, fragment.payload)) return false;
    if (!fragment.more_fragments) packet.total = end;
    ++packet.fragments;

    // Adds the bytes that are missing between the earlier pieces.
    for (std::size_t at = begin; at < end;) {
        const auto next = packet.pieces.upper_bound(at);
        if (next != packet.pieces.begin() && end_of(*std::prev(next)) > at) {
            at = end_of(*std::prev(next));
            continue;
        }
        const std::size_t stop = next == packet.pieces.end() ? end : std::min(end, next->first);
        const byte_span there = bytes.subspan(std::min(at - begin, bytes.size()),
                                              std::min(stop - begin, bytes.size()) -
                                                  std::min(at - begin, bytes.size()));
        packet.pieces.emplace_hint(next, at, piece{{there.begin(), there.end()}, stop - at});
        packet.size += stop - at;
        packet.memory += there.size() + overhead;
        memory_ += there.size() + overhead;
        at = stop;
    }
    return true;
}

/// Whether overlapping bytes are equal.
bool fragment_table::agrees(const pending& packet, std::size_t begin, const packet_bytes& payload) {
    const std::size_t end = begin + payload.data.size();
    auto other = packet.pieces.upper_bound(begin);
    if (other != packet.pieces.begin()) --other;
    for (; other != packet.pieces.end() && other->first < end; ++other) {
        const byte_span bytes = other->second.bytes;
        const std::size_t from = std::max(begin, other->first);
        const std::size_t to = std::min(end, other->first + bytes.size());
        if (from < to && !std::ranges::equal(payload.data.subspan(from - begin, to - from),
                                             bytes.subspan(from - other->first, to - from)))
            return false;
    }
    return true;
}

void fragment_table::give_up(std::list<pending>::iterator packet) {
    unused_ += packet->fragments;
    remove(packet);
}

void fragment_table::remove(std::list<pending>::iterator packet) {
    memory_ -= packet->memory;
    by_key_.erase(packet->id);
    packets_.erase(packet);
}

} // namespace replay
