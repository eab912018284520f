#include "io/linux/udp_socket.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/system/system_error.hpp>

#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <utility>

// Headers of Debian 12 may be older than the kernel.
#ifndef UDP_SEGMENT
#    define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#    define UDP_GRO 104
#endif

namespace rtpsynth::asio_server::detail {
namespace {

boost::system::error_code to_error_code(int error) noexcept {
    return {error, boost::system::system_category()};
}

[[noreturn]] void fail(int error, const char* what) {
    throw boost::system::system_error{to_error_code(error), what};
}

template <class T>
void set(int fd, int level, int name, const T& value, const char* what) {
    if (::setsockopt(fd, level, name, &value, sizeof value) != 0) fail(errno, what);
}

// Sizes beyond the system's limit need CAP_NET_ADMIN.
void set_buffer(int fd, int name, int force, int bytes, const char* what) {
    set(fd, SOL_SOCKET, name, bytes, what);
    int got = 0;
    socklen_t size = sizeof got;
    if (::getsockopt(fd, SOL_SOCKET, name, &got, &size) == 0 && got / 2 < bytes)
        static_cast<void>(::setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof bytes));
}

duration read_clock(clockid_t clock) noexcept {
    timespec t;
    ::clock_gettime(clock, &t);
    return std::chrono::seconds{t.tv_sec} + duration{t.tv_nsec};
}

// The offset of CLOCK_MONOTONIC from CLOCK_REALTIME. The clocks cannot be read at once, and a
// thread that is preempted between two readings gets a wrong offset: take the closest of a few
// readings.
duration clock_distance() noexcept {
    constexpr duration close_enough = std::chrono::microseconds{10};
    duration distance{}, least = duration::max();
    duration before = read_clock(CLOCK_MONOTONIC);
    for (int i = 0; i != 8 && least > close_enough; ++i) {
        const duration real = read_clock(CLOCK_REALTIME);
        const duration after = read_clock(CLOCK_MONOTONIC);
        if (after - before < least) {
            least = after - before;
            distance = before + least / 2 - real;
        }
        before = after;
    }
    return distance;
}

/// Whether an address is the wildcard address.
bool is_wildcard(const boost::asio::ip::address& a) noexcept {
    return a.is_unspecified() ||
           (a.is_v6() && a.to_v6().is_v4_mapped() &&
            make_address_v4(boost::asio::ip::v4_mapped, a.to_v6()).is_unspecified());
}

bool is_link_local(const boost::asio::ip::address& a) noexcept {
    return a.is_v6() && a.to_v6().is_link_local();
}

/// The errors to which the kernel maps ICMP messages (icmp_err_convert and icmpv6_err_convert).
/// Reading returns none of them otherwise.
bool is_from_icmp(int error) noexcept {
    switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
    case EACCES:
    case EMSGSIZE:
        return true;
    default:
        return false;
    }
}

template <class T>
T content(const cmsghdr* header) noexcept {
    T value;
    std::memcpy(&value, CMSG_DATA(header), sizeof value);
    return value;
}

// CMSG_NXTHDR without musl's comparison of signed and unsigned numbers.
cmsghdr* next_control(const msghdr& message, cmsghdr* header) noexcept {
    const auto offset = static_cast<std::size_t>(reinterpret_cast<std::uint8_t*>(header) -
                                                 static_cast<std::uint8_t*>(message.msg_control));
    const std::size_t next = offset + CMSG_ALIGN(header->cmsg_len);
    if (header->cmsg_len < sizeof(cmsghdr) || next + sizeof(cmsghdr) > message.msg_controllen)
        return nullptr;
    return reinterpret_cast<cmsghdr*>(static_cast<std::uint8_t*>(message.msg_control) + next);
}

} // namespace

