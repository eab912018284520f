/// \file
/// Memory of the datagrams that a server is reading.
#pragma once

#include <rtpsynth/asio_server/channel/datagram.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace rtpsynth::asio_server::detail {

/// The buffer of a receive; shared by all sockets of an executor.
class receive_buffers {
public:
    static constexpr std::size_t slot_count = 32;

private:
    friend class udp_socket;

    static constexpr std::size_t slot_size = 65536;

    const std::unique_ptr<std::uint8_t[]> memory_{new std::uint8_t[slot_count * slot_size]};
    std::array<datagram_view, slot_count> views_;
};

} // namespace rtpsynth::asio_server::detail
