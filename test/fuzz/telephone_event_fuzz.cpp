// Reports of any numbers, timestamps and times through telephone_event_receiver: what begins ends,
// once. And any calls of telephone_event_sender: what it sends is a sequence of whole events.
#include "reader.hpp"

#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>

#include <cstdint>
#include <optional>

namespace {

using namespace rtpsynth;
using fuzz::check, fuzz::reader;
using namespace std::chrono_literals;

void receive(reader in) {
    const unsigned rate = in.byte();
    telephone_event_receiver receiver(rate & 1 ? 8000 : rate & 2 ? 48000 : 0xffff'ffff);
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    time_point now{};
    std::uint64_t began = 0, ended = 0;
    const auto note = [&](const telephone_event_changes& changes) {
        check(changes.size() <= telephone_event_changes::max_size);
        for (const telephone_event_change& c : changes) {
            check(c.length >= 0ns);
            ++(c.what == telephone_event_change::kind::began ? began : ended);
            check(ended <= began && began - ended <= 2);
        }
        check(began - ended == (receiver.pressed() ? 1 : 0));
        check(receiver.deadline().has_value() == receiver.pressed().has_value());
    };
    while (!in.empty()) {
        const unsigned choice = in.byte();
        seq = static_cast<std::uint16_t>(seq + (choice & 1 ? 1 : in.byte() - 128));
        if (choice & 2) timestamp += (in.byte() - 128) * 80;
        if (choice & 4) timestamp += 0xffff;
        if (choice & 8) timestamp = static_cast<std::uint32_t>(in.number(4));
        now += (choice & 16 ? static_cast<int>(in.number(2)) : 20) * 1ms;
        const auto duration = static_cast<std::uint16_t>(choice & 32 ? in.number(2) : 160);
        const telephone_event event{static_cast<std::uint8_t>(choice >> 6 & 1), in.byte() < 64, 10,
                                    duration};
        note(receiver.receive(seq, timestamp, choice >> 7 != 0, event, now));
    }
    note(receiver.finish());
    check(began == ended);
}

void send(reader in) {
    telephone_event_sender sender(in.byte() & 1 ? 8000 : 48000);
    std::uint32_t timestamp = 0;
    std::optional<telephone_event_packet> last;
    while (!in.empty()) {
        const unsigned choice = in.byte();
        const digit_timing timing{.on = static_cast<int>(in.number(2)) * 1ms,
                                  .off = static_cast<int>(in.byte()) * 1ms,
                                  .volume = static_cast<std::uint8_t>(choice >> 2)};
        switch (choice & 3) {
        case 0:
            static_cast<void>(sender.queue("0#", timing));
            break;
        case 1:
            static_cast<void>(sender.press(static_cast<std::uint8_t>(choice), timing));
            break;
        case 2:
            sender.release();
            break;
        case 3:
            if (choice > 250) sender.clear();
        }
        check(sender.queued() <= telephone_event_sender::max_queued);
        for (unsigned ticks = in.byte() & 7; ticks > 0; --ticks) {
            const bool busy = sender.busy();
            const auto units = static_cast<std::uint32_t>(choice & 128 ? 160 : in.number(2));
            const auto packet = sender.next(timestamp, units);
            timestamp += units;
            check(!packet || busy);
            if (packet && !packet->marker) {
                check(last && last->event.event == packet->event.event);
                if (last->timestamp == packet->timestamp)
                    check(packet->event.duration >= last->event.duration);
                else
                    check(packet->timestamp == last->timestamp + 0xffff && !last->event.end &&
                          last->event.duration == 0xffff);
            }
            if (packet) last = packet;
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    receive({data, size});
    send({data, size});
    return 0;
}
