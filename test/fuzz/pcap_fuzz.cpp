// A hostile capture file, or hostile frames of a link layer, through all of rtp_replay: from the
// bytes to the frames in order. The first byte chooses which.

#include "capture/capture.hpp"
#include "network/dissector.hpp"
#include "stream/stream_finder.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <vector>

namespace {

using namespace replay;

/// Reads every byte that is handed out, so that the sanitizer sees each, and checks the order.
class reader : public playout_listener {
public:
    void play(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point) override {
        for (const std::uint8_t byte : packet.datagram()) sum_ = sum_ + byte;
        ++played_;
    }
    void erased(const rtpsynth::erasure& gap) override {
        if (gap.lseq_end < gap.lseq_start) std::abort();
    }
    std::uint64_t played() const { return played_; }

private:
    std::uint64_t played_ = 0;
    volatile unsigned sum_ = 0;
};

/// Passes what is found to the finder. Reads every byte, so that the sanitizer sees each.
class feed final : public packet_listener {
public:
    explicit feed(stream_finder& finder) : finder_(finder) {}

    void packet(const udp_packet& packet, rtpsynth::time_point arrival) override {
        if (packet.length < packet.payload.size()) std::abort();
        if (packet.cut_short != (packet.length > packet.payload.size())) std::abort();
        read(packet.payload);
        finder_.add(packet, arrival);
    }
    void sip_bytes(const endpoint& source, const endpoint& destination, byte_span bytes,
                   rtpsynth::time_point arrival) override {
        read(bytes);
        finder_.add_tcp(source, destination, bytes, arrival);
    }

private:
    void read(byte_span bytes) {
        for (const std::uint8_t byte : bytes) sum_ = sum_ + byte;
    }

    stream_finder& finder_;
    volatile unsigned sum_ = 0;
};

/// A listener for each stream.
using readers = std::map<stream_key, reader>;

/// For one choice in two there is none: then no bytes of a packet are kept or may be read.
finder_options options_of(unsigned choice, readers& listeners) {
    finder_options options;
    if (!(choice & 4))
        options.listener_of = [&](const stream_key& key, std::uint8_t) { return &listeners[key]; };
    options.buffer.capacity = 4;
    if (choice & 1) options.buffer.max_delay = std::chrono::milliseconds(100);
    if (choice & 2) options.ports = {5004};
    return options;
}

void check(const stream_finder& finder, unsigned choice, const readers& listeners) {
    std::uint64_t played = 0;
    for (const auto& stream : finder.streams()) {
        const auto& stats = stream->playout();
        if (stats.received != stream->arrived()) std::abort();
        played += stats.received - stats.dropped();
    }
    std::uint64_t heard = 0;
    for (const auto& [key, listener] : listeners) heard += listener.played();
    if (heard != (choice & 4 ? 0 : played)) std::abort();
}

void read_file(std::span<const std::uint8_t> bytes, unsigned choice) {
    if (bytes.empty()) return; // fmemopen refuses it
    // Opened for reading, it does not write to the bytes.
    std::FILE* file = fmemopen(const_cast<std::uint8_t*>(bytes.data()), bytes.size(), "rb");
    if (!file) return;
    readers listeners;
    stream_finder finder(options_of(choice, listeners));
    feed to_finder(finder);
    dissector frames(to_finder);
    try {
        capture input(file);
        while (const auto frame = input.next()) frames.add(*frame);
    } catch (const capture_error&) {
    }
    frames.finish();
    finder.finish();
    check(finder, choice, listeners);
}

/// Frames of one link layer, each after its length in two bytes, its arrival in ms in one, and how
/// many of its bytes are missing in one. Each is parsed in a block of its own size, so that a byte
/// read past its end is found.
void read_frames(std::uint32_t link_type, std::span<const std::uint8_t> bytes, unsigned choice) {
    readers listeners;
    stream_finder finder(options_of(choice, listeners));
    feed to_finder(finder);
    dissector frames(to_finder);
    rtpsynth::time_point now;
    while (bytes.size() >= 4) {
        const auto size =
            std::min(static_cast<std::size_t>(bytes[0] << 8 | bytes[1]), bytes.size() - 4);
        now += std::chrono::milliseconds(bytes[2]);
        const std::size_t missing = bytes[3];
        bytes = bytes.subspan(4);
        const std::vector<std::uint8_t> frame(bytes.begin(),
                                              bytes.begin() + static_cast<long>(size));
        bytes = bytes.subspan(size);
        frames.add({{frame, missing}, link_type, now});
    }
    frames.finish();
    finder.finish();
    check(finder, choice, listeners);
}

/// Whether the first byte is that of a pcap, pcapng or gzip file, in either byte order: any capture
/// can be a seed as it is.
bool begins_like_a_file(std::uint8_t first) {
    return first == 0xa1 || first == 0xd4 || first == 0x4d || first == 0x0a || first == 0x1f;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span<const std::uint8_t> bytes(data, size);
    if (begins_like_a_file(data[0])) {
        read_file(bytes, bytes.back());
        return 0;
    }
    constexpr std::uint32_t link_types[] = {1, 0, 9, 51, 101, 104, 105, 113, 127, 219, 239, 276};
    constexpr auto count = static_cast<unsigned>(std::size(link_types));
    read_frames(link_types[data[0] % count], bytes.subspan(1), data[0] / count);
    return 0;
}
