// RTCP of the source made that of the output, and of the listener made that on the source.
#include "rewriter_packets.hpp"

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>

#include <array>
#include <iterator>

using namespace rewriter_test;

namespace {

constexpr std::uint32_t listener = 0xbbbb;
constexpr ntp_time noon{0x1234'5678'9abc'def0};

struct rtcp_fixture : fixture {
    using fixture::fixture;

    // The packets of the compound that comes out, in `storage`.
    std::vector<rtcp_packet_view> packets(const result<std::span<const std::uint8_t>>& compound) {
        BOOST_REQUIRE(compound);
        if (compound->empty()) return {};
        const auto view = rtcp_compound_view::parse(*compound, rtcp_mode::reduced_size).value();
        return {view.begin(), view.end()};
    }
    std::vector<rtcp_packet_view> forward_rtcp(std::span<const std::uint8_t> compound) {
        return packets(rewriter.translate_forward(compound, storage));
    }
    std::vector<rtcp_packet_view> back(std::span<const std::uint8_t> compound) {
        return packets(rewriter.translate_back(compound, storage));
    }
    // The block that the source gets for a block of the listener.
    std::optional<report_block> back_block(const report_block& block,
                                           std::uint32_t reporter = listener) {
        std::array<std::uint8_t, 200> in;
        rtcp_builder builder(in);
        builder.add_receiver_report(reporter, {{block}}).value();
        const auto answer = back(builder.bytes());
        BOOST_REQUIRE_EQUAL(answer.size(), 1U);
        const auto report = rtcp_report_view::parse(answer[0]).value();
        BOOST_TEST(report.ssrc() == reporter);
        if (report.block_count() == 0) return std::nullopt;
        return report.block(0);
    }
    // What the source sends as an SR; the block that it has is about another stream.
    std::vector<rtcp_packet_view> forward_sr(std::uint32_t ssrc, std::uint32_t timestamp,
                                             ntp_time ntp = noon) {
        rtcp_builder builder(in_);
        builder.add_sender_report(ssrc, {ntp, timestamp, 5, 6}, {{report_block{.ssrc = 99}}})
            .value();
        builder.add_cname(ssrc, "source").value();
        return forward_rtcp(builder.bytes());
    }

    std::array<std::uint8_t, 1500> storage;
    std::array<std::uint8_t, 500> in_;
};

void add_words(rtcp_builder& builder, rtcp_type type, std::size_t count,
               std::initializer_list<std::uint32_t> words) {
    std::uint8_t* p = builder.add_packet(type, count, 4 * words.size()).value().data();
    for (const std::uint32_t word : words) {
        detail::store_be32(p, word);
        p += 4;
    }
}

std::vector<std::uint32_t> words_of(const rtcp_packet_view& packet) {
    std::vector<std::uint32_t> words;
    for (std::size_t i = 0; i < packet.body().size(); i += 4)
        words.push_back(detail::load_be32(&packet.body()[i]));
    return words;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_sender_report_becomes_the_outputs) {
    rtcp_fixture t;
    source a{{.ssrc = 1, .timestamp = 50'000}}, b{{.ssrc = 2, .timestamp = 70'000}};
    t.begin(a.next());
    t.now += milliseconds(980);
    t.begin(b.next(bytes(80)));
    BOOST_TEST(t.out.timestamp == 9000U);
    const auto out = t.forward_sr(2, 70'000 + 4000);
    BOOST_REQUIRE_EQUAL(out.size(), 2U);
    const auto report = rtcp_report_view::parse(out[0]).value();
    BOOST_TEST(report.ssrc() == origin.ssrc);
    BOOST_TEST((report.sender() == sender_info{noon, 9000 + 4000, 2, 240}));
    BOOST_REQUIRE_EQUAL(report.block_count(), 1U);
    BOOST_TEST((report.block(0) == report_block{.ssrc = 99}));
    const auto description = rtcp_sdes_view::parse(out[1]).value();
    BOOST_TEST((*description.begin()).ssrc() == origin.ssrc);
    BOOST_TEST(((*description.begin()).cname() == "source"));
}

BOOST_AUTO_TEST_CASE(a_former_source_has_no_rtcp) {
    rtcp_fixture t;
    BOOST_TEST(t.forward_sr(1, 0).empty()); // nor one that comes before its packets
    t.begin(packet({.ssrc = 1}));
    t.begin(packet({.ssrc = 2}));
    BOOST_TEST(t.forward_sr(1, 0).empty());
    BOOST_TEST(t.forward_sr(2, 0).size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_sr_without_packets_to_compare_with_is_an_rr) {
    stream_rewriter_options options;
    options.payload_types.drop_all();
    rtcp_fixture t(options);
    t.put(packet({.ssrc = 1}));
    const auto out = t.forward_sr(1, 0);
    BOOST_REQUIRE_EQUAL(out.size(), 2U);
    BOOST_TEST(!rtcp_report_view::parse(out[0])->sender().has_value());
}

BOOST_AUTO_TEST_CASE(the_outputs_cname_takes_the_place_of_the_sources) {
    rtcp_fixture t(stream_rewriter_options{.cname = "relay"});
    t.begin(packet({.ssrc = 1}));
    const auto out = t.forward_sr(1, 0);
    BOOST_REQUIRE_EQUAL(out.size(), 2U);
    const auto description = rtcp_sdes_view::parse(out[1]).value();
    BOOST_TEST((*description.begin()).ssrc() == origin.ssrc);
    BOOST_TEST(((*description.begin()).cname() == "relay"));
}

BOOST_AUTO_TEST_CASE(the_sources_chunk_is_found_among_others) {
    rtcp_fixture t;
    t.begin(packet({.ssrc = 1}));
    rtcp_builder builder(t.in_, rtcp_mode::reduced_size);
    // CNAME "x" of 7, "ab" and NAME "c" of 1, of which the last ends with the word.
    add_words(builder, rtcp_type::source_description, 2,
              {7, 0x0101'7800, 1, 0x0102'6162, 0x0201'6300});
    const auto out = t.forward_rtcp(builder.bytes());
    BOOST_REQUIRE_EQUAL(out.size(), 1U);
    BOOST_TEST(out[0].count() == 1U);
    BOOST_TEST(words_of(out[0]) ==
                   (std::vector<std::uint32_t>{origin.ssrc, 0x0102'6162, 0x0201'6300}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(goodbyes_are_passed_on_where_asked_for) {
    for (const bool passed : {false, true}) {
        rtcp_fixture t(stream_rewriter_options{.forward_bye = passed});
        t.begin(packet({.ssrc = 1}));
        rtcp_builder builder(t.in_);
        builder.add_receiver_report(1).value();
        builder.add_bye({{5, 1}}, "bored").value();
        builder.add_bye({{6}}).value();
        const auto out = t.forward_rtcp(builder.bytes());
        BOOST_REQUIRE_EQUAL(out.size(), passed ? 2U : 1U);
        if (!passed) continue;
        const auto bye = rtcp_bye_view::parse(out[1]).value();
        BOOST_TEST(bye.ssrc_count() == 1U);
        BOOST_TEST(bye.ssrc(0) == origin.ssrc);
        BOOST_TEST(bye.reason() == "bored");
    }
}

BOOST_AUTO_TEST_CASE(what_the_source_says_of_others_has_the_outputs_ssrc) {
    rtcp_fixture t;
    t.begin(packet({.ssrc = 1}));
    rtcp_builder builder(t.in_, rtcp_mode::reduced_size);
    add_words(builder, rtcp_type::payload_feedback, 1, {1, 99});
    add_words(builder, rtcp_type::extended_report, 0, {1, 0x0400'0002, 3, 4});
    add_words(builder, rtcp_type::application, 3, {8, 0x61626364}); // another's
    add_words(builder, static_cast<rtcp_type>(210), 0, {1});
    const auto out = t.forward_rtcp(builder.bytes());
    BOOST_REQUIRE_EQUAL(out.size(), 2U);
    BOOST_TEST(words_of(out[0]) == (std::vector<std::uint32_t>{origin.ssrc, 99}),
               boost::test_tools::per_element());
    BOOST_TEST(words_of(out[1]) == (std::vector<std::uint32_t>{origin.ssrc, 0x0400'0002, 3, 4}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_report_on_the_output_becomes_one_on_the_source) {
    rtcp_fixture t;
    source a{{.ssrc = 1, .seq = 65'500}};
    t.begin(a.next());
    for (int i = 0; i < 99; ++i) t.forward(a.next()); // 65500..65599, 100..199
    BOOST_TEST(!t.back_block({.ssrc = 7, .extended_highest_seq = 199}).has_value());
    const report_block block{.ssrc = origin.ssrc,
                             .fraction_lost = 77,
                             .cumulative_lost = 10,
                             .extended_highest_seq = 199 - 20,
                             .jitter = 33};
    auto out = t.back_block(block);
    BOOST_REQUIRE(out.has_value());
    BOOST_TEST(out->ssrc == 1U);
    BOOST_TEST(out->extended_highest_seq == 65'599U - 20); // with its cycle
    BOOST_TEST(out->cumulative_lost == 10);
    BOOST_TEST(out->fraction_lost == 32); // of all 80, since it is the first
    BOOST_TEST(out->jitter == 33U);
    BOOST_TEST(t.back_block(block)->fraction_lost == 77);
    // The listener's own cycles do not matter, but what was never sent does.
    BOOST_TEST(t.back_block({.ssrc = origin.ssrc, .extended_highest_seq = 0x7'0000 | 199})
                   ->extended_highest_seq == 65'599U);
    BOOST_TEST(!t.back_block({.ssrc = origin.ssrc, .extended_highest_seq = 200}).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_lost_before_the_segment_is_taken_off) {
    rtcp_fixture t;
    source a{{.ssrc = 1}}, b{{.ssrc = 2, .seq = 500}};
    t.begin(a.next());
    for (int i = 0; i < 99; ++i) t.forward(a.next());
    const auto on_output = [](std::int32_t lost, std::uint32_t highest) {
        return report_block{.ssrc = origin.ssrc,
                            .fraction_lost = 200,
                            .cumulative_lost = lost,
                            .extended_highest_seq = highest};
    };
    BOOST_TEST(t.back_block(on_output(30, 190))->cumulative_lost == 30);
    t.begin(b.next()); // 200
    for (int i = 0; i < 9; ++i) t.forward(b.next());
    // Made before anything of the segment came.
    BOOST_TEST(!t.back_block(on_output(35, 199)).has_value());
    auto out = t.back_block(on_output(40, 207));
    BOOST_REQUIRE(out.has_value());
    BOOST_TEST(out->ssrc == 2U);
    BOOST_TEST(out->extended_highest_seq == 507U);
    BOOST_TEST(out->cumulative_lost == 5);
    BOOST_TEST(out->fraction_lost == 160); // 5 of 8
    out = t.back_block(on_output(41, 209));
    BOOST_TEST(out->cumulative_lost == 6);
    BOOST_TEST(out->fraction_lost == 200);
    // Never more than the segment has, and duplicates make less of it.
    BOOST_TEST(t.back_block(on_output(500, 209))->cumulative_lost == 10);
    BOOST_TEST(t.back_block(on_output(33, 209))->cumulative_lost == -2);
    // Another listener begins anew.
    BOOST_TEST(t.back_block(on_output(3, 209), listener + 1)->cumulative_lost == 3);
}

BOOST_AUTO_TEST_CASE(what_the_last_report_before_the_segment_had_is_taken_off) {
    rtcp_fixture t;
    t.begin(packet({.ssrc = 1}));
    report_block block{.ssrc = origin.ssrc, .cumulative_lost = -7, .extended_highest_seq = 100};
    BOOST_TEST(t.back_block(block)->cumulative_lost == -7);
    t.begin(packet({.ssrc = 2}));
    block.extended_highest_seq = 101;
    BOOST_TEST(t.back_block(block)->cumulative_lost == 0);
}

BOOST_AUTO_TEST_CASE(last_sr_is_that_of_the_present_source) {
    rtcp_fixture t;
    t.begin(packet({.ssrc = 1}));
    const report_block before_any{
        .ssrc = origin.ssrc, .extended_highest_seq = 100, .delay_since_last_sr = 7};
    BOOST_TEST(t.back_block(before_any)->delay_since_last_sr == 0U);
    t.forward_sr(1, 0, ntp_time{0x5'0000'0000});
    report_block block{.ssrc = origin.ssrc,
                       .extended_highest_seq = 100,
                       .last_sr = 0x5'0000,
                       .delay_since_last_sr = 7};
    BOOST_TEST(t.back_block(block)->last_sr == 0x5'0000U);
    BOOST_TEST(t.back_block(block)->delay_since_last_sr == 7U);
    t.forward_sr(1, 0, ntp_time{0x6'0000'0000});
    BOOST_TEST(t.back_block(block)->last_sr == 0x5'0000U);
    t.begin(packet({.ssrc = 2}));
    block.extended_highest_seq = 101;
    BOOST_TEST(t.back_block(block)->last_sr == 0U);
    BOOST_TEST(t.back_block(block)->delay_since_last_sr == 0U);
    t.forward_sr(2, 0, ntp_time{0x7'0000'0000});
    block.last_sr = 0x7'0000;
    BOOST_TEST(t.back_block(block)->last_sr == 0x7'0000U);
}

BOOST_AUTO_TEST_CASE(the_listeners_own_sender_report_is_kept) {
    rtcp_fixture t;
    t.begin(packet({.ssrc = 1}));
    rtcp_builder builder(t.in_);
    const sender_info sender{noon, 1, 2, 3};
    builder.add_sender_report(listener, sender, {{report_block{.ssrc = 8}}}).value();
    builder.add_cname(listener, "listener").value();
    builder.add_bye({{listener}}).value();
    const auto out = t.back(builder.bytes());
    BOOST_REQUIRE_EQUAL(out.size(), 3U);
    const auto report = rtcp_report_view::parse(out[0]).value();
    BOOST_TEST((report.sender() == sender));
    BOOST_TEST(report.block_count() == 0U);
    BOOST_TEST(rtcp_bye_view::parse(out[2])->ssrc(0) == listener);
}

BOOST_AUTO_TEST_CASE(nacks_have_the_sources_numbers) {
    stream_rewriter_options options = with_events();
    options.payload_types.drop(event);
    rtcp_fixture t(options);
    t.begin(packet({.ssrc = 2, .seq = 0})); // 100
    source a{{.ssrc = 1, .seq = 1000}};
    t.begin(a.next());                               // 101
    for (int i = 0; i < 5; ++i) t.forward(a.next()); // 102..106: 1001..1005
    for (int i = 0; i < 20; ++i) {                   // 1006..1025
        a.f.type = event;
        t.put(a.next());
    }
    a.f.type = pcmu;
    t.forward(a.next()); // 107: 1026
    t.forward(a.next()); // 108: 1027
    rtcp_builder builder(t.in_, rtcp_mode::reduced_size);
    // 100, of another source, 101, 105..107; 108; and 109, which was not sent.
    add_words(builder, rtcp_type::transport_feedback, 1,
              {listener, origin.ssrc, 100U << 16 | 0b111'0001, 108U << 16 | 1});
    add_words(builder, rtcp_type::transport_feedback, 1, {listener, 9, 100U << 16});
    add_words(builder, rtcp_type::transport_feedback, 1, {listener, origin.ssrc, 100U << 16});
    add_words(builder, rtcp_type::transport_feedback, 15, {listener, origin.ssrc, 0});
    const auto out = t.back(builder.bytes());
    BOOST_REQUIRE_EQUAL(out.size(), 1U);
    BOOST_TEST(words_of(out[0]) == (std::vector<std::uint32_t>{listener, 1, 1000U << 16 | 0b1'1000,
                                                               1026U << 16 | 1}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(requests_for_pictures_have_the_sources_ssrc) {
    rtcp_fixture t;
    t.begin(packet({.ssrc = 1}));
    rtcp_builder builder(t.in_, rtcp_mode::reduced_size);
    add_words(builder, rtcp_type::payload_feedback, 1, {listener, origin.ssrc});
    add_words(builder, rtcp_type::payload_feedback, 1, {listener, 9});
    add_words(builder, rtcp_type::payload_feedback, 4,
              {listener, 0, 9, 0x0100'0000, origin.ssrc, 0x0200'0000});
    add_words(builder, rtcp_type::payload_feedback, 4, {listener, 0, 9, 0x0100'0000});
    add_words(builder, rtcp_type::payload_feedback, 15, {listener, 0, 0x52454d42, 0x0100'0000, 9});
    const auto out = t.back(builder.bytes());
    BOOST_REQUIRE_EQUAL(out.size(), 2U);
    BOOST_TEST(words_of(out[0]) == (std::vector<std::uint32_t>{listener, 1}),
               boost::test_tools::per_element());
    BOOST_TEST(words_of(out[1]) == (std::vector<std::uint32_t>{listener, 0, 1, 0x0200'0000}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(extended_reports_have_the_sources_ssrc) {
    rtcp_fixture t;
    t.begin(packet({.ssrc = 1}));
    rtcp_builder builder(t.in_, rtcp_mode::reduced_size);
    add_words(builder, rtcp_type::extended_report, 0,
              {listener,    0x0400'0002, 3, 4,                   // receiver reference time
               0x0500'0003, origin.ssrc, 5, 6,                   // DLRR
               0x0600'0009, origin.ssrc, 0, 0, 0, 0, 0, 0, 0, 0, // statistics summary
               0x0700'0008, 9,           0, 0, 0, 0, 0, 0, 0,    // VoIP metrics of another
               0x0700'0008, origin.ssrc, 1, 2, 3, 4, 5, 6, 7});
    const auto out = t.back(builder.bytes());
    BOOST_REQUIRE_EQUAL(out.size(), 1U);
    BOOST_TEST(words_of(out[0]) ==
                   (std::vector<std::uint32_t>{listener, 0x0400'0002, 3, 4, 0x0500'0003, 1, 5, 6,
                                               0x0700'0008, 1, 1, 2, 3, 4, 5, 6, 7}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(errors_of_rtcp) {
    rtcp_fixture t;
    t.begin(packet({.ssrc = 1}));
    BOOST_TEST((t.rewriter.translate_forward({}, t.storage).error() == errc::packet_too_short));
    BOOST_TEST((t.rewriter.translate_back({}, t.storage).error() == errc::packet_too_short));
    rtcp_builder builder(t.in_);
    builder.add_receiver_report(1).value();
    BOOST_TEST(
        (t.rewriter.translate_forward(builder.bytes(), {}).error() == errc::buffer_too_small));
    BOOST_TEST((t.rewriter.translate_back(builder.bytes(), {}).error() == errc::buffer_too_small));
}
