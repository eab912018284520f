#include "call/leg_channels.hpp"

#include <boost/system/system_error.hpp>

#include <cstdint>
#include <utility>

namespace rtpsynth::asio_server::detail {

void leg_channels::attach(std::shared_ptr<rtp_channel> rtp, std::shared_ptr<rtp_channel> rtcp) {
    rtp_ = std::move(rtp);
    rtcp_ = std::move(rtcp);
    const auto peer = state_.target();
    if (!peer) return;
    if (const auto error = rtp_->set_target(*peer))
        throw boost::system::system_error{error, "peer"};
    send_to(*peer);
}

boost::system::error_code leg_channels::set_peer(const endpoint& peer) noexcept {
    if (const auto error = rtp_->set_target(peer)) return error;
    const auto before = state_.target();
    state_.set_signalled(peer);
    const endpoint target = *state_.target();
    if (target == before)
        state_.set_reachable(!rtp_->set_target(target)); // RTCP goes where it came from
    else
        send_to(target);
    return {};
}

/// RTP, and RTCP to the port that belongs to it. To an address that no packet can be sent to,
/// nothing is.
void leg_channels::send_to(const endpoint& target) noexcept {
    state_.set_reachable(!rtp_->set_target(target));
    if (rtcp_ == rtp_) return;
    // Port 65535 has none behind it, and 0 is refused.
    const endpoint beside{target.address(), static_cast<std::uint16_t>(target.port() + 1)};
    if (!rtcp_->set_target(beside)) state_.set_rtcp_target(beside);
}

bool leg_channels::forward(const datagram_view& view, bool to_rtcp_port, leg_channels& to,
                           leg_state::workspace& work) noexcept {
    const leg_state::outcome passed = state_.pass(view, to_rtcp_port, to.state_, work);
    if (passed.has_moved) send_to(view.source);
    if (passed.rtcp_has_moved && !rtcp_->set_target(view.source))
        state_.set_rtcp_target(view.source);
    if (!passed.packet.empty())
        state_.count_sent(passed, !(passed.is_rtcp ? to.rtcp_ : to.rtp_)->try_send(passed.packet));
    return passed.has_moved;
}

} // namespace rtpsynth::asio_server::detail
