#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/packet.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(rtpsynth::rtcp_type)
BOOST_TEST_DONT_PRINT_LOG_VALUE(rtpsynth::errc)

namespace {

using bytes = std::vector<std::uint8_t>;

bytes from_hex(std::string_view hex) {
    bytes out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out.push_back(
            static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

std::vector<rtcp_packet_view> packets_of(const rtcp_compound_view& compound) {
    return {compound.begin(), compound.end()};
}

// SR of one block, SDES, BYE, APP, an RTPFB and an XR: one of each, the last one padded.
bytes sample() {
    std::array<std::uint8_t, 512> storage{};
    rtcp_builder builder(storage);
    const report_block block{9, 1, -2, 3, 4, 5, 6};
    const std::uint32_t ssrcs[] = {1, 2};
    builder.add_sender_report(1, {ntp_time{7}, 8, 9, 10}, {&block, 1}).value();
    builder.add_cname(1, "a@b.example").value();
    builder.add_bye(ssrcs, "later").value();
    bytes out(builder.bytes().begin(), builder.bytes().end());
    for (const auto* hex : {"85cc000200000001746f6e65", "81cd0003000000010000000200030001",
                            "a0cf0003000000010000000000000008"}) {
        const bytes packet = from_hex(hex);
        out.insert(out.end(), packet.begin(), packet.end());
    }
    return out;
}

// Reads all fields of a copy that ends where the datagram does, so that ASan sees a read past it.
// Returns the number of packets, 0 if refused.
unsigned read_all(const bytes& datagram, rtcp_mode mode) {
    const auto copy = std::make_unique<std::uint8_t[]>(datagram.size());
    std::copy(datagram.begin(), datagram.end(), copy.get());
    const auto compound = rtcp_compound_view::parse({copy.get(), datagram.size()}, mode);
    if (!compound) return 0;
    unsigned packets = 0;
    std::size_t size = 0;
    std::uint64_t sum = 0;
    for (const rtcp_packet_view packet : *compound) {
        ++packets;
        size += packet.bytes().size();
        for (const auto b : packet.body()) sum += b;
        if (const auto report = rtcp_report_view::parse(packet)) {
            sum += report->ssrc() + report->extension().size();
            if (const auto sender = report->sender()) sum += sender->ntp.value();
            for (std::size_t i = 0; i < report->block_count(); ++i) sum += report->block(i).jitter;
        }
        if (const auto sdes = rtcp_sdes_view::parse(packet)) {
            for (const sdes_chunk chunk : *sdes) {
                sum += chunk.ssrc() + chunk.cname().has_value();
                for (const sdes_item& item : chunk) {
                    for (const char c : item.text) sum += static_cast<unsigned char>(c);
                }
            }
        }
        if (const auto bye = rtcp_bye_view::parse(packet)) {
            for (std::size_t i = 0; i < bye->ssrc_count(); ++i) sum += bye->ssrc(i);
            for (const char c : bye->reason()) sum += static_cast<unsigned char>(c);
        }
    }
    BOOST_TEST_REQUIRE(size == datagram.size());
    [[maybe_unused]] static volatile std::uint64_t sink;
    sink = sum;
    return packets;
}

errc error_of(const bytes& datagram, rtcp_mode mode = rtcp_mode::compound) {
    const auto compound = rtcp_compound_view::parse(datagram, mode);
    return compound ? errc{} : compound.error();
}

// A lone packet; its own view is asked for.
template <class View>
bool accepted(std::string_view hex) {
    const bytes datagram = from_hex(hex);
    const auto compound = rtcp_compound_view::parse(datagram, rtcp_mode::reduced_size);
    BOOST_REQUIRE(compound);
    return View::parse(*compound->begin()).has_value();
}

} // namespace

// Recorded from `ffmpeg -re -f lavfi -i sine=frequency=440:sample_rate=8000 -c:a pcm_alaw -f rtp
// -cname tone@example.org -rtpflags send_bye rtp://127.0.0.1:47110` (ffmpeg 5.1.9), at its end.
BOOST_AUTO_TEST_CASE(reads_what_ffmpeg_sends) {
    const bytes datagram = from_hex("80c80006efb8cc30eead9a865be76c8b2609cb72000000370000dac0"
                                    "81ca0006efb8cc300110746f6e65406578616d706c652e6f72670000"
                                    "81cb0001efb8cc30");
    const auto compound = rtcp_compound_view::parse(datagram).value();
    const auto packets = packets_of(compound);
    BOOST_REQUIRE_EQUAL(packets.size(), 3U);
    const auto report = rtcp_report_view::parse(packets[0]).value();
    BOOST_CHECK_EQUAL(report.ssrc(), 0xefb8cc30U);
    BOOST_CHECK_EQUAL(report.block_count(), 0U);
    BOOST_REQUIRE(report.sender());
    BOOST_CHECK_EQUAL(report.sender()->ntp.value(), 0xeead'9a86'5be7'6c8bU);
    BOOST_CHECK_EQUAL(report.sender()->rtp_timestamp, 0x2609'cb72U);
    BOOST_CHECK_EQUAL(report.sender()->packet_count, 55U);
    BOOST_CHECK_EQUAL(report.sender()->octet_count, 56000U);
    const auto sdes = rtcp_sdes_view::parse(packets[1]).value();
    BOOST_REQUIRE_EQUAL(std::distance(sdes.begin(), sdes.end()), 1);
    BOOST_CHECK_EQUAL((*sdes.begin()).ssrc(), 0xefb8cc30U);
    BOOST_CHECK_EQUAL((*sdes.begin()).cname().value(), "tone@example.org");
    const auto bye = rtcp_bye_view::parse(packets[2]).value();
    BOOST_REQUIRE_EQUAL(bye.ssrc_count(), 1U);
    BOOST_CHECK_EQUAL(bye.ssrc(0), 0xefb8cc30U);
    BOOST_CHECK_EQUAL(bye.reason(), "");

    // There is only one way to write these three packets, so ours must be the same bytes.
    std::array<std::uint8_t, 64> storage{};
    rtcp_builder builder(storage);
    const std::uint32_t ssrcs[] = {0xefb8cc30};
    builder.add_sender_report(report.ssrc(), *report.sender()).value();
    builder.add_cname(0xefb8cc30, "tone@example.org").value();
    builder.add_bye(ssrcs).value();
    BOOST_TEST(builder.bytes() == datagram, boost::test_tools::per_element());
}

// Recorded from the rtpbin of GStreamer 1.22.0 that received a stream like the one above, with
// sdes="application/x-rtp-source-sdes,cname=(string)bob@example.org,tool=(string)GStreamer".
BOOST_AUTO_TEST_CASE(reads_what_gstreamer_sends) {
    const bytes datagram = from_hex(
        "81c90007f70a9f41dd21a2520000000000000c6d000000189affbb6400028f4c"
        "81ca0009f70a9f41010f626f62406578616d706c652e6f726706094753747265616d657200000000");
    const auto compound = rtcp_compound_view::parse(datagram).value();
    const auto packets = packets_of(compound);
    BOOST_REQUIRE_EQUAL(packets.size(), 2U);
    const auto report = rtcp_report_view::parse(packets[0]).value();
    BOOST_CHECK_EQUAL(report.ssrc(), 0xf70a9f41U);
    BOOST_CHECK(!report.sender());
    BOOST_REQUIRE_EQUAL(report.block_count(), 1U);
    const report_block expected{0xdd21a252, 0, 0, 3181, 24, 0x9affbb64, 0x00028f4c};
    BOOST_CHECK(report.block(0) == expected);
    const auto sdes = rtcp_sdes_view::parse(packets[1]).value();
    const sdes_chunk chunk = *sdes.begin();
    const std::vector<sdes_item> items(chunk.begin(), chunk.end());
    BOOST_REQUIRE_EQUAL(items.size(), 2U);
    BOOST_CHECK(items[0].type == sdes_type::cname && items[0].text == "bob@example.org");
    BOOST_CHECK(items[1].type == sdes_type::tool && items[1].text == "GStreamer");
}

BOOST_AUTO_TEST_CASE(validity_checks_of_a_2) {
    BOOST_CHECK(error_of({}) == errc::packet_too_short);
    BOOST_CHECK(error_of(from_hex("80c900")) == errc::packet_too_short);
    BOOST_CHECK(error_of(from_hex("40c9000100000001")) == errc::bad_version);
    BOOST_CHECK(error_of(from_hex("80c9000100000001")) == errc{});
    BOOST_CHECK(error_of(from_hex("80ca000100000001")) == errc::bad_rtcp);         // SDES first
    BOOST_CHECK(error_of(from_hex("80c9000200000001")) == errc::bad_rtcp);         // too short
    BOOST_CHECK(error_of(from_hex("80c900010000000100")) == errc::bad_rtcp);       // a rest
    BOOST_CHECK(error_of(from_hex("80c900010000000140cb0000")) == errc::bad_rtcp); // version
    BOOST_CHECK(error_of(from_hex("a0c900020000000100000004")) == errc::bad_rtcp); // padded first
    const std::string rr = "80c9000100000001";
    BOOST_CHECK(error_of(from_hex(rr + "a0cb000100000004")) == errc{});
    BOOST_CHECK(error_of(from_hex(rr + "a0cb000100000000")) == errc::bad_rtcp);
    BOOST_CHECK(error_of(from_hex(rr + "a0cb000100000003")) == errc::bad_rtcp);
    BOOST_CHECK(error_of(from_hex(rr + "a0cb000100000008")) == errc::bad_rtcp);
    BOOST_CHECK(error_of(from_hex(rr + "a0cb0000")) == errc::bad_rtcp);
    BOOST_CHECK(error_of(from_hex(rr + "a0cb00010000000480cb0000")) == errc::bad_rtcp); // not last
}

BOOST_AUTO_TEST_CASE(reduced_size_takes_any_rtcp_type_first) {
    constexpr auto reduced = rtcp_mode::reduced_size;
    const bytes nack = from_hex("81cd0003000000010000000200030001");
    BOOST_CHECK(error_of(nack) == errc::bad_rtcp);
    BOOST_CHECK(error_of(nack, reduced) == errc{});
    BOOST_CHECK(error_of(from_hex("a0c900020000000100000004"), reduced) == errc{});
    BOOST_CHECK(error_of(from_hex("80c00000"), reduced) == errc{});
    BOOST_CHECK(error_of(from_hex("80df0000"), reduced) == errc{});
    BOOST_CHECK(error_of(from_hex("80bf0000"), reduced) == errc::bad_rtcp);
    BOOST_CHECK(error_of(from_hex("80e00000"), reduced) == errc::bad_rtcp);
}

BOOST_AUTO_TEST_CASE(unknown_packet_types_are_iterated_over) {
    const bytes datagram = sample();
    const auto compound = rtcp_compound_view::parse(datagram).value();
    const auto packets = packets_of(compound);
    BOOST_REQUIRE_EQUAL(packets.size(), 6U);
    BOOST_CHECK(packets[3].type() == rtcp_type::application && packets[3].count() == 5);
    BOOST_TEST(packets[3].body() == from_hex("00000001746f6e65"), boost::test_tools::per_element());
    BOOST_CHECK(packets[4].type() == rtcp_type::transport_feedback);
    BOOST_CHECK(packets[5].type() == rtcp_type::extended_report);
    BOOST_CHECK_EQUAL(packets[5].padding(), 8U);
    BOOST_CHECK_EQUAL(packets[5].body().size(), 4U);
    BOOST_CHECK_EQUAL(packets[5].bytes().size(), 16U);
    BOOST_CHECK(!rtcp_report_view::parse(packets[3]));
    BOOST_CHECK(!rtcp_sdes_view::parse(packets[3]));
    BOOST_CHECK(!rtcp_bye_view::parse(packets[3]));
}

BOOST_AUTO_TEST_CASE(truncated_contents_are_refused) {
    BOOST_CHECK(accepted<rtcp_report_view>("80c9000100000001"));
    BOOST_CHECK(!accepted<rtcp_report_view>("80c90000"));
    BOOST_CHECK(!accepted<rtcp_report_view>("80c8000100000001"));
    BOOST_CHECK(!accepted<rtcp_report_view>("81c9000100000001"));
    BOOST_CHECK(accepted<rtcp_sdes_view>("80ca0000"));
    BOOST_CHECK(!accepted<rtcp_sdes_view>("81ca0000"));
    BOOST_CHECK(!accepted<rtcp_sdes_view>("81ca000100000001"));        // no end of list
    BOOST_CHECK(accepted<rtcp_sdes_view>("81ca00020000000100000000")); // no items
    BOOST_CHECK(accepted<rtcp_sdes_view>("81ca00020000000101016100"));
    BOOST_CHECK(!accepted<rtcp_sdes_view>("81ca00020000000101026161")); // no end of list
    BOOST_CHECK(!accepted<rtcp_sdes_view>("81ca00020000000101036161")); // text runs out
    BOOST_CHECK(!accepted<rtcp_sdes_view>("81ca00020000000101006101")); // type without a size
    BOOST_CHECK(!accepted<rtcp_sdes_view>("82ca00020000000101016100")); // second chunk missing
    BOOST_CHECK(accepted<rtcp_bye_view>("80cb0000"));
    BOOST_CHECK(!accepted<rtcp_bye_view>("81cb0000"));
    BOOST_CHECK(accepted<rtcp_bye_view>("80cb000103616263"));
    BOOST_CHECK(!accepted<rtcp_bye_view>("80cb000104616263"));
}

BOOST_AUTO_TEST_CASE(several_chunks_and_items) {
    const bytes datagram = from_hex("82ca0006"
                                    "00000001"
                                    "0801780101620000"
                                    "00000002"
                                    "01026363"
                                    "00000000");
    const auto compound = rtcp_compound_view::parse(datagram, rtcp_mode::reduced_size).value();
    const auto sdes = rtcp_sdes_view::parse(*compound.begin()).value();
    const std::vector<sdes_chunk> chunks(sdes.begin(), sdes.end());
    BOOST_REQUIRE_EQUAL(chunks.size(), 2U);
    BOOST_CHECK_EQUAL(chunks[0].ssrc(), 1U);
    BOOST_CHECK_EQUAL(chunks[0].cname().value(), "b"); // behind a PRIV
    BOOST_CHECK_EQUAL(chunks[1].ssrc(), 2U);
    BOOST_CHECK_EQUAL(chunks[1].cname().value(), "cc");
    const bytes nameless = from_hex("81ca00020000000102016100");
    const auto other = rtcp_compound_view::parse(nameless, rtcp_mode::reduced_size).value();
    BOOST_CHECK(!(*rtcp_sdes_view::parse(*other.begin()).value().begin()).cname());
}

BOOST_AUTO_TEST_CASE(profile_extensions_follow_the_blocks) {
    const bytes datagram = from_hex("81c9000800000001" + std::string(48, '0') + "12345678");
    const auto compound = rtcp_compound_view::parse(datagram).value();
    const auto report = rtcp_report_view::parse(*compound.begin()).value();
    BOOST_TEST(report.extension() == from_hex("12345678"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused_or_ends_between_packets) {
    const bytes whole = sample();
    unsigned accepted_sizes = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        accepted_sizes += read_all(cut, rtcp_mode::compound) != 0;
        BOOST_CHECK_EQUAL(read_all(cut, rtcp_mode::reduced_size),
                          read_all(cut, rtcp_mode::compound));
    }
    BOOST_CHECK_EQUAL(accepted_sizes, 5U);
    BOOST_CHECK_EQUAL(read_all(whole, rtcp_mode::compound), 6U);
}

BOOST_AUTO_TEST_CASE(every_corrupt_byte_is_refused_or_read_in_bounds) {
    bytes datagram = sample();
    unsigned refused = 0;
    for (std::uint8_t& byte : datagram) {
        const std::uint8_t good = byte;
        for (unsigned value = 0; value < 256; ++value) {
            byte = static_cast<std::uint8_t>(value);
            refused += read_all(datagram, rtcp_mode::compound) == 0;
            read_all(datagram, rtcp_mode::reduced_size);
        }
        byte = good;
    }
    // At least the 192 wrong versions of 6 packets and the 254 wrong types of the first.
    BOOST_CHECK_GE(refused, 6U * 192 + 254);
}

BOOST_AUTO_TEST_CASE(random_bytes_are_refused_or_read_in_bounds) {
    std::mt19937 random(7);
    unsigned accepted_count = 0;
    for (unsigned round = 0; round < 20'000; ++round) {
        bytes datagram(4 * (random() % 12));
        for (auto& byte : datagram) byte = static_cast<std::uint8_t>(random());
        for (std::size_t at = 0; at + 4 <= datagram.size();) { // headers that add up
            const std::size_t words = random() % ((datagram.size() - at) / 4);
            datagram[at] = static_cast<std::uint8_t>(0x80 | random() % 4);
            datagram[at + 1] = static_cast<std::uint8_t>(200 + random() % 4);
            datagram[at + 2] = 0;
            datagram[at + 3] = static_cast<std::uint8_t>(words);
            at += 4 + 4 * words;
        }
        accepted_count += read_all(datagram, rtcp_mode::reduced_size) != 0;
    }
    BOOST_CHECK_GT(accepted_count, 10'000U);
}
