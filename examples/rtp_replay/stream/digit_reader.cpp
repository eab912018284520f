#include "stream/digit_reader.hpp"

#include <rtpsynth/audio/telephone_event.hpp>

namespace replay {
namespace {

constexpr std::uint8_t flash = 16;
constexpr std::uint32_t usual_rate = 8000; // RFC 4733 §2.1

} // namespace

void digit_reader::add(const rtpsynth::rtp_packet_view& packet, std::uint32_t clock_rate,
                       rtpsynth::time_point arrival) {
    using rtpsynth::telephone_event_change;
    if (!receiver_) receiver_.emplace(clock_rate != 0 ? clock_rate : usual_rate);
    for (const telephone_event_change& change : receiver_->receive(packet, arrival)) {
        if (change.what != telephone_event_change::kind::began) continue;
        const auto digit =
            change.event == flash ? std::optional('!') : rtpsynth::digit_of(change.event);
        if (!digit) continue;
        if (digits_.size() < most)
            digits_ += *digit;
        else
            ++left_out_;
    }
}

} // namespace replay
