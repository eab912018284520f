#include "io/linux/receive_buffers.hpp"

namespace rtpsynth::asio_server::detail {

receive_buffers::receive_buffers() : memory_{new std::uint8_t[slot_count * stride]} {
    for (std::size_t i = 0; i != slot_count; ++i) {
        slots_[i].bytes = {memory_.get() + i * stride, slot_size};
        msghdr& header = headers_[i].msg_hdr;
        header.msg_iov = &slots_[i].bytes;
        header.msg_iovlen = 1;
        header.msg_name = slots_[i].source.data();
    }
    views_.reserve(most_views);
}

} // namespace rtpsynth::asio_server::detail
