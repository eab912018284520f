/// \file
/// Restricts the senders from which a channel accepts datagrams ("strict RTP").
#pragma once

#include <rtpsynth/base/compiler.h>

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rtpsynth::asio_server {

/// The senders that a channel accepts. A source is here the address and port of a sender.
enum class source_policy {
    any, ///< all
    /// The channel's target, by address and port; without a target none. On Linux the kernel does
    /// the filtering if the channel is bound to a given address and port and does not have
    /// channel_options::reuse_port: datagrams from others then take no room in the receive buffer,
    /// are not counted, and are answered with ICMP "port unreachable".
    target,
    first, ///< the first source that is validated as a sender of RTP
};

/// How a source is validated. New members are added at the end.
struct source_lock_options {
    static constexpr std::size_t max_probation = 64;

    source_policy policy = source_policy::any;
    /// For source_policy::first: how many RTP packets of one SSRC, each the next in sequence,
    /// validate a source; 1..64. All but the last of them are lost and counted as
    /// channel_stats::rejected: by default the first three packets of every stream, 60 ms of speech
    /// in packets of 20 ms. With 1 nothing is lost, but anyone who sends the first RTP packet locks
    /// the channel.
    std::size_t probation = 4;
};

/// Decides for each datagram whether the channel accepts it. An IPv4 address equals the same one
/// mapped into IPv6, and an IPv6 scope of 0 matches any.
///
/// Under source_policy::first, up to 8 streams are on probation at a time, so that an attacker who
/// injects packets cannot keep the true source from being validated. A stream is a source and an
/// SSRC. A ninth stream replaces one of the source with the most streams, so that nobody gains by
/// inventing SSRCs; if several sources have equally many, the stream that was heard least recently.
/// RTCP does not validate a source.
///
/// \par Thread safety
/// Not thread-safe; belongs to the reader of the socket.
class RTPSYNTH_API source_lock {
public:
    using endpoint = boost::asio::ip::udp::endpoint;

    /// \throws std::invalid_argument if probation is out of range
    explicit source_lock(const source_lock_options& options);

    /// Whether to deliver \p datagram from \p source. \p target is the channel's current target,
    /// nullptr if it has none. Under source_policy::first, locks to a source when it is validated.
    bool accept(std::span<const std::uint8_t> datagram, const endpoint& source,
                const endpoint* target) noexcept;

    /// The source that source_policy::first has locked to.
    std::optional<endpoint> locked() const noexcept;

    /// Unlocks, and discards all probations.
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
