/// \file
/// Interface for protecting the packets of one side of a call, by SRTP or another method.
#pragma once

#include <rtpsynth/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::asio_server {

/// Protects the packets that are sent to one side of a call, and unprotects those that come from
/// it, in place. srtp_protection implements it with SRTP; asio_server itself needs no cryptographic
/// library.
///
/// \par Thread safety
/// Called by one thread at a time. The voice_stream or rtp_relay that calls it holds its own lock:
/// an implementation must not call that object, or wait for a thread that does.
class packet_protection {
public:
    virtual ~packet_protection() = default;

    /// Unprotects the RTP packet in \p packet. \return the size of the plain packet, which begins
    /// where \p packet does; an error if the packet is to be dropped
    virtual result<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept = 0;
    /// The same for RTCP.
    virtual result<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept = 0;

    /// Protects the RTP packet in the first \p size bytes of \p buffer. The packet may grow up to
    /// the size of \p buffer. \return the size of the protected packet; an error if the packet must
    /// not be sent
    virtual result<std::size_t> protect(std::span<std::uint8_t> buffer,
                                        std::size_t size) noexcept = 0;
    /// The same for RTCP.
    virtual result<std::size_t> protect_rtcp(std::span<std::uint8_t> buffer,
                                             std::size_t size) noexcept = 0;

protected:
    packet_protection() = default;
    packet_protection(const packet_protection&) = default;
    packet_protection& operator=(const packet_protection&) = default;
};

} // namespace rtpsynth::asio_server
