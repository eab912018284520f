/// \file
/// What encrypts the packets of one side of a call: SRTP, or an application's own.
#pragma once

#include <rtpsynth/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::asio_server {

/// Protects packets that are sent to one side of a call, and unprotects those that came from it,
/// where they lie. srtp_protection is SRTP; asio_server itself needs no cryptography.
///
/// \par Thread safety
/// Called by one thread at a time, while what it belongs to is locked: an implementation must not
/// call that, nor wait for who does.
class packet_protection {
public:
    virtual ~packet_protection() = default;

    /// Unprotects the RTP packet in \p packet. \return the size of the packet that then lies at its
    /// beginning; an error for one that is to be dropped
    virtual result<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept = 0;
    /// The same for RTCP.
    virtual result<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept = 0;

    /// Protects the RTP packet in the first \p size bytes of \p buffer, which may grow within it.
    /// \return the packet's size; an error if it is not to be sent
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