udp_socket::udp_socket(const boost::asio::any_io_executor&, const channel_options& options)
    : kernel_timestamps_{options.kernel_timestamps},
      coalesce_{options.coalesce},
      report_unreachable_{options.report_unreachable} {
    fd_ = ::socket(options.bind.data()->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                   IPPROTO_UDP);
    if (fd_ < 0) fail(errno, "socket");
    try {
        configure(options);
        const auto size = static_cast<socklen_t>(options.bind.size());
        if (::bind(fd_, options.bind.data(), size) != 0) fail(errno, "bind");
        socklen_t room = static_cast<socklen_t>(local_.capacity());
        if (::getsockname(fd_, local_.data(), &room) != 0) fail(errno, "getsockname");
        local_.resize(room);
        // Only such a socket can be disconnected safely: the kernel releases an address and port
        // that it has chosen itself. A wildcard address would become that of the route to the peer,
        // which may send to another. Sockets that share a port share the sources too.
        may_connect_ = options.bind.port() != 0 && !is_wildcard(local_.address()) &&
                       !is_link_local(local_.address()) && !options.reuse_port;
    } catch (...) {
        close();
        throw;
    }
}

void udp_socket::configure(const channel_options& options) {
    const bool v6 = options.bind.address().is_v6();
    v6_only_ = options.v6_only;
    if (v6) set(fd_, IPPROTO_IPV6, IPV6_V6ONLY, int{options.v6_only}, "IPV6_V6ONLY");
    if (options.reuse_port) set(fd_, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
    if (options.receive_buffer_size)
        set_buffer(fd_, SO_RCVBUF, SO_RCVBUFFORCE, static_cast<int>(*options.receive_buffer_size),
                   "SO_RCVBUF");
    if (options.send_buffer_size)
        set_buffer(fd_, SO_SNDBUF, SO_SNDBUFFORCE, static_cast<int>(*options.send_buffer_size),
                   "SO_SNDBUF");
    if (options.dscp) {
        const int traffic_class = *options.dscp << 2;
        set(fd_, IPPROTO_IP, IP_TOS, traffic_class, "IP_TOS"); // also for mapped addresses
        if (v6) set(fd_, IPPROTO_IPV6, IPV6_TCLASS, traffic_class, "IPV6_TCLASS");
    }
    if (options.kernel_timestamps) set(fd_, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
    if (report_unreachable_) {
        set(fd_, IPPROTO_IP, IP_RECVERR, 1, "IP_RECVERR"); // also for mapped addresses
        if (v6) set(fd_, IPPROTO_IPV6, IPV6_RECVERR, 1, "IPV6_RECVERR");
    }
    // A kernel without it delivers the datagrams one by one, which the caller handles as well.
    if (options.coalesce) {
        const int on = 1;
        coalesce_ = ::setsockopt(fd_, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
    }
}

void udp_socket::close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void udp_socket::accept_only(const endpoint& peer) noexcept {
    if (!may_connect_ || peer_ == peer) return;
    // Connecting to a link-local address would bind the socket to that link.
    if (!is_link_local(peer.address()) && !is_wildcard(peer.address()) &&
        !peer.address().is_multicast() &&
        ::connect(fd_, peer.data(), static_cast<socklen_t>(peer.size())) == 0)
        peer_ = peer;
    else if (peer_)
        disconnect(); // there may be no route yet, but the peer may already send
}

void udp_socket::disconnect() noexcept {
    const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
    if (::connect(fd_, &nobody, sizeof nobody) == 0) peer_.reset();
}

/// Whether \p error is an ICMP error of a connected socket that nobody asked for. Sockets that are
/// never connected get none.
bool udp_socket::passes_over(int error) const noexcept {
    return may_connect_ && !report_unreachable_ && is_from_icmp(error);
}

/// Whether to send again: an ICMP message about an earlier datagram makes the next call fail
/// without sending. The message itself stays in the error queue.
bool udp_socket::may_retry(int error, bool& again) const noexcept {
    if (error == EINTR) return true;
    if (error == EAGAIN || error == ENOBUFS) return false;
    if (!report_unreachable_ && !may_connect_) return false; // no such messages are reported
    return !std::exchange(again, true);
}

int udp_socket::send_one(std::span<const std::uint8_t> bytes, std::size_t segment,
                         const endpoint& to) noexcept {
    bool again = false;
    const bool connected = peer_ && *peer_ == to; // sending without an address is faster
    const sockaddr* const name = connected ? nullptr : to.data();
    const auto name_size = connected ? socklen_t{0} : static_cast<socklen_t>(to.size());
    if (segment == 0) { // send() is faster than sendmsg()
        for (;;) {
            if (::sendto(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL, name, name_size) >= 0)
                return 0;
            if (!may_retry(errno, again)) return errno;
        }
    }
    iovec vector{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> control{};
    msghdr message{};
    message.msg_name = const_cast<sockaddr*>(name);
    message.msg_namelen = name_size;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto size = static_cast<std::uint16_t>(segment);
    std::memcpy(CMSG_DATA(header), &size, sizeof size);
    for (;;) {
        if (::sendmsg(fd_, &message, MSG_NOSIGNAL) >= 0) return 0;
        if (!may_retry(errno, again)) return errno;
    }
}

udp_socket::outcome udp_socket::send(std::span<const std::uint8_t> bytes, std::size_t size,
                                     std::size_t count, const endpoint& to) noexcept {
    if (size != 0) count = std::min(count, max_segment / size);
    if (count > 1 && size != 0 && size <= segmentable_) {
        const int error = send_one(bytes.first(size * count), size, to);
        if (error == 0) return {count, {}};
        if (error == EAGAIN || error == ENOBUFS) return {0, to_error_code(error)};
        // The error does not tell which datagram failed: send them one by one. Segments must fit
        // the path's MTU, and some devices do not support them.
        if (error == EMSGSIZE || error == EINVAL) segmentable_ = size - 1;
        if (error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT) segmentable_ = 0;
    }
    const int error = send_one(bytes.first(size), 0, to);
    return {error == 0 ? 1U : 0U, to_error_code(error)};
}

bool udp_socket::wait_writable(duration longest) noexcept {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
    if (milliseconds <= 0) return false;
    pollfd p{fd_, POLLOUT, 0};
    const int ready = ::poll(&p, 1, static_cast<int>(milliseconds));
    // An error stays pending until it is taken, and poll() would return at once every time.
    if (ready > 0 && (p.revents & POLLERR) != 0) take_error();
    return ready != 0; // continue after a signal
}

int udp_socket::receive_some(receive_buffers& buffers, std::size_t want) noexcept {
    const bool controls = kernel_timestamps_ || coalesce_;
    if (want == 1 && !controls) { // recvfrom() is faster than recvmsg()
        auto& slot = buffers.slots_[0];
        mmsghdr& header = buffers.headers_[0];
        header.msg_hdr.msg_namelen = static_cast<socklen_t>(slot.source.capacity());
        const ssize_t got = ::recvfrom(fd_, slot.bytes.iov_base, slot.bytes.iov_len, MSG_DONTWAIT,
                                       slot.source.data(), &header.msg_hdr.msg_namelen);
        if (got < 0) return -1;
        header.msg_len = static_cast<unsigned>(got);
        return 1;
    }
    for (std::size_t i = 0; i != want; ++i) {
        auto& slot = buffers.slots_[i];
        msghdr& header = buffers.headers_[i].msg_hdr;
        header.msg_namelen = static_cast<socklen_t>(slot.source.capacity());
        header.msg_control = controls ? slot.control.data() : nullptr;
        // The type of this field differs between musl and glibc.
        header.msg_controllen =
            static_cast<decltype(header.msg_controllen)>(controls ? slot.control.size() : 0);
    }
    return ::recvmmsg(fd_, buffers.headers_.data(), static_cast<unsigned>(want), MSG_DONTWAIT,
                      nullptr);
}

std::span<datagram_view> udp_socket::receive(receive_buffers& buffers, std::size_t want,
                                             time_point now, error_code& error) {
    want = std::min(want, coalesce_ ? 4 : receive_buffers::slot_count);
    const bool controls = kernel_timestamps_ || coalesce_;
    buffers.views_.clear();
    const int got = receive_some(buffers, want);
    if (got < 0) {
        int reason = errno == EINTR ? EAGAIN : errno;
        if (passes_over(reason)) reason = EAGAIN;
        const int unreachable = report_unreachable_ ? take_unreachable() : 0;
        error = to_error_code(unreachable != 0 ? unreachable : reason);
    }
    const duration distance = got > 0 && kernel_timestamps_ ? clock_distance() : duration{};
    for (std::size_t i = 0; got > 0 && i != static_cast<std::size_t>(got); ++i) {
        auto& slot = buffers.slots_[i];
        msghdr& header = buffers.headers_[i].msg_hdr;
        slot.source.resize(header.msg_namelen);
        const std::span<const std::uint8_t> bytes{static_cast<std::uint8_t*>(slot.bytes.iov_base),
                                                  buffers.headers_[i].msg_len};
        time_point at = now;
        std::size_t size = bytes.size();
        if (controls) {
            for (cmsghdr* c = CMSG_FIRSTHDR(&header); c; c = next_control(header, c)) {
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
                    const auto stamp = content<timespec>(c);
                    at = time_point{std::chrono::seconds{stamp.tv_sec} + duration{stamp.tv_nsec} +
                                    distance};
                } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
                    size = static_cast<std::size_t>(content<int>(c));
                }
            }
        }
        std::size_t offset = 0;
        do { // once even for an empty datagram
            const std::size_t length = std::min(size, bytes.size() - offset);
            buffers.views_.push_back({bytes.subspan(offset, length), slot.source, at});
            offset += length;
        } while (offset != bytes.size() && size != 0);
    }
    return buffers.views_;
}

boost::system::error_code udp_socket::take_error() noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = 0;
    if (!report_unreachable_) return to_error_code(passes_over(error) ? 0 : error);
    const int unreachable = take_unreachable();
    return to_error_code(unreachable != 0 ? unreachable : error);
}

/// Empties the error queue, which occupies the receive buffer and keeps the socket ready.
/// \return the latest errno in it; 0: none
int udp_socket::take_unreachable() noexcept {
    int latest = 0;
    for (;;) {
        std::array<std::uint8_t, 1> returned; // the returned datagram is not needed
        iovec vector{returned.data(), returned.size()};
        alignas(cmsghdr) std::array<std::uint8_t, 512> control;
        msghdr message{};
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        if (::recvmsg(fd_, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return latest;
        for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = next_control(message, c))
            if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
                latest = static_cast<int>(content<sock_extended_err>(c).ee_errno);
    }
}

std::uint32_t udp_socket::dropped() const noexcept {
    std::array<std::uint32_t, SK_MEMINFO_VARS> values{};
    socklen_t size = sizeof values;
    if (::getsockopt(fd_, SOL_SOCKET, SO_MEMINFO, values.data(), &size) != 0) return 0;
    return values[SK_MEMINFO_DROPS];
}

std::size_t udp_socket::receive_buffer_size() const noexcept { return buffer_size(SO_RCVBUF); }
std::size_t udp_socket::send_buffer_size() const noexcept { return buffer_size(SO_SNDBUF); }

std::size_t udp_socket::buffer_size(int option) const noexcept {
    int bytes = 0;
    socklen_t size = sizeof bytes;
    if (::getsockopt(fd_, SOL_SOCKET, option, &bytes, &size) != 0) return 0;
    return static_cast<std::size_t>(bytes);
}

} // namespace rtpsynth::asio_server::detail
