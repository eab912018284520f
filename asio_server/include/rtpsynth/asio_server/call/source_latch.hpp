/// \file
/// Latching, also called symmetric RTP: finds the address to reply to if the other side is behind a
/// NAT.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtp/packet.hpp>

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace rtpsynth::asio_server {

/// Whether replies go to the address that packets come from instead of the signalled address.
enum class latch_policy {
    none,   ///< no: packets of all sources are delivered; replies go to the signalled address
    once,   ///< to the first source that is validated, or later to one of a higher rank
    follow, ///< as once; also to where the source moves, and to another source if it is silent
};

/// Options of source_latch. New members are added at the end.
struct source_latch_options {
    static constexpr std::size_t max_probation = 64;
    static constexpr duration max_relatch_after = std::chrono::hours{1};

    latch_policy latch = latch_policy::follow;
    /// The number of RTP packets of one SSRC, in sequence and each within a second of the previous
    /// one, that validate a source; 1..64. With 1 every packet does.
    std::size_t probation = 4;
    /// With latch_policy::follow: the time without packets from the latched source after which any
    /// other source may replace it; 100 ms to 1 h. A phone that suppresses silence (DTX) may send
    /// nothing for as long as its user does not speak.
    duration relatch_after = std::chrono::seconds{5};
};

/// Counters of source_latch. New members are added at the end.
struct source_latch_stats {
    std::uint64_t latched = 0;  ///< how often it latched to a source, the first one included
    std::uint64_t rejected = 0; ///< packets that were not to be delivered
};

/// Decides which source of RTP packets is the other side of a call, and so where replies go.
///
/// *Validation.* A source is an address and port. It is validated by `probation` packets of one
/// SSRC in sequence. Until the first source is validated, replies go to the signalled address, if
/// there is one. Packets on probation are delivered, so that an undisturbed stream loses none. If
/// several sources are on probation within one second, only packets of the leading one are
/// delivered: of the source with the highest rank; among equals, with the most packets in sequence;
/// among equals, the one that came first.
///
/// *Ranks.* A source with the signalled address and port has rank 2, one with the signalled address
/// only has rank 1, any other has rank 0. A source that is validated replaces a latched source of a
/// lower rank, even if that was first and is sending. Packets of sources whose rank is not higher
/// than that of the latched source are rejected, apart from the following cases.
///
/// *Moving.* With latch_policy::follow, a source also replaces the latched one in three other
/// cases, each after `probation` packets in sequence:
/// - The source has moved: packets with its SSRC continue its sequence numbers from another
///   address. They are delivered at once. Replies go to the new address when `probation` packets
///   have come from there since the last one from the old address, and the old address has been
///   silent for 100 ms. A number continues the sequence if it is 1 to 16 ahead, or one more for
///   each 5 ms since the last packet from the old address, up to 3000. Three packets in sequence
///   from the old address that are behind are a restart: then the numbers that follow them continue
///   the sequence.
/// - The latched source has been silent for relatch_after: any source replaces it.
/// - A source that was replaced because of its silence resumes: its packets continue its sequence
///   numbers from its own address.
///
/// *Forged packets.*
/// - While the latched source sends at least every 100 ms, no source of the same or a lower rank
///   replaces it, whatever SSRC and sequence numbers it uses, except one that resumes (see above).
/// - With latch_policy::follow, an attacker who knows the SSRC and guesses one of the numbers that
///   continue the sequence, then at most 36, has that packet delivered, but gets no replies.
/// - An attacker who sends before the phone does is latched to. If only the phone has the signalled
///   address, it replaces the attacker when it sends. Otherwise the attacker gets the replies for
///   as long as it sends, with latch_policy::once for good.
/// - Packets with a forged source address, that of the latched source or the signalled one, cannot
///   be distinguished from those of the other side. Replies go to that address, not to the
///   attacker.
///
/// SRTP excludes all of these, if packets are authenticated before they are passed to receive().
///
/// \par Thread safety
/// Not thread-safe; belongs to the reader of the socket.
class RTPSYNTH_API source_latch {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using options = source_latch_options;

    /// What to do with a packet.
    enum class outcome : std::uint8_t {
        accepted,  ///< deliver it: from the latched source, or the policy is latch_policy::none
        probation, ///< deliver it: from another source, which is on probation
        latched,   ///< deliver it, and send replies to its source from now on
        rejected,  ///< do not deliver it
    };

    /// \param signalled the address of the other side, from its SDP or, if it is behind a NAT, the
    /// address that its signalling comes from. \throws std::invalid_argument naming the option
    explicit source_latch(const options& opts,
                          const std::optional<endpoint>& signalled = std::nullopt);

    /// Decides about a packet that came from \p source. All arrival times are by one monotonic
    /// clock. Takes constant time and allocates nothing.
    outcome receive(const rtp_packet_view& packet, const endpoint& source,
                    time_point arrival) noexcept;

    /// The address that replies go to: the latched source, else the signalled address. nullopt:
    /// there is neither.
    std::optional<endpoint> target() const noexcept {
        return latched_ ? std::optional{latched_->source} : signalled_;
    }
    /// The latched source; nullopt: there is none yet.
    std::optional<endpoint> latched() const noexcept {
        return latched_ ? std::optional{latched_->source} : std::nullopt;
    }

    /// Sets a new signalled address and forgets the latched source and all probations. No-op if the
    /// address has not changed.
    void set_signalled(const endpoint& signalled) noexcept;

    const source_latch_stats& stats() const noexcept { return stats_; }

private:
    struct stream {
        endpoint source;
        std::uint32_t ssrc = 0;
        std::uint16_t seq = 0;     // candidate: the latest; latched source: the highest
        time_point heard{};        // its last packet
        std::uint64_t packets = 0; // candidate: in sequence; latched source: those that raised seq
        std::uint16_t seq_behind = 0; // latched source: the latest number that was not ahead
        unsigned behind = 0;          // packets in sequence that were not ahead; 0: the latest was
    };
    struct candidate : stream {
        bool used = false;
        std::uint64_t order = 0;      // number of its run of packets in sequence
        std::uint64_t unanswered = 0; // packets of the run since the latched source's last one
        std::uint64_t against = 0;    // latched_->packets at the run's last packet
    };

    outcome of_latched(const rtp_packet_view& packet, time_point arrival) noexcept;
    candidate& advance(const rtp_packet_view& packet, const endpoint& source,
                       time_point arrival) noexcept;
    candidate& place_for(const endpoint& source, time_point arrival) noexcept;
    outcome before_latched(candidate& c) noexcept;
    outcome beside_latched(candidate& c, time_point arrival) noexcept;
    outcome latch_to(candidate& c) noexcept;
    outcome reject() noexcept;
    bool leads(const candidate& c) const noexcept;
    int rank(const endpoint& source) const noexcept;

    source_latch_options options_;
    std::optional<endpoint> signalled_;
    std::optional<stream> latched_;
    std::optional<stream> former_; // was replaced by latched_ because of its silence
    std::uint64_t runs_ = 0;
    std::array<candidate, 8> candidates_{};
    source_latch_stats stats_;
};

} // namespace rtpsynth::asio_server
