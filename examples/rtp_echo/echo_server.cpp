#include "echo_server.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/metrics/server_metrics.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <future>
#include <stdexcept>
#include <utility>

namespace echo {
namespace {

namespace rtp = rtpsynth::asio_server;

constexpr std::size_t queue_size = 1024; // at 200,000/s, one channel's datagrams in a tick of 5 ms
constexpr int tries = 100;               // to find consecutive free ports

[[noreturn]] void refuse(const std::string& address, const boost::system::error_code& why) {
    throw std::runtime_error("cannot listen on " + address + ": " + why.message());
}

} // namespace

echo_server::echo_server(const program_options& options)
    : receive_buffer_size_(options.receive_buffer_size),
      has_rtcp_(options.rtcp.has_value()),
      server_({.tick = options.tick}) {
    if (options.rtcp || options.srtp)
        calls_ = std::make_unique<call_table>(server_.get_executor(), options);
    channels_.reserve(options.all_channels());
    try {
        for (const common::endpoint_argument& bind : options.binds)
            open(bind, options.channels_of(bind));
    } catch (...) {
        shutdown();
        throw;
    }
    receive_buffer_ = channels_.front()->receive_buffer_size();
}

// The handlers use members that are destroyed before server_.
echo_server::~echo_server() { shutdown(); }

void echo_server::shutdown() {
    if (calls_ && !std::exchange(has_ended_, true)) {
        std::promise<void> said;
        boost::asio::post(server_.get_executor(), [&] {
            calls_->leave();
            said.set_value();
        });
        said.get_future().wait();
    }
    server_.shutdown();
}

void echo_server::open(const common::endpoint_argument& bind, std::size_t count) {
    boost::system::error_code error;
    const endpoint first =
        rtp::resolve(bind.host, bind.first_port, rtp::address_family::any, error);
    if (error) refuse(to_string(bind), error);
    const bool any_port = bind.first_port == 0;
    // The system chooses the first port; the ones after it may be in use.
    int left = any_port && count > 1 ? tries : 1;
    while (!try_open(first, count, --left > 0)) {
    }
    const endpoint opened = channels_[channels_.size() - count]->local_endpoint();
    addresses_ += (addresses_.empty() ? "" : ", ") + rtp::to_string(opened);
    if (count > 1) addresses_ += '-' + std::to_string(opened.port() + count - 1);
}

/// Opens \p count channels on consecutive ports, or none. Returns false if \p may_fail and one of
/// the ports is in use.
/// \throws std::runtime_error
bool echo_server::try_open(endpoint at, std::size_t count, bool may_fail) {
    const std::size_t before = channels_.size();
    rtp::channel_options options;
    options.queue_size = queue_size;
    options.receive_buffer_size = receive_buffer_size_;
    try {
        for (std::size_t i = 0; i != count; ++i) {
            options.bind = at;
            const auto make = [&](auto handler) {
                channels_.push_back(server_.create_channel(options, handler));
            };
            using batch = std::span<const datagram_view>;
            if (calls_)
                make([this](channel& from, batch all) { converse(from, all); });
            else
                make([this](channel& from, batch all) { echo(from, all); });
            // After port 65535 comes 0, which would let the system choose again.
            at.port(static_cast<std::uint16_t>(channels_.back()->local_endpoint().port() + 1));
            if (at.port() == 0 && i + 1 != count)
                throw boost::system::system_error(boost::asio::error::address_in_use);
        }
        return true;
    } catch (const boost::system::system_error& e) {
        if (!may_fail || e.code() != boost::asio::error::address_in_use)
            refuse(rtp::to_string(at), e.code());
        channels_.resize(before);
        return false;
    }
}

void echo_server::note_times(std::span<const datagram_view> batch) noexcept {
    constexpr auto relaxed = std::memory_order_relaxed;
    if (first_.load(relaxed) == rtpsynth::time_point{})
        first_.store(batch.front().received_at, relaxed);
    last_.store(batch.back().received_at, relaxed);
}

/// With RTCP or SRTP.
void echo_server::converse(channel& from, std::span<const datagram_view> batch) {
    note_times(batch);
    for (const datagram_view& datagram : batch) calls_->take(from, datagram);
    calls_->set_timer();
}

void echo_server::echo(channel& from, std::span<const datagram_view> batch) noexcept {
    note_times(batch);
    for (const datagram_view& datagram : batch) {
        const auto error = from.try_send_to(datagram.data, datagram.source);
        // The channel itself counts a full queue.
        if (error && error != boost::asio::error::would_block) ++not_answerable_;
    }
}

echo_totals echo_server::totals() const {
    const rtp::channel_stats stats = server_.stats().channels;
    echo_totals totals;
    totals.channels = channels_.size();
    totals.received = stats.received;
    totals.received_bytes = stats.received_bytes;
    totals.sent = stats.sent;
    totals.sent_bytes = stats.sent_bytes;
    totals.rejected = stats.queue_full + not_answerable_;
    if (calls_) {
        const call_totals& calls = calls_->totals();
        totals.rejected += calls.not_answerable;
        totals.refused = calls.refused;
        totals.has_refused = true;
        totals.has_rtcp = has_rtcp_;
        totals.rtcp_received = calls.rtcp_received;
        totals.rtcp_sent = calls.rtcp_sent;
    }
    totals.overflow = stats.overflow;
    totals.send_errors = stats.send_errors;
    totals.errors = stats.receive_errors + stats.send_errors;
    if (stats.last_receive_error) totals.last_error = stats.last_receive_error.message();
    if (stats.last_send_error) totals.last_error = stats.last_send_error.message();
    totals.active = last_.load() - first_.load();
    totals.receive_buffer = receive_buffer_;
    return totals;
}

std::string echo_server::metrics() const {
    rtpsynth::metrics_page page;
    add_metrics(page, server_.stats());
    page.counter("rtp_echo_datagrams_not_answerable_total",
                 "Datagrams of sources that cannot be answered",
                 not_answerable_ + (calls_ ? calls_->totals().not_answerable.load() : 0));
    if (calls_) {
        const call_totals& calls = calls_->totals();
        page.counter("rtp_echo_datagrams_refused_total",
                     "Datagrams malformed, of another SRTP key, or from too many senders",
                     calls.refused);
        page.counter("rtp_echo_rtcp_received_total", "Valid RTCP datagrams received",
                     calls.rtcp_received);
        page.counter("rtp_echo_rtcp_sent_total", "RTCP datagrams sent", calls.rtcp_sent);
    }
    return page.text();
}

} // namespace echo
