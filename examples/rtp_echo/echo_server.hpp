/// \file
/// Channels that send back what they receive.
#pragma once

#include "call_table.hpp"
#include "options.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/ip/udp.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace echo {

/// Totals since the start.
struct echo_totals {
    std::size_t channels = 0;
    std::uint64_t received = 0, received_bytes = 0;
    std::uint64_t sent = 0, sent_bytes = 0;
    std::uint64_t rejected = 0; ///< queue full, or source that cannot be answered
    std::uint64_t refused = 0;  ///< see call_totals; included in lost()
    bool has_refused = false;   ///< RTCP or SRTP is used
    std::uint64_t rtcp_received = 0, rtcp_sent = 0;
    bool has_rtcp = false;
    std::uint64_t overflow = 0;     ///< dropped by the kernel: receive buffer full
    std::uint64_t send_errors = 0;  ///< datagrams the kernel refused to send
    std::uint64_t errors = 0;       ///< send and receive errors
    std::string last_error;         ///< empty if there was none
    rtpsynth::duration active{};    ///< from the first datagram to the last
    std::size_t receive_buffer = 0; ///< bytes, as granted by the system

    /// Datagrams that arrived but were not sent back. Receive errors do not count.
    std::uint64_t lost() const noexcept { return rejected + refused + overflow + send_errors; }
};

/// On a thread of its own. Thread safety: use it on one other thread.
class echo_server {
public:
    /// Opens all sockets.
    /// \throws std::runtime_error naming the address that cannot be opened and why
    /// \p options must outlive it.
    explicit echo_server(const program_options& options);
    ~echo_server();

    /// `127.0.0.1:5004-5103, [::1]:5004`
    const std::string& addresses() const noexcept { return addresses_; }

    /// Sends BYEs with RTCP, then queued datagrams, and closes the sockets.
    void shutdown();

    echo_totals totals() const;

    /// For Prometheus.
    std::string metrics() const;

private:
    using channel = rtpsynth::asio_server::rtp_channel;
    using datagram_view = rtpsynth::asio_server::datagram_view;
    using endpoint = boost::asio::ip::udp::endpoint;

    void echo(channel& from, std::span<const datagram_view> batch) noexcept;
    void converse(channel& from, std::span<const datagram_view> batch);
    void note_times(std::span<const datagram_view> batch) noexcept;
    void open(const common::endpoint_argument& bind, std::size_t count);
    bool try_open(endpoint first, std::size_t count, bool any_port);

    int receive_buffer_size_; // asked for
    bool has_rtcp_;
    std::size_t receive_buffer_ = 0;
    // Of the server's thread, read by the other one:
    std::atomic<std::uint64_t> not_answerable_{0};
    std::atomic<rtpsynth::time_point> first_{}, last_{}; // datagram received
    std::string addresses_;
    rtpsynth::asio_server::rtp_server server_;
    std::vector<std::shared_ptr<channel>> channels_;
    bool has_ended_ = false;
    std::unique_ptr<call_table> calls_; // null without RTCP and SRTP
};

} // namespace echo
