#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

using namespace rtpsynth;

namespace {

using bytes = std::vector<std::uint8_t>;

voip_metrics sample() {
    voip_metrics m;
    m.ssrc = 0x01020304;
    m.loss_rate = 5;
    m.discard_rate = 6;
    m.burst_density = 7;
    m.gap_density = 8;
    m.burst_duration = 0x090a;
    m.gap_duration = 0x0b0c;
    m.round_trip_delay = 0x0d0e;
    m.end_system_delay = 0x0f10;
    m.signal_level = -17;
    m.noise_level = -63;
    m.rerl = 55;
    m.gmin = 16;
    m.r_factor = 93;
    m.ext_r_factor = 127;
    m.mos_lq = 44;
    m.mos_cq = 43;
    m.concealment = loss_concealment::enhanced;
    m.buffer = buffer_kind::adaptive;
    m.buffer_rate = 9;
    m.buffer_nominal = 40;
    m.buffer_maximum = 80;
    m.buffer_abs_maximum = 0x0102;
    return m;
}

// A packet type, a count and a body, as they come in a datagram.
rtcp_packet_view packet_of(const bytes& datagram) {
    return *rtcp_compound_view::parse(datagram, rtcp_mode::reduced_size).value().begin();
}

bytes extended_report(const bytes& blocks, std::uint8_t type = 207) {
    bytes out{0x80, type, 0, static_cast<std::uint8_t>(1 + blocks.size() / 4), 0, 0, 0, 9};
    out.insert(out.end(), blocks.begin(), blocks.end());
    return out;
}

bool parses(const bytes& datagram) { return rtcp_xr_view::parse(packet_of(datagram)).has_value(); }

bytes voip_block(std::uint8_t type, std::uint8_t words) {
    bytes block(4 + std::size_t{4} * words);
    block[0] = type;
    block[3] = words;
    return block;
}

} // namespace

BOOST_AUTO_TEST_CASE(bytes_of_voip_metrics_by_hand) {
    std::array<std::uint8_t, 64> storage;
    storage.fill(0xee);
    rtcp_builder builder(storage, rtcp_mode::reduced_size);
    const voip_metrics metrics = sample();
    BOOST_REQUIRE(builder.add_voip_metrics(0xa1a2a3a4, {&metrics, 1}));
    const std::uint8_t expected[] = {
        0x80, 207, 0,  10, 0xa1, 0xa2, 0xa3, 0xa4, // header
        7,    0,   0,  8,  1,    2,    3,    4,    // block
        5,    6,   7,  8,  9,    10,   11,   12,   // rates, durations
        13,   14,  15, 16, 0xef, 0xc1, 55,   16,   // delays, levels, RERL, Gmin
        93,   127, 44, 43, 0xb9, 0,    0,    40,   // ratings, RX config
        0,    80,  1,  2};                         // jitter buffer
    BOOST_TEST(builder.bytes() == expected, boost::test_tools::per_element());
    BOOST_CHECK_EQUAL(storage[sizeof expected], 0xee);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
    std::array<std::uint8_t, 1500> storage;
    rtcp_builder builder(storage);
    std::vector<voip_metrics> metrics(31, sample());
    metrics[1] = {};
    for (std::size_t i = 0; i < metrics.size(); ++i) metrics[i].ssrc = static_cast<unsigned>(i);
    builder.add_receiver_report(5).value();
    builder.add_voip_metrics(5, metrics).value();
    builder.add_voip_metrics(6, {}).value();
    builder.add_cname(5, "x").value();
    const auto compound = rtcp_compound_view::parse(builder.bytes()).value();
    std::vector<rtcp_packet_view> packets(compound.begin(), compound.end());
    BOOST_REQUIRE_EQUAL(packets.size(), 4U);
    const auto report = rtcp_xr_view::parse(packets[1]).value();
    BOOST_CHECK_EQUAL(report.ssrc(), 5U);
    std::size_t i = 0;
    for (const xr_block_view block : report) {
        BOOST_CHECK(block.type() == xr_block_type::voip_metrics);
        BOOST_CHECK_EQUAL(block.type_specific(), 0);
        BOOST_REQUIRE(i < metrics.size());
        BOOST_CHECK(block.as_voip_metrics().value() == metrics[i++]);
    }
    BOOST_CHECK_EQUAL(i, metrics.size());
    const auto none = rtcp_xr_view::parse(packets[2]).value();
    BOOST_CHECK(none.begin() == none.end());
    BOOST_CHECK_EQUAL(none.ssrc(), 6U);
    BOOST_CHECK(!rtcp_xr_view::parse(packets[0]));
    BOOST_CHECK(!rtcp_xr_view::parse(packets[3]));
}

BOOST_AUTO_TEST_CASE(defaults_say_unavailable) {
    const voip_metrics none;
    for (const int value :
         {none.signal_level + 0, none.noise_level + 0, none.rerl + 0, none.r_factor + 0,
          none.ext_r_factor + 0, none.mos_lq + 0, none.mos_cq + 0}) {
        BOOST_CHECK_EQUAL(value, 127);
    }
    BOOST_CHECK_EQUAL(none.gmin, 16);
}

