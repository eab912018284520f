// Reports of any numbers, timestamps and times through telephone_event_receiver: what begins ends,
// once. And any calls of telephone_event_sender: what it sends is a sequence of whole events.
#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

namespace {

using namespace rtpsynth;
using namespace std::chrono_literals;

void require(bool condition) {
    if (!condition) std::abort();
}

struct byte_source {
    std::span<const std::uint8_t> bytes;

    std::uint8_t take() {
        if (bytes.empty()) return 0;
        const std::uint8_t byte = bytes.front();
        bytes = bytes.subspan(1);
        return byte;
    }
    std::uint16_t take16() {
        const unsigned high = take();
        return static_cast<std::uint16_t>(high << 8 | take());
    }
};

void receive(byte_source source) {
    const std::uint8_t rate = source.take();
    telephone_event_receiver receiver(rate & 1 ? 8000 : rate & 2 ? 48000 : 0xffff'ffff);
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    time_point now{};
    std::uint64_t began = 0, ended = 0;
    const auto note = [&](const telephone_event_changes& changes) {
        require(changes.size() <= telephone_event_changes::max_size);
        for (const telephone_event_change& c : changes) {
            require(c.length >= 0ns);
            ++(c.what == telephone_event_change::kind::began ? began : ended);
            require(ended <= began && began - ended <= 2);
        }
        require(began - ended == (receiver.pressed() ? 1 : 0));
        require(receiver.deadline().has_value() == receiver.pressed().has_value());
    };
    while (!source.bytes.empty()) {
        const std::uint8_t choice = source.take();
        seq = static_cast<std::uint16_t>(seq + (choice & 1 ? 1 : source.take() - 128));
        if (choice & 2) timestamp += (source.take() - 128U) * 80;
        if (choice & 4) timestamp += 0xffff;
        if (choice & 8) timestamp = std::uint32_t{source.take16()} << 16 | source.take16();
        now += choice & 16 ? source.take16() * 1ms : 20ms;
        const std::uint16_t duration = choice & 32 ? source.take16() : std::uint16_t{160};
        const telephone_event event{static_cast<std::uint8_t>(choice >> 6 & 1), source.take() < 64,
                                    10, duration};
        note(receiver.receive(seq, timestamp, choice >> 7, event, now));
    }
    note(receiver.finish());
    require(began == ended);
}

void send(byte_source source) {
    telephone_event_sender sender(source.take() & 1 ? 8000 : 48000);
    std::uint32_t timestamp = 0;
    std::optional<telephone_event_packet> last;
    while (!source.bytes.empty()) {
        const std::uint8_t choice = source.take();
        const digit_timing timing{.on = source.take16() * 1ms,
                                  .off = source.take() * 1ms,
                                  .volume = static_cast<std::uint8_t>(choice >> 2)};
        switch (choice & 3) {
        case 0:
            static_cast<void>(sender.queue("0#", timing));
            break;
        case 1:
            static_cast<void>(sender.press(choice, timing));
            break;
        case 2:
            sender.release();
            break;
        case 3:
            if (choice > 250) sender.clear();
        }
        require(sender.queued() <= telephone_event_sender::max_queued);
        for (int ticks = source.take() & 7; ticks > 0; --ticks) {
            const bool busy = sender.busy();
            const std::uint32_t units = choice & 128 ? 160 : source.take16();
            const auto packet = sender.next(timestamp, units);
            timestamp += units;
            require(!packet || busy);
            if (packet && !packet->marker) {
                require(last && last->event.event == packet->event.event);
                if (last->timestamp == packet->timestamp)
                    require(packet->event.duration >= last->event.duration);
                else
                    require(packet->timestamp == last->timestamp + 0xffff && !last->event.end &&
                            last->event.duration == 0xffff);
            }
            if (packet) last = packet;
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    receive({{data, size}});
    send({{data, size}});
    return 0;
}
