#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/packet.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace rtpsynth;

namespace {

const report_block plain_block{1, 2, 3, 4, 5, 6, 7};

bool is(const result<void>& r, errc e) { return r.has_error() && r.error() == e; }

} // namespace

BOOST_AUTO_TEST_CASE(bytes_of_a_receiver_report_by_hand) {
    std::array<std::uint8_t, 64> storage;
    storage.fill(0xee);
    rtcp_builder builder(storage);
    const report_block block{0x01020304, 0x80, -2, 0x05060708, 0x090a0b0c, 0x0d0e0f10, 0x11121314};
    BOOST_REQUIRE(builder.add_receiver_report(0xa1a2a3a4, {&block, 1}));
    BOOST_REQUIRE(builder.add_cname(0xa1a2a3a4, "x@y"));
    const std::uint8_t expected[] = {
        0x81, 201, 0, 7, 0xa1, 0xa2, 0xa3, 0xa4, 1,  2,  3,   4,   0x80, 0xff, 0xff, 0xfe,
        5,    6,   7, 8, 9,    10,   11,   12,   13, 14, 15,  16,  17,   18,   19,   20,
        0x81, 202, 0, 3, 0xa1, 0xa2, 0xa3, 0xa4, 1,  3,  'x', '@', 'y',  0,    0,    0};
    BOOST_TEST(builder.bytes() == expected, boost::test_tools::per_element());
    BOOST_CHECK_EQUAL(storage[48], 0xee);
}

BOOST_AUTO_TEST_CASE(text_is_padded_with_zeros_to_a_word) {
    // Of a CNAME also when it ends on a word: the list has to end with a null.
    for (std::size_t size = 1; size <= 255; ++size) {
        std::array<std::uint8_t, 600> storage;
        storage.fill(0xee);
        rtcp_builder builder(storage);
        const std::string text(size, 'n');
        const std::uint32_t ssrcs[] = {5};
        builder.add_receiver_report(5).value();
        builder.add_cname(5, text).value();
        BOOST_REQUIRE_EQUAL(builder.bytes().size(), 8 + 8 + (size + 3 + 3) / 4 * 4);
        for (std::size_t i = 8 + 8 + 2 + size; i < builder.bytes().size(); ++i) {
            BOOST_REQUIRE_EQUAL(storage[i], 0);
        }
        const std::size_t bye = builder.bytes().size();
        builder.add_bye(ssrcs, text).value();
        BOOST_REQUIRE_EQUAL(builder.bytes().size(), bye + 8 + (size + 1 + 3) / 4 * 4);
        for (std::size_t i = bye + 8 + 1 + size; i < builder.bytes().size(); ++i) {
            BOOST_REQUIRE_EQUAL(storage[i], 0);
        }
        BOOST_REQUIRE_EQUAL(storage[builder.bytes().size()], 0xee);
    }
}

BOOST_AUTO_TEST_CASE(bad_arguments_change_nothing) {
    std::array<std::uint8_t, 1500> storage{};
    rtcp_builder builder(storage);
    const std::uint32_t ssrcs[32] = {};
    // In compound mode a report comes first.
    BOOST_CHECK(is(builder.add_cname(1, "x"), errc::invalid_argument));
    BOOST_CHECK(is(builder.add_bye({ssrcs, 1}), errc::invalid_argument));
    BOOST_CHECK(builder.bytes().empty());

    builder.add_receiver_report(1).value();
    const std::array<std::uint8_t, 1500> before = storage;
    const std::vector<report_block> blocks(32, plain_block);
    report_block wide = plain_block;
    BOOST_CHECK(is(builder.add_receiver_report(1, blocks), errc::invalid_argument));
    BOOST_CHECK(is(builder.add_sender_report(1, {}, blocks), errc::invalid_argument));
    for (const std::int32_t lost : {cumulative_lost_min - 1, cumulative_lost_max + 1,
                                    std::numeric_limits<std::int32_t>::min()}) {
        wide.cumulative_lost = lost;
        BOOST_CHECK(is(builder.add_receiver_report(1, {&wide, 1}), errc::invalid_argument));
    }
    BOOST_CHECK(is(builder.add_cname(1, ""), errc::invalid_argument));
    BOOST_CHECK(is(builder.add_cname(1, std::string(256, 'x')), errc::invalid_argument));
    BOOST_CHECK(is(builder.add_bye({}), errc::invalid_argument));
    BOOST_CHECK(is(builder.add_bye(ssrcs), errc::invalid_argument));
    BOOST_CHECK(is(builder.add_bye({ssrcs, 1}, std::string(256, 'x')), errc::invalid_argument));
    BOOST_CHECK_EQUAL(builder.bytes().size(), 8U);
    BOOST_CHECK(storage == before);

    rtcp_builder reduced(storage, rtcp_mode::reduced_size);
    BOOST_CHECK(reduced.add_bye({ssrcs, 1}));
    reduced.clear();
    BOOST_CHECK(reduced.add_cname(1, "x"));
}

