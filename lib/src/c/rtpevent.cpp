#include <rtpevent.h>

#include "result.hpp"
#include "synth.hpp"

#include <rtpsynth/audio/telephone_event.hpp>
#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

using namespace rtpsynth;

struct rtpevent_sender : telephone_event_sender {
    using telephone_event_sender::telephone_event_sender;
};
struct rtpevent_receiver : telephone_event_receiver {
    using telephone_event_receiver::telephone_event_receiver;
};

static_assert(RTPEVENT_BEGAN == static_cast<int>(telephone_event_change::kind::began));
static_assert(RTPEVENT_ENDED == static_cast<int>(telephone_event_change::kind::ended));
static_assert(RTPEVENT_MAX_CHANGES == telephone_event_changes::max_size);
static_assert(sizeof(rtpevent_packet::payload) == telephone_event_size);
// Adding a member makes the struct larger, which distinguishes its versions.
static_assert(sizeof(rtpevent_timing) ==
              offsetof(rtpevent_timing, off_ns) + sizeof(rtpevent_timing::off_ns));

namespace {

// The C++ timing; nullopt for a struct of no known version.
std::optional<digit_timing> timing_of(const rtpevent_timing* timing) noexcept {
    if (timing == nullptr) return digit_timing();
    if (timing->size != sizeof *timing) return std::nullopt;
    return digit_timing{.on = duration(timing->on_ns),
                        .off = duration(timing->off_ns),
                        .volume = static_cast<std::uint8_t>(std::min(timing->volume, 255U))};
}

// Calls `put` with the timing, unless an argument is invalid.
template <class Put>
int put_event(rtpevent_sender* sender, unsigned event, const rtpevent_timing* timing,
              Put&& put) noexcept {
    const auto known = timing_of(timing);
    if (sender == nullptr || event > 255 || !known) return RTPAUDIO_EINVAL;
    const auto done = put(static_cast<std::uint8_t>(event), *known);
    return done ? RTPAUDIO_OK : static_cast<int>(done.error());
}

int tell_changes(const telephone_event_changes& from, rtpevent_change* to) noexcept {
    for (const telephone_event_change& change : from)
        *to++ = {.kind = static_cast<rtpevent_kind>(change.what),
                 .event = change.event,
                 .digit = digit_of(change.event).value_or('\0'),
                 .timestamp = change.timestamp,
                 .length_ns = change.length.count()};
    return static_cast<int>(from.size());
}

} // namespace

rtpevent_sender* rtpevent_sender_ctor(uint32_t clock_rate) {
    return detail::made_or_null([&] { return new rtpevent_sender(clock_rate); });
}

void rtpevent_sender_dtor(rtpevent_sender* sender) { delete sender; }

int rtpevent_sender_queue(rtpevent_sender* sender, const char* digits,
                          const rtpevent_timing* timing) {
    if (digits == nullptr) return RTPAUDIO_EINVAL;
    return put_event(sender, 0, timing, [&](std::uint8_t, const digit_timing& known) {
        return sender->queue(digits, known);
    });
}

int rtpevent_sender_queue_event(rtpevent_sender* sender, unsigned event,
                                const rtpevent_timing* timing) {
    return put_event(sender, event, timing, [&](std::uint8_t code, const digit_timing& known) {
        return sender->queue_event(code, known);
    });
}

int rtpevent_sender_press(rtpevent_sender* sender, unsigned event, const rtpevent_timing* timing) {
    return put_event(sender, event, timing, [&](std::uint8_t code, const digit_timing& known) {
        return sender->press(code, known);
    });
}

void rtpevent_sender_release(rtpevent_sender* sender) {
    if (sender != nullptr) sender->release();
}

void rtpevent_sender_clear(rtpevent_sender* sender) {
    if (sender != nullptr) sender->clear();
}

int rtpevent_sender_is_busy(const rtpevent_sender* sender) {
    return sender != nullptr && sender->busy() ? 1 : 0;
}

int rtpevent_sender_next_pkt(rtpevent_sender* sender, void* synth, int pt, char* buf,
                             unsigned blen) {
    if (sender == nullptr || synth == nullptr || !detail::is_array(buf, blen) || pt < 0 || pt > 127)
        return RTPAUDIO_EINVAL;
    auto& s = *static_cast<detail::c_synth*>(synth);
    const std::span<std::uint8_t> out(reinterpret_cast<std::uint8_t*>(buf), blen);
    const auto size =
        sender->write(s.synth, s.clock.at_packet(), static_cast<std::uint8_t>(pt), out);
    return static_cast<int>(detail::size_or_code(size));
}

int rtpevent_sender_next(rtpevent_sender* sender, uint32_t timestamp, uint32_t units,
                         rtpevent_packet* packet) {
    if (sender == nullptr || packet == nullptr) return RTPAUDIO_EINVAL;
    const auto next = sender->next(timestamp, units);
    if (!next) return 0;
    packet->marker = next->marker ? 1 : 0;
    packet->timestamp = next->timestamp;
    next->event.store(std::span(packet->payload));
    return 1;
}

rtpevent_receiver* rtpevent_receiver_ctor(uint32_t clock_rate) {
    return detail::made_or_null([&] { return new rtpevent_receiver(clock_rate); });
}

void rtpevent_receiver_dtor(rtpevent_receiver* receiver) { delete receiver; }

int rtpevent_receiver_insert(rtpevent_receiver* receiver, const unsigned char* data, size_t size,
                             int64_t now_ns, rtpevent_change* changes) {
    if (receiver == nullptr || data == nullptr || changes == nullptr) return RTPAUDIO_EINVAL;
    rtp_packet_view packet;
    if (const errc e = packet.assign(data, size); e != errc{}) return static_cast<int>(e);
    return tell_changes(receiver->receive(packet, time_point(duration(now_ns))), changes);
}

int rtpevent_receiver_expire(rtpevent_receiver* receiver, int64_t now_ns,
                             rtpevent_change* changes) {
    if (receiver == nullptr || changes == nullptr) return RTPAUDIO_EINVAL;
    return tell_changes(receiver->expire(time_point(duration(now_ns))), changes);
}

int rtpevent_receiver_finish(rtpevent_receiver* receiver, rtpevent_change* changes) {
    if (receiver == nullptr || changes == nullptr) return RTPAUDIO_EINVAL;
    return tell_changes(receiver->finish(), changes);
}

int rtpevent_receiver_next_deadline(const rtpevent_receiver* receiver, int64_t* deadline_ns) {
    if (receiver == nullptr || deadline_ns == nullptr) return 0;
    const auto due = receiver->deadline();
    if (due) *deadline_ns = due->time_since_epoch().count();
    return due.has_value() ? 1 : 0;
}
