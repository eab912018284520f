/// \file
/// Puts fragmented IP packets together (RFC 791 §3.2, RFC 8200 §4.5).
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

/// In any order, also repeated or overlapping; a fragment that contradicts those before begins the
/// packet anew, for identifiers come round. What is not whole after 30 s of capture time, or
/// when there is more of it than fits, is given up. Memory is bounded, whatever the capture.
class fragment_table {
public:
    static constexpr std::size_t most_packets = 1024;
    static constexpr std::size_t most_memory = 16 * 1024 * 1024; ///< bytes

    /// A payload put together.
    struct whole {
        std::vector<std::uint8_t> bytes; ///< up to the first that was not captured
        std::size_t missing = 0;         ///< how many more there were
    };

    /// Takes a fragment. Returns the packet's payload if it is whole now.
    std::optional<whole> add(const ip_packet& fragment, rtpsynth::time_point now);
    /// A first piece on its own, of a UDP datagram. As long as it has seen no others, the capture
    /// is taken for one that was filtered by ports, which only first pieces have: such a piece
    /// waits for others, once one has waited in vain it does not wait, and it is handed out here.
    struct lone_first {
        ip_address source, destination;
        unsigned protocol;
        whole piece; ///< that more than one byte is missing is not known
        rtpsynth::time_point arrival;
    };
    /// \p at_end: the capture has ended. Returns nothing if there is none (any more).
    std::optional<lone_first> take_lone_first(rtpsynth::time_point now, bool at_end = false);
    /// Whether take_lone_first() might return one.
    bool may_have_lone_first() const noexcept { return only_first_ && !packets_.empty(); }
    /// The capture has ended: gives up what is not whole.
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
        std::size_t size; // on the wire: not less than bytes
    };
    struct pending {
        key id;
        rtpsynth::time_point begin;
        std::map<std::size_t, piece> pieces; // by offset; they do not overlap
        std::uint64_t fragments = 0;         // that they came in
        std::size_t size = 0;                // of all of them
        std::size_t total = 0;               // of the packet; 0 as long as the last is not there
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
    bool only_first_ = true;      // no fragment but first ones has been seen, of UDP
    bool waited_in_vain_ = false; // one has
};

} // namespace replay
