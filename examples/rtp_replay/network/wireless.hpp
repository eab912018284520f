/// \file
/// IEEE 802.11 frames captured in monitor mode.
#pragma once

#include "network/link_layer.hpp"

#include <optional>

namespace replay {

layer_result wlan_layer(packet_bytes frame) noexcept;
/// The same behind a radiotap header (https://www.radiotap.org).
layer_result radiotap_layer(packet_bytes frame) noexcept;

/// Takes the first frame from an A-MSDU (IEEE 802.11-2020 §9.3.2.2) and returns its contents, which
/// begin with an IEEE 802.2 header. Nothing if there are no more.
std::optional<packet_bytes> next_subframe(packet_bytes& a_msdu) noexcept;

} // namespace replay
