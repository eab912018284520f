#include "io/portable/udp_socket.hpp"

#include "io/process.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

using udp = boost::asio::ip::udp;

void check(bool asked, bool has, const char* option) {
    if (asked && !has)
        throw boost::system::system_error{boost::asio::error::operation_not_supported, option};
}

void check(const boost::system::error_code& error, const char* what) {
    if (error) throw boost::system::system_error{error, what};
}

/// On Windows a call fails with the error of an earlier datagram, once for each: its port was
/// closed, or its TTL expired. Other systems report none to a socket that is not connected.
bool is_of_another_datagram(const boost::system::error_code& error) noexcept {
    return error == boost::asio::error::connection_reset ||
           error == boost::asio::error::network_reset;
}
constexpr int most_of_others = 64; // consecutive; further ones may make the next send fail

} // namespace

udp_socket::udp_socket(const boost::asio::any_io_executor& executor, const channel_options& options)
    : v6_only_{options.v6_only} {
    check(options.kernel_timestamps, capabilities.kernel_timestamps, "kernel_timestamps");
    check(options.report_unreachable, capabilities.report_unreachable, "report_unreachable");
    check(options.dscp.has_value(), capabilities.dscp, "dscp");
    check(options.reuse_port, capabilities.reuse_port, "reuse_port");
    udp::socket s{executor};
    error_code ec;
    check(s.open(options.bind.protocol(), ec), "socket");
    check(s.non_blocking(true, ec), "non_blocking");
    if (options.bind.address().is_v6())
        check(s.set_option(boost::asio::ip::v6_only{options.v6_only}, ec), "v6_only");
    if (options.receive_buffer_size)
        check(s.set_option(
                  udp::socket::receive_buffer_size{static_cast<int>(*options.receive_buffer_size)},
                  ec),
              "receive_buffer_size");
    if (options.send_buffer_size)
        check(s.set_option(
                  udp::socket::send_buffer_size{static_cast<int>(*options.send_buffer_size)}, ec),
              "send_buffer_size");
    check(s.bind(options.bind, ec), "bind");
    local_ = s.local_endpoint(ec);
    check(ec, "local_endpoint");
    socket_.emplace(std::move(s));
}

void udp_socket::close() noexcept { socket_.reset(); }

// The object is not destroyed, since that would remove the parent's socket from the reactor that
// both share.
void udp_socket::abandon() noexcept {
    if (socket_ && !std::exchange(abandoned_, true)) close_inherited(socket_->native_handle());
}

udp_socket::outcome udp_socket::send(std::span<const std::uint8_t> bytes, std::size_t size,
                                     std::size_t count, const endpoint& to) noexcept {
    for (std::size_t i = 0; i != count; ++i) {
        const auto datagram = boost::asio::buffer(bytes.data() + i * size, size);
        error_code ec;
        int of_others = 0;
        do socket_->send_to(datagram, to, 0, ec);
        while (ec == boost::asio::error::interrupted ||
               (is_of_another_datagram(ec) && ++of_others <= most_of_others));
        if (ec) return {i, ec};
    }
    return {count, {}};
}

// Asio has no wait with a time limit.
bool udp_socket::wait_writable(duration longest) noexcept {
    if (longest <= duration{}) return false;
    std::this_thread::sleep_for(std::min<duration>(longest, std::chrono::milliseconds{1}));
    return true;
}

std::span<datagram_view> udp_socket::receive(receive_buffers& buffers, std::size_t want,
                                             time_point now, error_code& error) {
    const std::size_t most = std::min(want, receive_buffers::slot_count);
    std::size_t got = 0;
    for (; got != most; ++got) {
        std::uint8_t* const slot = buffers.memory_.get() + got * receive_buffers::slot_size;
        datagram_view& view = buffers.views_[got];
        error_code ec;
        const std::size_t size = socket_->receive_from(
            boost::asio::buffer(slot, receive_buffers::slot_size), view.source, 0, ec);
        if (ec) {
            const bool again = ec == boost::asio::error::interrupted || is_of_another_datagram(ec);
            error = again ? boost::asio::error::would_block : ec;
            break;
        }
        view.data = {slot, size};
        view.received_at = now;
    }
    return {buffers.views_.data(), got};
}

std::size_t udp_socket::receive_buffer_size() const noexcept {
    error_code ec;
    udp::socket::receive_buffer_size size;
    socket_->get_option(size, ec);
    return ec ? 0 : static_cast<std::size_t>(size.value());
}

std::size_t udp_socket::send_buffer_size() const noexcept {
    error_code ec;
    udp::socket::send_buffer_size size;
    socket_->get_option(size, ec);
    return ec ? 0 : static_cast<std::size_t>(size.value());
}

} // namespace rtpsynth::asio_server::detail
