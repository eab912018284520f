#include "packet_store.hpp"

#include <algorithm>
#include <new>

namespace rtpsynth::detail {

bool packet_store::contains(std::int64_t lseq) const noexcept {
    const auto packets = all();
    const auto it = std::lower_bound(packets.begin(), packets.end(), lseq,
                                     [](const auto& p, auto n) { return p.lseq < n; });
    return it != packets.end() && it->lseq == lseq;
}

bool packet_store::insert(waiting_packet packet, std::span<const std::uint8_t> payload) noexcept {
    if (!make_room(payload.size())) return false;
    packet.slot = free_.back();
    packet.size = static_cast<std::uint32_t>(payload.size());
    free_.pop_back();
    std::copy(payload.begin(), payload.end(),
              bytes_.begin() + static_cast<std::ptrdiff_t>(packet.slot * slot_size_));
    auto place = packets_.end();
    while (place != packets_.begin() + static_cast<std::ptrdiff_t>(first_) &&
           (place - 1)->lseq > packet.lseq)
        --place;
    packets_.insert(place, packet);
    return true;
}

void packet_store::pop_front() noexcept {
    free_.push_back(packets_[first_].slot);
    if (++first_ == packets_.size()) {
        packets_.clear();
        first_ = 0;
    }
}

// For one more packet: a slot that is large enough, and a place in each vector.
bool packet_store::make_room(std::size_t payload_size) noexcept {
    if (size() == capacity) return false;
    if (!free_.empty() && payload_size <= slot_size_) {
        if (packets_.size() == packets_.capacity() && first_ != 0) {
            packets_.erase(packets_.begin(),
                           packets_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        }
        return true;
    }
    const std::size_t slots =
        free_.empty() ? std::min(std::max<std::size_t>(2 * slots_, 8), capacity) : slots_;
    const std::size_t slot_size = std::max((payload_size + 31) / 32 * 32, slot_size_);
    try {
        std::vector<std::uint8_t> bytes(slots * slot_size);
        std::vector<std::uint16_t> free;
        std::vector<waiting_packet> packets;
        free.reserve(slots);
        packets.reserve(slots + slots / 2);
        for (waiting_packet p : all()) {
            const auto from = payload(p);
            p.slot = static_cast<std::uint16_t>(packets.size());
            std::copy(from.begin(), from.end(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(p.slot * slot_size));
            packets.push_back(p);
        }
        for (std::size_t slot = slots; slot-- > packets.size();)
            free.push_back(static_cast<std::uint16_t>(slot));
        bytes_.swap(bytes);
        free_.swap(free);
        packets_.swap(packets);
    } catch (const std::bad_alloc&) {
        return false;
    }
    first_ = 0;
    slots_ = slots;
    slot_size_ = slot_size;
    return true;
}

} // namespace rtpsynth::detail
