/// \file
/// Memory for what a server is just reading.
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

/// Where one recvmmsg puts what it reads; shared by all sockets of an executor.
class receive_buffers {
public:
    static constexpr std::size_t slot_count = 32;

    receive_buffers();

private:
    friend class udp_socket;

    static constexpr std::size_t slot_size = 65536;
    // Not a power of two, which would have all slots compete for one set of the processor's cache.
    static constexpr std::size_t stride = slot_size + 320;
    // SCM_TIMESTAMPNS and UDP_GRO
    static constexpr std::size_t control_size =
        CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(int));

    // Coalesced, 4 messages of up to 128 datagrams (UDP_MAX_SEGMENTS), so that none is lost for
    // want of memory.
    static constexpr std::size_t most_views = 512;

    struct slot {
        iovec bytes;
        boost::asio::ip::udp::endpoint source;
        alignas(cmsghdr) std::array<std::uint8_t, control_size> control;
    };

    std::unique_ptr<std::uint8_t[]> memory_; // its pages exist once they are touched
    std::array<slot, slot_count> slots_;
    std::array<mmsghdr, slot_count> headers_{};
    std::vector<datagram_view> views_;
};

} // namespace rtpsynth::asio_server::detail
