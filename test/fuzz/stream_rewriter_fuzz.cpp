// Packets and RTCP of any kind through stream_rewriter: every packet is accounted for, the numbers
// of the output go on, and what is translated is RTCP again.
#include "reader.hpp"

#include <rtpsynth/rtp/sequence.hpp>
#include <rtpsynth/rtp/stream_rewriter.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check, fuzz::reader;

std::vector<std::uint8_t> some_bytes(reader& in) {
    std::vector<std::uint8_t> bytes(in.byte());
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(in.byte());
    return bytes;
}

// Small steps from the packet before, or anywhere.
struct packet_source {
    reader& in;
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::uint8_t type = 0;
    time_point now{};

    std::vector<std::uint8_t> next() {
        const unsigned choice = in.byte();
        seq = static_cast<std::uint16_t>(seq + (choice & 1 ? 1 : in.byte() - 128));
        timestamp += choice & 2 ? 160 : (in.byte() - 128) * 160;
        const int ms = choice & 4 ? 20 : static_cast<int>(in.byte()) - 64;
        // What comes after the last time there is, is the first.
        now = time_point{duration{
            static_cast<std::int64_t>(static_cast<std::uint64_t>(now.time_since_epoch().count()) +
                                      static_cast<std::uint64_t>(std::int64_t{ms} * 1'000'000))}};
        if (choice & 8) ssrc = in.byte() % 8;
        if (choice & 16) type = static_cast<std::uint8_t>(in.byte() & 0x7f);
        if (choice & 32) timestamp = static_cast<std::uint32_t>(in.number(4));
        if (choice & 64) now = time_point{duration{static_cast<std::int64_t>(in.number(8))}};
        std::vector<std::uint8_t> p(16);
        p[0] = 0x80;
        p[1] = type;
        detail::store_be16(&p[2], seq);
        detail::store_be32(&p[4], timestamp);
        detail::store_be32(&p[8], ssrc);
        detail::store_be32(&p[12], choice & 1 ? 0 : static_cast<std::uint32_t>(in.number(4)));
        return p;
    }
};

// The bytes of a compound, of which the SSRCs are likely ones.
std::vector<std::uint8_t> compound(reader& in) {
    std::vector<std::uint8_t> all;
    for (unsigned packets = in.byte() % 4; packets > 0; --packets) {
        const unsigned words = in.byte() % 24;
        all.insert(all.end(), {static_cast<std::uint8_t>(0x80 | (in.byte() & 0x1f)),
                               static_cast<std::uint8_t>(200 + in.byte() % 9), 0,
                               static_cast<std::uint8_t>(words)});
        for (unsigned i = 0; i < words; ++i) {
            const unsigned first = in.byte();
            const std::uint32_t word =
                first < 128 ? first % 10 : static_cast<std::uint32_t>(in.number(4));
            all.resize(all.size() + 4);
            detail::store_be32(&all[all.size() - 4], word);
        }
    }
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in{data, size};
    stream_rewriter_options options;
    options.formats.set(101, {8000, payload_kind::event});
    options.formats.set(102, {48000, payload_kind::event});
    for (unsigned i = in.byte() % 8; i > 0; --i)
        options.payload_types.drop(static_cast<std::uint8_t>(in.byte()));
    options.forward_bye = in.byte() & 1;
    if (in.byte() & 1) options.cname = "out";
    stream_rewriter rewriter(std::array{8000U, 48000U, 1U, ~0U}[in.byte() % 4],
                             {.ssrc = 9, .timestamp = 5, .seq = 65530}, options);
    packet_source source{in};
    std::uint64_t packets = 0;
    std::int64_t highest = 65529;
    std::uint64_t source_highest = 0; // when a packet was passed on most recently
    while (!in.empty()) {
        const unsigned choice = in.byte() % 8;
        if (choice == 0) {
            rewriter.switch_source();
            continue;
        }
        if (choice <= 2) {
            const std::vector<std::uint8_t> bytes = compound(in);
            std::vector<std::uint8_t> storage(bytes.size() + (choice == 1 ? 264 : 3 * 256));
            const auto out = choice == 1 ? rewriter.translate_forward(bytes, storage)
                                         : rewriter.translate_back(bytes, storage);
            if (!out)
                check(out.error() != errc::buffer_too_small);
            else if (!out->empty())
                check(rtcp_compound_view::parse(*out, rtcp_mode::reduced_size).has_value());
            continue;
        }
        std::vector<std::uint8_t> p = choice == 3 ? some_bytes(in) : source.next();
        const std::vector<std::uint8_t> before = p;
        const auto outcome = rewriter.rewrite(p, source.now);
        check(rewriter.stats().forwarded + rewriter.stats().dropped() == ++packets);
        if (!is_forwarded(outcome)) {
            check(p == before);
            continue;
        }
        const auto view = rtp_packet_view::parse(p).value();
        check(view.ssrc() == 9);
        const std::int64_t number = unwrap_seq(view.seq(), highest);
        check(outcome != stream_rewriter::outcome::switched || number == highest + 1);
        // After an outage of whole cycles the nearest number is not the right one.
        const std::uint64_t source_now = rewriter.source_stats().extended_highest_seq();
        const bool outage =
            outcome != stream_rewriter::outcome::switched && source_now > source_highest + 3000;
        source_highest = source_now;
        highest = outage ? number : std::max(highest, number);
    }
    return 0;
}
