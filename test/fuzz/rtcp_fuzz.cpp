// Any bytes: nothing is read out of bounds, what rtcp_builder writes parses to the same, and the C
// face finds the same packets.
#include "reader.hpp"

#include <rtpreport.h>

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>
#include <rtpsynth/rtcp/packet.hpp>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check;

// Reads every byte, so that a sanitizer sees the reads.
void touch(std::string_view text) {
    unsigned sum = 0;
    for (const char c : text) sum += static_cast<unsigned char>(c);
    [[maybe_unused]] static volatile unsigned sink;
    sink = sum;
}

// What rtcp_builder must be able to write again.
struct contents {
    std::uint32_t ssrc = 0;
    std::optional<sender_info> sender = {};
    std::vector<report_block> blocks = {};
    std::vector<voip_metrics> metrics = {};
    std::vector<std::uint32_t> leaving = {};
    std::string_view text = {}; // a CNAME or a BYE's reason

    friend bool operator==(const contents&, const contents&) = default;
};

contents read(const rtcp_report_view& report) {
    contents out{.ssrc = report.ssrc(), .sender = report.sender()};
    for (std::size_t i = 0; i < report.block_count(); ++i) {
        out.blocks.push_back(report.block(i));
        (void)round_trip_time(out.blocks.back(), out.sender ? out.sender->ntp : ntp_time{});
    }
    if (out.sender) (void)out.sender->ntp.unix_time();
    return out;
}

contents read(const rtcp_xr_view& report) {
    contents out{.ssrc = report.ssrc()};
    std::size_t size = 0;
    for (const xr_block_view block : report) {
        size += block.bytes().size();
        touch({reinterpret_cast<const char*>(block.body().data()), block.body().size()});
        if (const auto metrics = block.as_voip_metrics()) out.metrics.push_back(*metrics);
    }
    check(size % 4 == 0);
    return out;
}

contents read(const sdes_chunk& chunk) {
    for (const sdes_item& item : chunk) touch(item.text);
    return {.ssrc = chunk.ssrc(), .text = chunk.cname().value_or("")};
}

contents read(const rtcp_bye_view& bye) {
    contents out{.text = bye.reason()};
    touch(bye.reason());
    for (std::size_t i = 0; i < bye.ssrc_count(); ++i) out.leaving.push_back(bye.ssrc(i));
    return out;
}

// The one packet a builder holds.
rtcp_packet_view only_packet(const rtcp_builder& builder) {
    const auto compound = rtcp_compound_view::parse(builder.bytes(), rtcp_mode::reduced_size);
    check(compound.has_value());
    auto it = compound->begin();
    const rtcp_packet_view packet = *it;
    check(++it == compound->end());
    return packet;
}

void read_packet(const rtcp_packet_view& packet) {
    std::array<std::uint8_t, 1500> storage;
    rtcp_builder builder(storage, rtcp_mode::reduced_size);
    check(packet.body().size() + packet.padding() + 4 == packet.bytes().size());
    if (const auto report = rtcp_report_view::parse(packet)) {
        const contents c = read(*report);
        check(!!(c.sender ? builder.add_sender_report(c.ssrc, *c.sender, c.blocks)
                          : builder.add_receiver_report(c.ssrc, c.blocks)));
        check(read(rtcp_report_view::parse(only_packet(builder)).value()) == c);
    } else if (const auto extended = rtcp_xr_view::parse(packet)) {
        const contents c = read(*extended);
        check(!!builder.add_voip_metrics(c.ssrc, c.metrics) == (c.metrics.size() <= 31));
        if (c.metrics.size() > 31) return;
        check(read(rtcp_xr_view::parse(only_packet(builder)).value()) == c);
    } else if (const auto sdes = rtcp_sdes_view::parse(packet)) {
        unsigned chunks = 0;
        for (const sdes_chunk chunk : *sdes) {
            ++chunks;
            const contents c = read(chunk);
            builder.clear();
            check(!!builder.add_cname(c.ssrc, c.text) == !c.text.empty());
            if (c.text.empty()) continue;
            const auto again = rtcp_sdes_view::parse(only_packet(builder)).value();
            check(read(*again.begin()) == c);
        }
        check(chunks == packet.count());
    } else if (const auto bye = rtcp_bye_view::parse(packet)) {
        const contents c = read(*bye);
        check(!!builder.add_bye(c.leaving, c.text) == !c.leaving.empty());
        if (c.leaving.empty()) return;
        check(read(rtcp_bye_view::parse(only_packet(builder)).value()) == c);
    }
}

// Reads the datagram by the C face, and writes the reports again. Returns the number of packets.
std::size_t read_in_c(const std::uint8_t* data, std::size_t size) {
    std::size_t packets = 0, at = 0;
    rtpreport_packet packet;
    for (int found; (found = rtpreport_next(data, size, &at, &packet)) != 0;) {
        check(at <= size);
        if (found == RTPREPORT_ERTCP || found > 0) ++packets;
        if (found < 0) continue;
        for (const rtpreport_text& text : packet.texts) touch({text.bytes, text.size});
        if (packet.type != RTPREPORT_SR && packet.type != RTPREPORT_RR) continue;
        check(packet.count <= RTPREPORT_MAX_COUNT);
        std::array<std::uint8_t, 1500> storage;
        const rtpreport_sender* const sender =
            packet.type == RTPREPORT_SR ? &packet.sender : nullptr;
        const long written = rtpreport_add_report(storage.data(), storage.size(), 0, packet.ssrc,
                                                  sender, packet.blocks, packet.count);
        check(written == static_cast<long>(8 + (sender ? 20 : 0) + 24 * packet.count));
    }
    return packets;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    bool compound_ok = false;
    for (const rtcp_mode mode : {rtcp_mode::compound, rtcp_mode::reduced_size}) {
        const auto compound = rtcp_compound_view::parse({data, size}, mode);
        // A valid compound is valid in reduced_size mode, too.
        check(compound || !compound_ok);
        if (!compound) continue;
        compound_ok = true;
        std::size_t total = 0, packets = 0;
        for (const rtcp_packet_view packet : *compound) {
            total += packet.bytes().size();
            read_packet(packet);
            ++packets;
        }
        check(total == size);
        if (mode == rtcp_mode::compound) check(read_in_c(data, size) == packets);
    }
    if (!compound_ok) read_in_c(data, size);
    // From any offset the loop ends.
    std::size_t at = size == 0 ? 0 : data[0] % size;
    rtpreport_packet packet;
    while (rtpreport_next(data, size, &at, &packet) != 0) check(at <= size);
    return 0;
}
