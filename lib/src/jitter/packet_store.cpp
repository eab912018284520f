#include "packet_store.hpp"

#include <algorithm>
#include <new>

namespace rtpsynth::detail {

bool packet_store::contains(std::int64_t lseq) const noexcept {
    const waiting_packet* const p = before(lseq + 1);
    return p && p->lseq == lseq;
}

const waiting_packet* packet_store::before(std::int64_t lseq) const noexcept {
    const auto packets = all();
    const auto it = std::lower_bound(packets.begin(), packets.end(), lseq,
                                     [](const auto& p, auto n) { return p.lseq < n; });
    return it == packets.begin() ? nullptr : &*(it - 1);
}

bool packet_store::insert(waiting_packet packet, std::span<const std::uint8_t> payload) noexcept {
    if (size() == capacity || !make_slot(payload.size()) || !make_place()) return false;
    packet.slot = 0;
    packet.size = static_cast<std::uint32_t>(payload.size());
    if (!payload.empty()) {
        packet.slot = free_.back();
        free_.pop_back();
        std::copy(payload.begin(), payload.end(),
                  bytes_.begin() + static_cast<std::ptrdiff_t>(packet.slot * slot_size_));
    }
    auto place = packets_.end();
    while (place != packets_.begin() + static_cast<std::ptrdiff_t>(first_) &&
           (place - 1)->lseq > packet.lseq)
        --place;
    packets_.insert(place, packet);
    return true;
}

void packet_store::pop_front() noexcept {
    if (packets_[first_].size != 0) free_.push_back(packets_[first_].slot);
    if (++first_ == packets_.size()) {
        packets_.clear();
        first_ = 0;
    }
}

// For one more in packets_.
bool packet_store::make_place() noexcept {
    if (packets_.size() < packets_.capacity()) return true;
    if (first_ != 0 && 3 * first_ >= packets_.size()) {
        packets_.erase(packets_.begin(), packets_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
        return true;
    }
    try {
        packets_.reserve(std::max<std::size_t>(2 * packets_.capacity(), 12));
    } catch (const std::bad_alloc&) {
        return false;
    }
    return true;
}

// A free slot that is large enough. Slots grow by half at least, so that a sender whose payloads
// become ever longer does not have all of them moved every time.
bool packet_store::make_slot(std::size_t payload_size) noexcept {
    if (payload_size == 0 || (!free_.empty() && payload_size <= slot_size_)) return true;
    const std::size_t slot_size =
        payload_size <= slot_size_
            ? slot_size_
            : std::max((payload_size + 31) / 32 * 32, slot_size_ + slot_size_ / 2);
    const std::size_t wanted = free_.empty() ? std::max<std::size_t>(2 * slots_, 8) : slots_;
    const std::size_t slots = std::min({wanted, capacity, most_bytes_ / slot_size});
    if (slots <= slots_ - free_.size()) return false;
    try {
        std::vector<std::uint8_t> bytes(slots * slot_size);
        std::vector<std::uint16_t> free;
        free.reserve(slots);
        std::size_t used = 0;
        for (waiting_packet& p : std::span(packets_).subspan(first_)) {
            if (p.size == 0) continue;
            const auto from = payload(p);
            std::copy(from.begin(), from.end(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(used * slot_size));
            p.slot = static_cast<std::uint16_t>(used++);
        }
        while (used < slots) free.push_back(static_cast<std::uint16_t>(used++));
        std::reverse(free.begin(), free.end());
        bytes_.swap(bytes);
        free_.swap(free);
    } catch (const std::bad_alloc&) {
        return false;
    }
    slots_ = slots;
    slot_size_ = slot_size;
    return true;
}

} // namespace rtpsynth::detail
