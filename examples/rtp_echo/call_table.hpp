/// \file
/// The calls of rtp_echo, by channel and peer.
#pragma once

#include "call.hpp"
#include "options.hpp"

#include <rtpsynth/base/timer_wheel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>

namespace echo {

/// Echoes with RTCP, SRTP or both. Use it on its executor only, except totals().
class call_table {
public:
    /// The maximum number of calls. RTP of further peers is echoed without RTCP, or refused with
    /// SRTP.
    static constexpr std::size_t max_calls = 16384;

    /// \p options must outlive it.
    call_table(boost::asio::any_io_executor executor, const program_options& options);

    void take(rtpsynth::asio_server::rtp_channel& channel,
              const rtpsynth::asio_server::datagram_view& datagram) noexcept;
    /// Call it after take() of all datagrams of a batch.
    void set_timer();
    /// Sends BYEs to all peers, and ends the reports.
    void leave() noexcept;

    const call_totals& totals() const noexcept { return totals_; }

private:
    call* find(const call_address& at, rtpsynth::time_point now) noexcept;
    void serve();

    const program_options& options_;
    call_totals totals_;
    boost::asio::steady_timer timer_;
    bool has_ended_ = false;
    rtpsynth::timer_wheel wheel_;
    std::unordered_map<call_address, std::unique_ptr<call>, call_address::hash> calls_;
    call::buffer scratch_{};
};

} // namespace echo
