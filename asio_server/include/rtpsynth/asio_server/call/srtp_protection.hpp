/// \file
/// SRTP for one side of a call. This header needs the component `rtpsynth::srtp`, which must be
/// linked in addition; `rtpsynth/asio_server.hpp` does not include it.
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
/// While a voice_stream or rtp_relay has it, nothing else may use it.
class srtp_protection final : public packet_protection {
public:
    /// \param sent the key for packets that are sent to this side: our key in the SDP
    /// \param received the key for packets that come from it: its key in the SDP
    /// \throws std::invalid_argument (an option is out of range, or a suite is not available);
    /// std::bad_alloc
    srtp_protection(const srtp_key& sent, const srtp_key& received, srtp_options options = {})
        : sender_{sent, options}, receiver_{received, options} {}
    /// Uses a given sender and receiver, for example with the roll-over counter of a call that is
    /// already running.
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

    // Only for use before and after the call.
    srtp_sender& sender() noexcept { return sender_; }
    srtp_receiver& receiver() noexcept { return receiver_; }

private:
    srtp_sender sender_;
    srtp_receiver receiver_;
};

} // namespace rtpsynth::asio_server
