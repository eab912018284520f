/// \file
/// IEEE 802.11 frames, as they are captured in monitor mode.
#pragma once

#include "link_layer.hpp"

namespace replay {

layer_result wlan_layer(packet_bytes frame) noexcept;
/// The same behind a radiotap header (https://www.radiotap.org).
layer_result radiotap_layer(packet_bytes frame) noexcept;

} // namespace replay
