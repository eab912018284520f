/// \file
/// Memory of the datagrams that a server is reading.
#pragma once

#include <rtpsynth/asio_server/channel/datagram.hpp>

#include <boost/asio/ip/udp.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <vector>

namespace rtpsynth::asio_server::detail {

/// The buffers of one recvmmsg; shared by all sockets of an executor.
class receive_buffers {
public:
    static constexpr std::size_t slot_count = 32;

    receive_buffers();

private:
    friend class udp_socket;

    static constexpr std::size_t slot_size = 65536;
    // Not a power of two, since all slots would then share one set of the processor's cache.
    static constexpr std::size_t stride = slot_size + 320;
    // SCM_TIMESTAMPNS and UDP_GRO
    static constexpr std::size_t control_size =
        CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(int));

    // With coalescing, 4 messages of up to 128 datagrams (UDP_MAX_SEGMENTS), so that none is
    // truncated.
    static constexpr std::size_t most_views = 512;

    struct slot {
        iovec bytes;
        boost::asio::ip::udp::endpoint source;
        alignas(cmsghdr) std::array<std::uint8_t, control_size> control;
    };

    std::unique_ptr<std::uint8_t[]> memory_; // pages are allocated when they are first used
    std::array<slot, slot_count> slots_;
    std::array<mmsghdr, slot_count> headers_{};
    std::vector<datagram_view> views_;
};

} // namespace rtpsynth::asio_server::detail
