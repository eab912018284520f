/// \file
/// The sockets of one side of an rtp_relay.
#pragma once

#include "call/leg_state.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>

#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Does what leg_state decides. It has no lock: that is the relay's.
class leg_channels {
public:
    using endpoint = boost::asio::ip::udp::endpoint;

    explicit leg_channels(leg_state state) : state_{std::move(state)} {}

    leg_state& state() noexcept { return state_; }
    const leg_state& state() const noexcept { return state_; }

    /// Once: \p rtcp is \p rtp with rtcp_mux. Sends to the signalled address.
    /// \throws boost::system::system_error if that can't be
    void attach(std::shared_ptr<rtp_channel> rtp, std::shared_ptr<rtp_channel> rtcp);

    /// Sends to \p to what came from this side. \return whether it came from a new place, where
    /// what is for this side goes from now on
    bool forward(const datagram_view& view, bool to_rtcp_port, leg_channels& to,
                 leg_state::workspace& work) noexcept;

    boost::system::error_code set_peer(const endpoint& peer) noexcept;

private:
    void send_to(const endpoint& target) noexcept;

    leg_state state_;
    std::shared_ptr<rtp_channel> rtp_;
    std::shared_ptr<rtp_channel> rtcp_;
};

} // namespace rtpsynth::asio_server::detail
