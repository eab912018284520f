/// \file
/// Where replies go when the other side is behind a NAT ("latching", "symmetric RTP").
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

/// Whether replies go to where packets come from, instead of where the signalling said.
enum class latch_policy {
    none,   ///< no: everybody's packets are delivered, and replies go to the signalled address
    once,   ///< to the first source that proves itself
    follow, ///< to that, and to where it moves
};

/// How a source proves itself, and when another one may. New members are added at the end.
struct source_latch_options {
    static constexpr std::size_t max_probation = 64;
    static constexpr duration max_relatch_after = std::chrono::hours{1};

    latch_policy latch = latch_policy::follow;
    /// How many RTP packets of one SSRC, each the next in sequence and within a second of the one
    /// before, prove a source; 1..64. With 1 every packet does.
    std::size_t probation = 4;
    /// With latch_policy::follow: any source may prove itself in place of one of which nothing came
    /// for so long; 100 ms to 1 h. A phone that sends nothing while nobody speaks is silent, too.
    duration relatch_after = std::chrono::seconds{5};
};

/// What a source_latch has done. New members are added at the end.
struct source_latch_stats {
    std::uint64_t latched = 0;  ///< times that a source was latched to, the first one included
    std::uint64_t rejected = 0; ///< packets
};

/// Decides which source of RTP packets is the other side of a call, and so where replies go.
///
/// Before a source has proved itself, replies go to the signalled address, if there is one. Packets
/// on probation are delivered: an undisturbed stream loses none. While several sources are on
/// probation within one second, packets are delivered of the one that leads: of a higher rank, or
/// else with more packets in sequence, or else the one that came first.
///
/// Ranks: 2 is a source with the signalled address and port, 1 one with that address, 0 any other.
/// A source of a higher rank that proves itself takes the place of one of a lower rank, whoever was
/// there first and however busy that is. Once a source is latched to, packets of others are
/// rejected, but for those of a higher rank.
///
/// *Moving.* With latch_policy::follow there are three ways more, and each takes a probation:
/// - the source moves: packets of its SSRC continue its numbers from another address. They are
///   delivered at once, but replies follow when nothing came from the old address since the first
///   of them, and not for 100 ms either. Numbers continue if they are 1 to 16 ahead, and one more
///   for each 5 ms of silence, 3000 at most.
/// - the source is silent for relatch_after: any other takes its place.
/// - a source that lost its place so continues its numbers from its own address.
///
/// *What is promised.* Of packets from elsewhere, with whatever SSRC and number, none takes over
/// while the latched source sends at least every 100 ms and has the rank of the sender or more.
/// Who knows the SSRC and hits one of the numbers that continue it, at most 36 then, has that
/// packet delivered, but is not replied to. Who sends before the phone has the call until the phone
/// comes, if only the phone has the signalled address; otherwise, for as long as it sends. Who
/// forges the latched or the signalled address as its source is the other side, as far as this can
/// see, and brings the replies to that address, not to itself. SRTP keeps such packets out, if they
/// are authenticated before they get here.
///
/// \par Thread safety
/// None: it belongs to whoever reads the socket. It has no clock: arrivals are by one monotonic
/// one.
class RTPSYNTH_API source_latch {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using options = source_latch_options;

    /// What a packet is.
    enum class outcome : std::uint8_t {
        accepted,  ///< of the latched source, or latch_policy::none: to be delivered
        probation, ///< of another one: to be delivered, too
        latched,   ///< to be delivered, and replies go to its source from here on
        rejected,  ///< not to be delivered
    };

    /// \param signalled what the other side says its address is, as in its SDP or, if it is behind
    /// a NAT, the address that its signalling comes from. \throws std::invalid_argument naming the
    /// option
    explicit source_latch(const options& opts,
                          const std::optional<endpoint>& signalled = std::nullopt);

    /// Looks at a packet that arrived from \p source. Fixed memory, constant time.
    outcome receive(const rtp_packet_view& packet, const endpoint& source,
                    time_point arrival) noexcept;

    /// Where replies go: to the latched source or else to the signalled address. nullopt: neither.
    std::optional<endpoint> target() const noexcept {
        return latched_ ? std::optional{latched_->source} : signalled_;
    }
    /// nullopt: no source has proved itself.
    std::optional<endpoint> latched() const noexcept {
        return latched_ ? std::optional{latched_->source} : std::nullopt;
    }

    /// The other side said another address. Forgets the latched source and all probations; no-op if
    /// the address is what it was.
    void set_signalled(const endpoint& signalled) noexcept;

    const source_latch_stats& stats() const noexcept { return stats_; }

private:
    struct stream {
        endpoint source;
        std::uint32_t ssrc = 0;
        std::uint16_t seq = 0;     // of a candidate the latest, else the highest
        time_point heard{};        // something of it
        std::uint64_t packets = 0; // of a candidate in sequence, else all that were ahead
    };
    struct candidate : stream {
        bool used = false;
        std::uint64_t order = 0;      // of the run's first packet
        std::uint64_t unanswered = 0; // packets of the run since the latched source's last
        std::uint64_t against = 0;    // latched_->packets then
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
    std::optional<stream> former_; // who lost its place to latched_ by being silent
    std::uint64_t runs_ = 0;
    std::array<candidate, 8> candidates_{};
    source_latch_stats stats_;
};

} // namespace rtpsynth::asio_server