BOOST_AUTO_TEST_CASE(storage_too_small_changes_nothing) {
    const std::vector<report_block> blocks(31, plain_block);
    const std::uint32_t ssrcs[31] = {};
    const std::string text(255, 't');
    std::size_t needed = 0;
    for (std::size_t size = 0; size <= 1500; ++size) {
        std::vector<std::uint8_t> storage(size, 0xee); // of this size exactly, for ASan
        rtcp_builder builder(storage);
        const auto add = [&](auto&& call) {
            const std::size_t before = builder.bytes().size();
            if (const result<void> added = call())
                return true;
            else
                BOOST_REQUIRE(added.error() == errc::buffer_too_small);
            BOOST_REQUIRE_EQUAL(builder.bytes().size(), before);
            const auto rest = std::span(storage).subspan(before);
            BOOST_REQUIRE(std::all_of(rest.begin(), rest.end(), [](auto b) { return b == 0xee; }));
            return false;
        };
        const bool all = add([&] { return builder.add_sender_report(1, {}, blocks); }) &&
                         add([&] { return builder.add_cname(1, text); }) &&
                         add([&] { return builder.add_bye(ssrcs, text); });
        if (all && needed == 0) needed = size;
    }
    BOOST_CHECK_EQUAL(needed, 772U + 268 + 384);
    BOOST_CHECK(is(rtcp_builder({}).add_receiver_report(1), errc::buffer_too_small));
}

BOOST_AUTO_TEST_CASE(parsing_returns_what_was_built_at_random) {
    std::mt19937 random(42);
    const auto u32 = [&] { return static_cast<std::uint32_t>(random()); };
    const auto text = [&](std::size_t least) {
        std::string s(least + random() % (256 - least), '\0');
        for (char& c : s) c = static_cast<char>(random()); // nulls too: texts are counted
        return s;
    };
    for (unsigned round = 0; round < 2000; ++round) {
        const bool from_sender = round % 2 == 0;
        const sender_info sender{ntp_time{std::uint64_t{u32()} << 32 | u32()}, u32(), u32(), u32()};
        std::vector<report_block> blocks(random() % 32);
        for (report_block& b : blocks) {
            b = {u32(), static_cast<std::uint8_t>(random()), 0, u32(), u32(), u32(), u32()};
            b.cumulative_lost = static_cast<std::int32_t>(random() % 0x100'0000) - 0x80'0000;
        }
        const std::uint32_t ssrc = u32();
        const std::string cname = text(1);
        std::vector<std::uint32_t> leaving(1 + random() % 31);
        std::generate(leaving.begin(), leaving.end(), u32);
        const std::string reason = text(0);

        std::array<std::uint8_t, 1500> storage;
        storage.fill(0xff);
        rtcp_builder builder(storage);
        if (from_sender)
            builder.add_sender_report(ssrc, sender, blocks).value();
        else
            builder.add_receiver_report(ssrc, blocks).value();
        builder.add_cname(ssrc, cname).value();
        builder.add_bye(leaving, reason).value();

        const auto compound = rtcp_compound_view::parse(builder.bytes()).value();
        const std::vector<rtcp_packet_view> packets(compound.begin(), compound.end());
        BOOST_REQUIRE_EQUAL(packets.size(), 3U);
        const auto report = rtcp_report_view::parse(packets[0]).value();
        BOOST_REQUIRE_EQUAL(report.ssrc(), ssrc);
        BOOST_REQUIRE_EQUAL(report.sender().has_value(), from_sender);
        if (from_sender) BOOST_REQUIRE(*report.sender() == sender);
        BOOST_REQUIRE_EQUAL(report.block_count(), blocks.size());
        for (unsigned i = 0; i < blocks.size(); ++i) BOOST_REQUIRE(report.block(i) == blocks[i]);
        BOOST_REQUIRE(report.extension().empty());
        const auto sdes = rtcp_sdes_view::parse(packets[1]).value();
        BOOST_REQUIRE_EQUAL(std::distance(sdes.begin(), sdes.end()), 1);
        BOOST_REQUIRE_EQUAL((*sdes.begin()).ssrc(), ssrc);
        BOOST_REQUIRE_EQUAL((*sdes.begin()).cname().value(), cname);
        const auto bye = rtcp_bye_view::parse(packets[2]).value();
        BOOST_REQUIRE_EQUAL(bye.ssrc_count(), leaving.size());
        for (unsigned i = 0; i < leaving.size(); ++i) BOOST_REQUIRE(bye.ssrc(i) == leaving[i]);
        BOOST_REQUIRE_EQUAL(bye.reason(), reason);
    }
}
