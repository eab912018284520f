/// \file
/// What happens to the packets for one side of a relay on their way out: they are copied, or
/// dropped while a prompt is played.
#pragma once

#include "media/recording.hpp"

#include <rtpsynth/asio_server/call/packet_protection.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <span>

namespace relay {

/// A protection that changes no packet. A relay without one does not pay for it.
class leg_tap : public rtpsynth::asio_server::packet_protection {
public:
    /// \param copies nullptr: none
    leg_tap(const udp_endpoint& local, bool is_muted, std::shared_ptr<packet_copies> copies)
        : local_(local), is_muted_(is_muted), copies_(std::move(copies)) {}

    /// The address that packets are sent to, for the recording.
    void set_peer(const udp_endpoint& peer) noexcept {
        const std::lock_guard lock{lock_};
        peer_ = peer;
    }

    rtpsynth::result<std::size_t> unprotect(std::span<std::uint8_t> packet) noexcept override {
        return packet.size();
    }
    rtpsynth::result<std::size_t> unprotect_rtcp(std::span<std::uint8_t> packet) noexcept override {
        return packet.size();
    }
    rtpsynth::result<std::size_t> protect(std::span<std::uint8_t> buffer,
                                          std::size_t size) noexcept override {
        if (is_muted_) return rtpsynth::errc::invalid_argument;
        if (copies_) copy(buffer.first(size), 0);
        return size;
    }
    rtpsynth::result<std::size_t> protect_rtcp(std::span<std::uint8_t> buffer,
                                               std::size_t size) noexcept override {
        if (copies_) copy(buffer.first(size), 1);
        return size;
    }

private:
    void copy(std::span<const std::uint8_t> packet, std::uint16_t ports_after) noexcept {
        const std::lock_guard lock{lock_};
        if (!peer_) return;
        const auto beside = [&](const udp_endpoint& at) {
            return udp_endpoint(at.address(), static_cast<std::uint16_t>(at.port() + ports_after));
        };
        copies_->add(beside(local_), beside(*peer_), packet);
    }

    const udp_endpoint local_;
    const bool is_muted_;
    const std::shared_ptr<packet_copies> copies_;
    std::mutex lock_;
    std::optional<udp_endpoint> peer_;
};

} // namespace relay
