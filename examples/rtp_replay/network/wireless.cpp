#include "network/wireless.hpp"

#include "capture/file_integers.hpp"

#include <algorithm>

namespace replay {
namespace {

constexpr dead_end too_short{&frame_counts::malformed};
constexpr dead_end no_ip{&frame_counts::not_ip};

/// \p padded: the header is followed by padding to a multiple of 4 bytes.
layer_result wlan(packet_bytes frame, bool padded) noexcept {
    if (frame.data.size() < 24) return too_short;
    const unsigned control = frame.data[0], flags = frame.data[1];
    const bool data = (control & 0x0c) == 0x08;
    const bool qos = (control & 0x80) != 0, empty = (control & 0x40) != 0;
    if (!data || empty) return no_ip;
    if (flags & 0x40) return dead_end{&frame_counts::encrypted_wlan};
    std::size_t header =
        (flags & 0x03) == 0x03 ? 30 : 24; // a fourth address between two access points
    bool several = false;
    if (qos) {
        if (frame.data.size() < header + 2) return too_short;
        several = (frame.data[header] & 0x80) != 0;
        header += 2;
        if (flags & 0x80) header += 4; // HT control
    }
    if (padded) header = (header + 3) & ~std::size_t{3};
    if (!frame.skip(header)) return too_short;
    if (several) return inner_packet{ethertype::a_msdu, frame, &frame_counts::a_msdu};
    return inner_packet{ethertype::llc, frame};
}

/// Whether a radiotap header of \p length bytes announces padding (bit 5 of its flags).
bool says_padding(byte_span header) noexcept {
    std::size_t at = 4;
    const std::uint32_t present = read32(header, at, false);
    for (std::uint32_t word = present; word & 0x8000'0000;) {
        at += 4;
        if (header.size() < at + 4) return false;
        word = read32(header, at, false);
    }
    at += 4;
    if ((present & 2) == 0) return false;
    if (present & 1) at = ((at + 7) & ~std::size_t{7}) + 8; // the time, aligned
    return at < header.size() && (header[at] & 0x20) != 0;
}

} // namespace

layer_result wlan_layer(packet_bytes frame) noexcept { return wlan(frame, false); }

std::optional<packet_bytes> next_subframe(packet_bytes& a_msdu) noexcept {
    constexpr std::size_t header = 14; // two addresses and a length; the frame check comes after
    if (a_msdu.data.size() < header) return std::nullopt;
    const std::size_t length = be16(a_msdu.data, 12);
    packet_bytes subframe = a_msdu;
    subframe.skip(header);
    if (length == 0 || length > subframe.size_on_wire()) return std::nullopt;
    subframe.limit(length);
    const std::size_t size = (header + length + 3) & ~std::size_t{3};
    const std::size_t rest = a_msdu.size_on_wire() - std::min(size, a_msdu.size_on_wire());
    if (!a_msdu.skip(size)) a_msdu = {{}, rest};
    return subframe;
}

layer_result radiotap_layer(packet_bytes frame) noexcept {
    if (frame.data.size() < 8) return too_short;
    const std::size_t length = read16(frame.data, 2, false);
    const byte_span header = frame.data;
    if (length < 8 || !frame.skip(length)) return too_short;
    return wlan(frame, says_padding(header.first(length)));
}

} // namespace replay
