/// \file
/// What the book of calls needs of the network.
#pragma once

#include "protocol/command.hpp"

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace relay {

/// The two sides of a call: who has sent the offer, and who answers it.
enum class side : std::uint8_t { caller, callee };

constexpr side other(side s) noexcept { return s == side::caller ? side::callee : side::caller; }
constexpr std::size_t index(side s) noexcept { return static_cast<std::size_t>(s); }

/// What a new medium is made with.
struct media_request {
    boost::asio::ip::address caller;                ///< where the caller's media come from
    bool is_asymmetric = false;                     ///< that of the caller
    std::optional<std::array<network, 2>> networks; ///< of caller and callee
    std::string_view local_address;                 ///< for the callee; empty: not given
};

/// The address to which a side is to send, as it is to be signalled.
struct media_address {
    std::string address; ///< empty: that of the SIP proxy
    std::uint16_t port = 0;
    bool is_v6 = false;
};

/// Numbers of packets that came from one side.
struct media_counters {
    std::uint64_t received = 0;  ///< RTP
    std::uint64_t forwarded = 0; ///< to the other side
    std::uint64_t heard = 0;     ///< RTP and RTCP of the peer, not of strangers
};

/// One medium of a call, relayed between its two sides.
class media {
public:
    virtual ~media() = default;

    virtual media_address local(side of) const = 0;
    /// \return false if the side's socket cannot send to the address
    virtual bool set_peer(side of, const boost::asio::ip::udp::endpoint& peer) = 0;
    virtual media_counters counters(side from) const = 0;

    /// Plays a prompt to a side. \param codecs payload types, `0,8`; empty: not known
    virtual bool play(side to, std::string_view prompt, std::string_view codecs,
                      std::int32_t repetitions) = 0;
    virtual void stop(side to) = 0;
    /// Records both sides. \param name of the file; \param target empty: a file
    virtual bool record(std::string_view name, std::string_view target) = 0;

protected:
    media() = default;
    media(const media&) = delete;
    media& operator=(const media&) = delete;
};

/// Opens the ports of media.
class media_maker {
public:
    virtual ~media_maker() = default;

    /// \return nullptr with \p error set
    virtual std::unique_ptr<media> make(const media_request& request, protocol_error& error) = 0;

protected:
    media_maker() = default;
    media_maker(const media_maker&) = delete;
    media_maker& operator=(const media_maker&) = delete;
};

} // namespace relay
