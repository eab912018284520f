#include "stream/payload_use.hpp"

#include <rtpsynth/rtp/payload_type.hpp>

namespace replay {
namespace {

constexpr std::size_t event_size = 4;
constexpr std::uint8_t last_event = 16; // DTMF and flash
constexpr unsigned end_bit = 0x80, reserved_bit = 0x40;

} // namespace

void event_evidence::add(const rtpsynth::rtp_packet_view& packet) {
    if (refuted_) return;
    const auto payload = packet.payload();
    if (payload.size() != event_size || payload[0] > last_event || (payload[1] & reserved_bit)) {
        refuted_ = true;
        return;
    }
    const std::uint8_t event = payload[0];
    const bool end = (payload[1] & end_bit) != 0;
    const auto duration = static_cast<std::uint16_t>(payload[2] << 8 | payload[3]);
    if (any_ && packet.timestamp() == timestamp_) {
        refuted_ = event != event_;
        proven_ = proven_ || duration > duration_ || (end && end_);
    }
    any_ = true;
    event_ = event;
    end_ = end;
    duration_ = duration;
    timestamp_ = packet.timestamp();
}

std::string payload_use::name() const {
    if (!encoding.empty()) return encoding;
    if (const auto* profile = rtpsynth::static_profile(type)) return profile->encoding_name;
    if (events.proven()) return "telephone-event";
    return "PT " + std::to_string(type);
}

bool payload_use::is_event() const {
    if (format.kind != rtpsynth::payload_kind::unknown)
        return format.kind == rtpsynth::payload_kind::event;
    return !rtpsynth::static_profile(type) && events.proven();
}

} // namespace replay
