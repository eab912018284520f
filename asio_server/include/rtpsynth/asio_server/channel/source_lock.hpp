/// \file
/// Deciding whose datagrams a channel accepts ("strict RTP").
#pragma once

#include <rtpsynth/base/compiler.h>

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rtpsynth::asio_server {

/// Whose datagrams are accepted.
enum class source_policy {
    any, ///< from everybody
    /// From the channel's target, address and port; without a target from nobody. On Linux the
    /// kernel filters for a channel that is bound to an address and a port which were both named,
    /// without channel_options::reuse_port: others' datagrams take no room in the receive buffer,
    /// are not counted, and are answered with ICMP "port unreachable".
    target,
    first, ///< from the first source that proves to send RTP
};

/// How a source proves itself. New members are added at the end.
struct source_lock_options {
    static constexpr std::size_t max_probation = 64;

    source_policy policy = source_policy::any;
    /// For source_policy::first: how many RTP packets of one SSRC, each the next in sequence, prove
    /// a source; 1..64. All but the last of them are lost and counted as channel_stats::rejected:
    /// by default the first three packets of every stream, 60 ms of speech in packets of 20 ms.
    /// With 1 nothing is lost, and the first to send an RTP packet has the channel.
    std::size_t probation = 4;
};

/// Decides for each datagram of a channel whether it is accepted. An IPv4 address equals the same
/// one mapped into IPv6, and an IPv6 scope of 0 equals any.
///
/// Under source_policy::first up to 8 streams, told apart by source and SSRC, are on probation at a
/// time, so that an attacker who injects packets does not keep the true source from proving itself.
/// A ninth replaces a stream of the source that has the most, so that nobody gains by inventing
/// SSRCs; where several sources have as many, the stream heard from least recently. RTCP proves
/// nothing.
///
/// \par Thread safety
/// None: it belongs to whoever reads the socket.
class RTPSYNTH_API source_lock {
public:
    using endpoint = boost::asio::ip::udp::endpoint;

    /// \throws std::invalid_argument if probation is out of range
    explicit source_lock(const source_lock_options& options);

    /// Whether \p datagram from \p source is to be delivered. \p target is the channel's current
    /// one, nullptr if it has none. Under source_policy::first a source that has proved itself is
    /// locked to.
    bool accept(std::span<const std::uint8_t> datagram, const endpoint& source,
                const endpoint* target) noexcept;

    /// The source locked to under source_policy::first.
    std::optional<endpoint> locked() const noexcept;

    /// Forgets the locked source and all probations.
    void reset() noexcept;

private:
    struct candidate {
        endpoint source;
        std::uint64_t heard = 0; // running number of the last packet; 0: unused
        std::uint32_t ssrc = 0;
        std::uint16_t seq = 0;
        std::size_t in_sequence = 0;
    };

    bool prove(std::span<const std::uint8_t> datagram, const endpoint& source) noexcept;
    candidate& place_for(const endpoint& source) noexcept;

    source_lock_options options_;
    std::optional<endpoint> locked_;
    std::uint64_t count_ = 0;
    std::array<candidate, 8> candidates_{};
};

} // namespace rtpsynth::asio_server
