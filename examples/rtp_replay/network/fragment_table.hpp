/// \file
/// Reassembles fragmented IP packets (RFC 791 §3.2, RFC 8200 §4.5).
#pragma once

#include "network/ip_packet.hpp"

#include <rtpsynth/base/clock.hpp>

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace replay {

/// Fragments may come in any order, repeated or overlapping. One that contradicts earlier ones
/// begins a new packet, since identifiers are reused. Packets still incomplete after 30 s of
/// capture time, or when there are too many, are given up. Memory is bounded.
class fragment_table {
public:
    static constexpr std::size_t most_packets = 1024;
    static constexpr std::size_t most_memory = 16 * 1024 * 1024; ///< bytes

    /// A reassembled payload.
    struct whole {
        std::vector<std::uint8_t> bytes; ///< up to the first one that was not captured
        std::size_t missing = 0;         ///< bytes after them
    };

    /// Takes a fragment. Returns the packet's payload if it is complete now.
    std::optional<whole> add(const ip_packet& fragment, rtpsynth::time_point now);
    /// A first fragment of a UDP datagram without the others. As long as no other fragments have
    /// been seen, the capture may have been filtered by ports, which only first fragments have.
    /// They are then returned here, after a wait until one has waited in vain.
    struct lone_first {
        ip_address source, destination;
        unsigned protocol;
        whole piece; ///< at least one byte is missing, perhaps more
        rtpsynth::time_point arrival;
    };
    /// \p at_end: the capture has ended. Returns nothing if there are no more.
    std::optional<lone_first> take_lone_first(rtpsynth::time_point now, bool at_end = false);
    /// Whether take_lone_first() might return one.
    bool may_have_lone_first() const noexcept { return only_first_ && !packets_.empty(); }
    /// Ends the capture: gives up incomplete packets.
    void finish();

    /// Fragments that were given up or contradicted others.
    std::uint64_t unused() const noexcept { return unused_; }

private:
    struct key {
        ip_address source, destination;
        unsigned protocol;
        std::uint32_t id;

        auto operator<=>(const key&) const = default;
    };
    struct piece {
        std::vector<std::uint8_t> bytes;
        std::size_t size; // on the wire: at least bytes.size()
    };
    struct pending {
        key id;
        rtpsynth::time_point begin;
        std::map<std::size_t, piece> pieces; // by offset; they do not overlap
        std::uint64_t fragments = 0;         // that the pieces came in
        std::size_t size = 0;                // of all of them
        std::size_t total = 0;               // of the packet; 0 until the last fragment is there
        std::size_t memory = 0;
    };
    static std::size_t end_of(const std::pair<const std::size_t, piece>& p) {
        return p.first + p.second.size;
    }
    static bool agrees(const pending& packet, std::size_t begin, const packet_bytes& payload);

    std::list<pending>::iterator packet_of(const key& id, rtpsynth::time_point now);
    bool put(pending& packet, const ip_packet& fragment);
    void give_up(std::list<pending>::iterator packet);
    void remove(std::list<pending>::iterator packet);

    std::list<pending> packets_; // the oldest first
    std::map<key, std::list<pending>::iterator> by_key_;
    std::size_t memory_ = 0;
    std::uint64_t unused_ = 0;
    bool only_first_ = true;      // only first fragments of UDP have been seen
    bool waited_in_vain_ = false; // a first fragment has
};

} // namespace replay
