// The packets that wait in a playout, in order of their numbers, with their payloads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rtpsynth::detail {

struct waiting_packet {
    std::int64_t lseq;
    std::int64_t position; // in samples at the playout's rate
    std::int64_t transit;  // µs
    std::int64_t arrival;  // µs
    std::uint32_t samples; // of audio; 0: an event, comfort noise
    std::uint32_t size;    // of the payload
    std::uint32_t stream;  // how many restarts there were before it
    std::uint16_t slot;    // none if size is 0
    std::uint8_t payload_type;
    bool marker;
};

class packet_store {
public:
    static constexpr std::size_t capacity = 4096; // packets

    // \p most_bytes: what the payloads may take.
    explicit packet_store(std::size_t most_bytes) noexcept : most_bytes_(most_bytes) {}

    bool empty() const noexcept { return packets_.size() == first_; }
    std::size_t size() const noexcept { return packets_.size() - first_; }
    const waiting_packet& front() const noexcept { return packets_[first_]; }
    std::span<const waiting_packet> all() const noexcept {
        return std::span(packets_).subspan(first_);
    }
    std::span<const std::uint8_t> payload(const waiting_packet& p) const noexcept {
        return std::span(bytes_).subspan(p.slot * slot_size_, p.size);
    }

    bool contains(std::int64_t lseq) const noexcept;
    // The last one with a smaller number; nullptr if there is none.
    const waiting_packet* before(std::int64_t lseq) const noexcept;
    // Puts in a packet whose number is not inside; slot and size are set here. False if the store
    // is full or there is no memory for it to grow; then it has the same packets as before.
    bool insert(waiting_packet packet, std::span<const std::uint8_t> payload) noexcept;
    void pop_front() noexcept;

private:
    bool make_place() noexcept;
    bool make_slot(std::size_t payload_size) noexcept;

    // From first_ on; what is before it was taken out.
    std::vector<waiting_packet> packets_;
    std::size_t first_ = 0;
    std::size_t most_bytes_;
    std::vector<std::uint8_t> bytes_; // slots_ of slot_size_
    std::vector<std::uint16_t> free_;
    std::size_t slot_size_ = 0;
    std::size_t slots_ = 0;
};

} // namespace rtpsynth::detail
