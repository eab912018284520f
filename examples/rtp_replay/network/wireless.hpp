/// \file
/// IEEE 802.11 frames, as they are captured in monitor mode.
#pragma once

#include "network/link_layer.hpp"

#include <optional>

namespace replay {

layer_result wlan_layer(packet_bytes frame) noexcept;
/// The same behind a radiotap header (https://www.radiotap.org).
layer_result radiotap_layer(packet_bytes frame) noexcept;

/// Takes the first frame from several in one (IEEE 802.11-2020 §9.3.2.2): what it holds, which
/// begins with an IEEE 802.2 header. Nothing if there is none (any more).
std::optional<packet_bytes> next_subframe(packet_bytes& a_msdu) noexcept;

} // namespace replay