BOOST_AUTO_TEST_CASE(bad_arguments_change_nothing) {
    std::array<std::uint8_t, 1500> storage{};
    const auto fails = [&](rtcp_builder& builder, const std::vector<voip_metrics>& metrics,
                           errc with) {
        const bytes before(builder.bytes().begin(), builder.bytes().end());
        const auto added = builder.add_voip_metrics(1, metrics);
        return added.has_error() && added.error() == with &&
               bytes(builder.bytes().begin(), builder.bytes().end()) == before;
    };
    rtcp_builder builder(storage);
    BOOST_CHECK(fails(builder, {sample()}, errc::invalid_argument)); // first in a compound
    builder.add_receiver_report(1).value();
    voip_metrics wrong = sample();
    wrong.buffer_rate = 16;
    BOOST_CHECK(fails(builder, {sample(), wrong}, errc::invalid_argument));
    wrong = sample();
    wrong.concealment = static_cast<loss_concealment>(4);
    BOOST_CHECK(fails(builder, {wrong}, errc::invalid_argument));
    wrong = sample();
    wrong.buffer = static_cast<buffer_kind>(4);
    BOOST_CHECK(fails(builder, {wrong}, errc::invalid_argument));
    BOOST_CHECK(fails(builder, std::vector<voip_metrics>(32), errc::invalid_argument));

    for (std::size_t size = 0; size < 44; ++size) {
        bytes small(size); // of this size exactly, for ASan
        rtcp_builder reduced(small, rtcp_mode::reduced_size);
        BOOST_CHECK(fails(reduced, {sample()}, errc::buffer_too_small));
    }
    bytes enough(44);
    rtcp_builder reduced(enough, rtcp_mode::reduced_size);
    BOOST_CHECK(reduced.add_voip_metrics(1, std::array{sample()}));
}

BOOST_AUTO_TEST_CASE(blocks_are_checked) {
    BOOST_CHECK(parses(extended_report({})));
    BOOST_CHECK(!parses({0x80, 207, 0, 0}));             // no SSRC
    BOOST_CHECK(!parses(extended_report({}, 206)));      // another type
    BOOST_CHECK(parses(extended_report({4, 0, 0, 0})));  // a block without a body
    BOOST_CHECK(!parses(extended_report({4, 0, 0, 1}))); // a body that is not there
    BOOST_CHECK(!parses(extended_report({4, 0, 255, 255})));
    BOOST_CHECK(parses(extended_report({99, 3, 0, 1, 1, 2, 3, 4, 4, 0, 0, 0})));
    BOOST_CHECK(!parses(extended_report({99, 3, 0, 1, 1, 2, 3, 4, 4, 0, 0, 2})));
}

BOOST_AUTO_TEST_CASE(unknown_blocks_are_passed_over) {
    bytes blocks{99, 3, 0, 1, 1, 2, 3, 4};
    for (const bytes& block : {voip_block(7, 8), voip_block(4, 2)})
        blocks.insert(blocks.end(), block.begin(), block.end());
    const bytes datagram = extended_report(blocks);
    const auto report = rtcp_xr_view::parse(packet_of(datagram)).value();
    const std::vector<xr_block_view> read(report.begin(), report.end());
    BOOST_REQUIRE_EQUAL(read.size(), 3U);
    BOOST_CHECK(read[0].type() == static_cast<xr_block_type>(99));
    BOOST_CHECK_EQUAL(read[0].type_specific(), 3);
    BOOST_TEST(read[0].body() == bytes({1, 2, 3, 4}), boost::test_tools::per_element());
    BOOST_CHECK(read[1].as_voip_metrics().has_value());
    BOOST_CHECK(read[2].type() == xr_block_type::receiver_reference_time);
    BOOST_CHECK_EQUAL(read[2].bytes().size(), 12U);
    BOOST_CHECK(!read[0].as_voip_metrics());
    BOOST_CHECK(!read[2].as_voip_metrics());
}

BOOST_AUTO_TEST_CASE(metrics_of_another_length_are_refused) {
    for (const std::uint8_t words : std::to_array<std::uint8_t>({0, 7, 8, 9})) {
        const bytes datagram = extended_report(voip_block(7, words));
        const auto report = rtcp_xr_view::parse(packet_of(datagram)).value();
        BOOST_CHECK_EQUAL((*report.begin()).as_voip_metrics().has_value(), words == 8);
    }
}

BOOST_AUTO_TEST_CASE(padding_is_no_block) {
    bytes datagram = extended_report({4, 0, 0, 0, 0, 0, 0, 4});
    datagram[0] |= 0x20;
    const auto report = rtcp_xr_view::parse(packet_of(datagram)).value();
    BOOST_CHECK_EQUAL(std::distance(report.begin(), report.end()), 1);
}

BOOST_AUTO_TEST_CASE(random_blocks_are_refused_or_read_in_bounds) {
    std::mt19937 random(11);
    unsigned accepted = 0, metrics = 0;
    for (unsigned round = 0; round < 20'000; ++round) {
        bytes blocks(4 * (random() % 30));
        for (auto& byte : blocks) byte = static_cast<std::uint8_t>(random());
        for (std::size_t at = 0; at + 4 <= blocks.size();) { // mostly lengths that add up
            const std::size_t words = random() % 3 ? 8 : random() % 10;
            blocks[at] = static_cast<std::uint8_t>(random() % 9);
            blocks[at + 2] = 0;
            blocks[at + 3] = static_cast<std::uint8_t>(words);
            at += 4 + 4 * words;
        }
        const bytes datagram = extended_report(blocks);
        const auto report = rtcp_xr_view::parse(packet_of(datagram));
        if (!report) continue;
        ++accepted;
        for (const xr_block_view block : *report) metrics += block.as_voip_metrics().has_value();
    }
    BOOST_CHECK_GT(accepted, 1'000U);
    BOOST_CHECK_GT(metrics, 100U);
}
