/// \file
/// SRTP for one side of a call. Whoever includes this links the component `rtpsynth::srtp`, too;
/// `rtpsynth/asio_server.hpp` does not include it.
#pragma once

#include <rtpsynth/asio_server/call/packet_protection.hpp>
#include <rtpsynth/rtp/srtp.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rtpsynth::asio_server {

/// SRTP and SRTCP by libsrtp2, with a key for each direction.
///
/// \par Thread safety
/// While it is used by a call, nothing else may use it.
class srtp_protection final : public packet_protection {
public:
    /// \param sent of the packets that are sent to the side, our key of the SDP
    /// \param received of those that come from it, its key
    /// \throws std::invalid_argument (an option is out of range, or a suite is not available);
    /// std::bad_alloc
    srtp_protection(const srtp_key& sent, const srtp_key& received, srtp_options options = {})
        : sender_{sent, options}, receiver_{received, options} {}
    /// Of a sender and a receiver that were prepared, as for a call that is taken over.
    srtp_protection(srtp_sender&& sender, srtp_receiver&& receiver) noexcept
        : sender_{std::move(sender)}, receiver_{std::move(receiver)} {}

    result<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept override {
        return receiver_.unprotect(packet);
    }
    result<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept override {
        return receiver_.unprotect_rtcp(packet);
    }
    result<std::size_t> protect(std::span<std::uint8_t> buffer,
                                std::size_t size) noexcept override {
        return sender_.protect(buffer, size);
    }
    result<std::size_t> protect_rtcp(std::span<std::uint8_t> buffer,
                                     std::size_t size) noexcept override {
        return sender_.protect_rtcp(buffer, size);
    }

    // For before and after the call.
    srtp_sender& sender() noexcept { return sender_; }
    srtp_receiver& receiver() noexcept { return receiver_; }

private:
    srtp_sender sender_;
    srtp_receiver receiver_;
};

} // namespace rtpsynth::asio_server
