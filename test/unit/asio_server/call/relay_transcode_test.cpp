// Other codecs for the other side: the audio, its numbers and its times.
#include <boost/test/unit_test.hpp>

#include "call/transcode_fixture.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;

struct codec_case {
    const char* source;
    std::uint8_t source_type;
    const char* target;
    std::uint8_t target_type;
    double least_snr;
    int most_ms; // longer packets of L16 would be too long
};
const codec_case cases[] = {
    {"PCMU/8000", 0, "PCMA/8000", 8, 30, 60},   {"PCMA/8000", 8, "PCMU/8000", 0, 30, 60},
    {"PCMU/8000", 0, "G722/8000", 9, 25, 60},   {"G722/8000", 9, "PCMU/8000", 0, 25, 60},
    {"L16/16000", 96, "PCMU/8000", 0, 30, 60},  {"PCMU/8000", 0, "L16/16000", 96, 30, 60},
    {"L16/44100", 97, "G722/8000", 9, 25, 20},  {"G722/8000", 9, "L16/48000", 98, 25, 20},
    {"L16/8000", 99, "L16/24000", 100, 40, 40},
};

relay_transcoding of(const codec_case& c) {
    return {{c.source, c.source_type, {}}, {c.target, c.target_type, {}}};
}

BOOST_AUTO_TEST_CASE(audio_numbers_and_times_are_right_for_every_pair_and_packet_length) {
    for (const codec_case& c : cases)
        for (const int ms : {10, 20, 30, 40, 60}) {
            if (ms > c.most_ms) continue;
            BOOST_TEST_CONTEXT(c.source << " to " << c.target << ", " << ms << " ms") {
                two_legs r{transcoding({of(c)})};
                tone_sender sender{r.codecs, c.source, c.source_type};
                tone_listener listener{r.codecs, c.target};
                std::optional<std::uint16_t> seq;
                std::optional<std::uint32_t> due;
                for (int i = 0; i != 2000 / ms; ++i) {
                    const byte_vector packet = r.heard(sender, ms);
                    const rtp_packet_view view = parsed(packet);
                    BOOST_TEST(view.payload_type() == c.target_type);
                    BOOST_TEST(view.marker() == (i == 0));
                    if (seq) BOOST_TEST(view.seq() == static_cast<std::uint16_t>(*seq + 1));
                    // Of rates without a common divisor both are rounded.
                    if (due) BOOST_TEST(view.timestamp() - (*due - 1) <= 2U);
                    seq = view.seq();
                    due = view.timestamp() + listener.hear(packet, i * ms >= 100);
                }
                BOOST_TEST(listener.tone.snr() > c.least_snr);
                BOOST_TEST(std::abs(20 * std::log10(listener.tone.amplitude() / 8000)) < 0.5);
                BOOST_TEST(r.stats().transcoded == r.stats().received);
            }
        }
}

BOOST_AUTO_TEST_CASE(a_lost_packet_leaves_a_gap_of_its_number_and_time) {
    for (const codec_case& c : {cases[0], cases[2], cases[4]}) {
        two_legs r{transcoding({of(c)})};
        tone_sender sender{r.codecs, c.source, c.source_type};
        tone_listener listener{r.codecs, c.target};
        std::optional<std::uint16_t> first_seq;
        std::uint32_t first_timestamp = 0;
        for (unsigned i = 0; i != 100; ++i) {
            const byte_vector sent = r.made(sender, 20);
            if (i % 10 == 5 || i % 20 == 6) continue; // lost
            const auto packet = r.pass(sent);
            BOOST_REQUIRE(packet.has_value());
            const rtp_packet_view view = parsed(*packet);
            if (!first_seq) {
                first_seq = view.seq();
                first_timestamp = view.timestamp();
            }
            BOOST_TEST(view.seq() == static_cast<std::uint16_t>(*first_seq + i));
            const std::uint32_t units = c.target_type == 96 ? 320 : 160;
            BOOST_TEST(view.timestamp() == first_timestamp + units * i);
            listener.hear(*packet, i > 5);
        }
        BOOST_TEST(listener.tone.snr() > 15); // the filters' memory is of before the gap
        BOOST_TEST(r.stats().forwarded == 85U);
    }
}

BOOST_AUTO_TEST_CASE(packets_out_of_order_pass_where_no_codec_remembers_and_are_late_elsewhere) {
    for (const codec_case& c : {cases[0], cases[2], cases[3]}) {
        const bool passes = c.target_type == 8;
        two_legs r{transcoding({of(c)})};
        tone_sender sender{r.codecs, c.source, c.source_type};
        std::vector<byte_vector> sent;
        for (int i = 0; i != 40; ++i) sent.push_back(r.made(sender, 20));
        for (std::size_t i = 10; i != 40; i += 10) std::swap(sent[i], sent[i + 2]);
        std::optional<std::uint32_t> shift;
        unsigned got = 0;
        for (const byte_vector& packet : sent) {
            const auto out = r.pass(packet);
            if (!out) continue;
            ++got;
            const std::uint32_t n = parsed(*out).timestamp() - parsed(packet).timestamp();
            if (shift) BOOST_TEST(n == *shift);
            shift = n;
        }
        BOOST_TEST(got == (passes ? 40U : 34U));
        BOOST_TEST(r.stats().late == (passes ? 0U : 6U));
    }
}

BOOST_AUTO_TEST_CASE(the_source_may_change_its_codec_at_any_packet) {
    two_legs r{transcoding({{{"PCMU/8000", 0, {}}, {"PCMA/8000", 8, {}}},
                            {{"G722/8000", 9, {}}, {"PCMA/8000", 8, {}}},
                            {{"L16/16000", 96, {}}, {"PCMA/8000", 8, {}}}})};
    tone_sender senders[] = {
        {r.codecs, "PCMU/8000", 0}, {r.codecs, "G722/8000", 9}, {r.codecs, "L16/16000", 96}};
    std::optional<std::uint16_t> seq;
    std::optional<std::uint32_t> due;
    for (int i = 0; i != 120; ++i) {
        tone_sender& sender = senders[i / 7 % 3];
        const byte_vector packet = r.heard(sender, 20);
        const rtp_packet_view view = parsed(packet);
        BOOST_TEST(view.payload_type() == 8);
        BOOST_TEST(view.marker() == (i == 0));
        BOOST_TEST(view.payload().size() == 160U);
        if (seq) BOOST_TEST(view.seq() == static_cast<std::uint16_t>(*seq + 1));
        if (due) BOOST_TEST(view.timestamp() == *due);
        seq = view.seq();
        due = view.timestamp() + 160;
        tone_listener listener{r.codecs, "PCMA/8000"};
        listener.hear(packet);
        // G.722's predictors need some packets to adapt, since the sender's did not begin anew.
        if (i % 7 > 3) BOOST_TEST(listener.tone.snr() > 15);
    }
}

// The old codec's clock has gone on, by which the new one's audio is placed.
BOOST_AUTO_TEST_CASE(a_pause_and_events_before_another_codec_keep_their_length) {
    relay_leg_options o = transcoding({{{"PCMU/8000", 0, {}}, {"PCMA/8000", 8, {}}},
                                       {{"L16/16000", 96, {}}, {"PCMA/8000", 8, {}}}});
    o.stream.formats.set(101, {8000, payload_kind::event});
    for (const bool has_events : {false, true}) {
        two_legs r{o};
        tone_sender narrow{r.codecs, "PCMU/8000", 0}, wide{r.codecs, "L16/16000", 96};
        std::uint32_t before = 0;
        for (int i = 0; i != 10; ++i) before = parsed(r.heard(narrow, 20)).timestamp();
        const std::uint32_t pressed = r.timestamp;
        for (unsigned i = 0; i != 50; ++i) {
            r.now += 20ms;
            r.timestamp += 160;
            if (!has_events) continue;
            byte_vector event = rtp_of(1, r.seq++, 101, 0);
            rtpsynth::detail::store_be32(&event[4], pressed);
            event.insert(event.end(), {5, 10, static_cast<std::uint8_t>((i + 1) * 160 >> 8),
                                       static_cast<std::uint8_t>((i + 1) * 160)});
            const byte_vector passed = r.pass(event).value();
            BOOST_TEST(parsed(passed).timestamp() - before == 160U);
        }
        for (unsigned i = 0; i != 3; ++i) {
            const std::uint32_t after = parsed(r.heard(wide, 20)).timestamp();
            BOOST_TEST(after - before == 160 * (51 + i));
        }
        const std::uint32_t last = parsed(r.heard(narrow, 20)).timestamp();
        BOOST_TEST(last - before == 160U * 54);
    }
}

// What the other side understands is passed on beside what it does not.
BOOST_AUTO_TEST_CASE(audio_that_is_passed_on_continues_audio_that_is_transcoded) {
    two_legs r{transcoding({{{"L16/16000", 96, {}}, {"PCMA/8000", 8, {}}}})};
    tone_sender wide{r.codecs, "L16/16000", 96}, native{r.codecs, "PCMA/8000", 8};
    std::optional<std::uint32_t> due;
    const auto check = [&](const byte_vector& packet) {
        BOOST_TEST(parsed(packet).payload_type() == 8);
        if (due) BOOST_TEST(parsed(packet).timestamp() == *due);
        due = parsed(packet).timestamp() + 160;
    };
    for (int round = 0; round != 3; ++round) {
        for (int i = 0; i != 5; ++i) check(r.heard(round % 2 ? wide : native, 20));
        r.now += 7ms; // jitter
        for (int i = 0; i != 50; ++i) check(r.heard(round % 2 ? native : wide, 20));
        r.now -= 7ms;
    }
    const byte_vector last = r.heard(native, 20);
    check(last);
    std::array<std::uint8_t, 256> storage;
    rtcp_builder sr{storage};
    sr.add_sender_report(1, {ntp_time{1234}, r.timestamp + 16, 1, 1}, {}).value();
    const byte_vector out = r.pass({sr.bytes().begin(), sr.bytes().end()}).value();
    const auto compound = rtcp_compound_view::parse(out).value();
    const auto sender = rtcp_report_view::parse(*compound.begin()).value().sender();
    BOOST_REQUIRE(sender.has_value());
    BOOST_TEST(sender->rtp_timestamp == *due + 16);

    rtcp_builder rr{storage};
    report_block block;
    block.ssrc = parsed(last).ssrc();
    block.extended_highest_seq = parsed(last).seq();
    block.jitter = 40;
    rr.add_receiver_report(7, {&block, 1}).value();
    const byte_vector back = r.pass({rr.bytes().begin(), rr.bytes().end()}, true).value();
    const auto about = rtcp_compound_view::parse(back).value();
    BOOST_TEST(rtcp_report_view::parse(*about.begin()).value().block(0).jitter == 40U);

    byte_vector noise = rtp_of(1, r.seq++, 13, 0);
    rtpsynth::detail::store_be32(&noise[4], r.timestamp);
    noise.push_back(60);
    r.now += 20ms;
    BOOST_TEST(parsed(r.pass(noise).value()).timestamp() == *due);
}

BOOST_AUTO_TEST_CASE(another_source_continues_the_stream) {
    two_legs r{transcoding({of(cases[2])})};
    tone_sender one{r.codecs, "PCMU/8000", 0}, other{r.codecs, "PCMU/8000", 0};
    for (int i = 0; i != 10; ++i) r.heard(one, 20, 1);
    const std::uint32_t before = parsed(r.heard(one, 20, 1)).timestamp();
    r.seq = 77;
    r.timestamp = 5;
    const byte_vector packet = r.heard(other, 20, 2);
    BOOST_TEST(parsed(packet).timestamp() - before == 160U);
    BOOST_TEST(parsed(packet).marker());
    BOOST_TEST(parsed(packet).payload_type() == 9);
}

BOOST_AUTO_TEST_CASE(events_and_comfort_noise_get_the_targets_clock) {
    relay_leg_options o = transcoding({{{"L16/16000", 96, {}}, {"PCMU/8000", 0, {}}}});
    o.stream.payload_types.set(101, 100);
    o.stream.formats.set(101, {16000, payload_kind::event});
    two_legs r{o};
    tone_sender sender{r.codecs, "L16/16000", 96};
    for (int i = 0; i != 5; ++i) r.heard(sender, 20);
    const byte_vector last = r.heard(sender, 20);
    const std::uint16_t seq = parsed(last).seq();
    const std::uint32_t audio = parsed(last).timestamp();
    byte_vector event = rtp_of(1, r.seq++, 101, 0);
    rtpsynth::detail::store_be32(&event[4], r.timestamp);
    event.insert(event.end(), {5, 0x8a, 0x06, 0x40}); // 1600 units
    r.now += 20ms;
    const byte_vector passed = r.pass(event).value();
    const rtp_packet_view view = parsed(passed);
    BOOST_TEST(view.payload_type() == 100);
    BOOST_TEST(view.seq() == static_cast<std::uint16_t>(seq + 1));
    BOOST_TEST(view.timestamp() - audio == 160U);
    BOOST_TEST(view.payload().size() == 4U);
    BOOST_TEST(view.payload()[0] == 5);
    BOOST_TEST(view.payload()[1] == 0x8a);
    BOOST_TEST((view.payload()[2] == 0x03 && view.payload()[3] == 0x20)); // 800 units
    r.timestamp += 320;
    byte_vector noise = rtp_of(1, r.seq++, 13, 0);
    rtpsynth::detail::store_be32(&noise[4], r.timestamp);
    noise.push_back(60);
    r.now += 20ms;
    const byte_vector quiet = r.pass(noise).value();
    BOOST_TEST(parsed(quiet).timestamp() - audio == 320U);
    BOOST_TEST(parsed(quiet).payload()[0] == 60);
    BOOST_TEST(r.stats().transcoded == 6U);
}

BOOST_AUTO_TEST_CASE(reports_are_of_what_is_sent_and_jitter_of_what_comes) {
    two_legs r{transcoding({of(cases[4])})}; // L16/16000 to PCMU
    tone_sender sender{r.codecs, "L16/16000", 96};
    byte_vector last;
    for (int i = 0; i != 10; ++i) last = r.heard(sender, 20);
    byte_vector broken = rtp_of(1, r.seq++, 96, 3); // no L16
    rtpsynth::detail::store_be32(&broken[4], r.timestamp);
    BOOST_TEST(!r.pass(broken));
    BOOST_TEST(r.stats().undecodable == 1U);
    std::array<std::uint8_t, 256> storage;
    rtcp_builder sr{storage};
    sr.add_sender_report(1, {ntp_time{1234}, r.timestamp + 32, 11, 6403}, {}).value();
    const byte_vector out = r.pass({sr.bytes().begin(), sr.bytes().end()}).value();
    const auto compound = rtcp_compound_view::parse(out).value();
    const auto report = rtcp_report_view::parse(*compound.begin()).value();
    BOOST_REQUIRE(report.sender().has_value());
    BOOST_TEST(report.sender()->rtp_timestamp - parsed(last).timestamp() == 160U + 16U);
    BOOST_TEST(report.sender()->packet_count == 10U);
    BOOST_TEST(report.sender()->octet_count == 1600U);

    rtcp_builder rr{storage};
    report_block block;
    block.ssrc = parsed(last).ssrc();
    block.extended_highest_seq = parsed(last).seq();
    block.jitter = 40;
    rr.add_receiver_report(7, {&block, 1}).value();
    const byte_vector back = r.pass({rr.bytes().begin(), rr.bytes().end()}, true).value();
    const auto about = rtcp_compound_view::parse(back).value();
    const auto received = rtcp_report_view::parse(*about.begin()).value();
    BOOST_REQUIRE(received.block_count() == 1U);
    BOOST_TEST(received.block(0).ssrc == 1U);
    BOOST_TEST(received.block(0).jitter == 80U);
}

BOOST_AUTO_TEST_CASE(contributors_and_extensions_are_kept_and_padding_is_not) {
    two_legs r{transcoding({of(cases[0])})};
    tone_sender sender{r.codecs, "PCMU/8000", 0};
    const byte_vector plain = r.made(sender, 20);
    byte_vector full{plain.begin(), plain.begin() + rtp_header_size};
    full[0] = 0x80 | 0x20 | 0x10 | 1;
    full.insert(full.end(), {1, 2, 3, 4, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0});
    full.insert(full.end(), plain.begin() + rtp_header_size, plain.end());
    full.insert(full.end(), {0, 0, 0, 4});
    const byte_vector out = r.pass(full).value();
    const rtp_packet_view view = parsed(out);
    BOOST_TEST(view.csrc_count() == 1U);
    BOOST_TEST(view.csrc(0) == 0x01020304U);
    BOOST_TEST(view.padding() == 0U);
    BOOST_TEST(view.payload().size() == 160U);
    BOOST_TEST((byte_vector{out.begin() + 16, out.begin() + 24} ==
                byte_vector{0xbe, 0xde, 0, 1, 0x10, 7, 0, 0}));
}

BOOST_AUTO_TEST_CASE(timestamps_are_scaled_exactly_over_many_wraps) {
    for (const auto& [in, out] : {std::pair{48000U, 8000U}, {44100U, 16000U}, {8000U, 48000U}}) {
        constexpr std::uint32_t begin = 0xfffff000;
        asio_server::detail::timestamp_scaler scaler{in, out, begin};
        for (std::uint64_t s = 0; s != 400000; ++s) { // 111 hours
            const auto now = static_cast<std::uint32_t>(begin + s * in + 7 * (s % 3));
            scaler.advance(now);
            const auto due = static_cast<std::uint32_t>(begin + s * out + 7 * (s % 3) * out / in);
            if (scaler.to_output(now) != due) BOOST_REQUIRE(scaler.to_output(now) == due);
            if (s == 0) continue;
            const auto late = static_cast<std::uint32_t>(begin + (s - 1) * in + 7);
            BOOST_REQUIRE(scaler.to_output(late) ==
                          static_cast<std::uint32_t>(begin + (s - 1) * out + 7 * out / in));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_no_codec_takes_is_counted_and_the_next_packet_goes_on) {
    two_legs r{transcoding({of(cases[3]), {{"L16/48000", 98, {}}, {"L16/8000", 99, {}}}})};
    tone_sender sender{r.codecs, "G722/8000", 9};
    r.heard(sender, 20);
    BOOST_TEST(!r.pass(rtp_of(1, r.seq++, 9, 0)));
    BOOST_TEST(r.stats().undecodable == 1U);
    r.heard(sender, 20);

    two_legs grows{transcoding({{{"PCMU/8000", 0, {}}, {"L16/48000", 98, {}}}})};
    tone_sender phone{grows.codecs, "PCMU/8000", 0};
    BOOST_TEST(!grows.pass(grows.made(phone, 40))); // 3840 bytes
    BOOST_TEST(grows.stats().undecodable == 1U);
    BOOST_TEST(grows.heard(phone, 20).size() == rtp_header_size + 1920U);
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_are_named) {
    const auto refused = [](std::vector<relay_transcoding> all, const std::string& why) {
        std::string what;
        try {
            two_legs{transcoding(std::move(all))};
        } catch (const std::invalid_argument& e) {
            what = e.what();
        }
        BOOST_TEST_CONTEXT(what) {
            BOOST_TEST(what.find("rtp_relay: transcode: ") == 0U);
            BOOST_TEST(what.find(why) != std::string::npos);
        }
    };
    const voice_codec pcmu{}, pcma{"PCMA/8000", {}, {}};
    refused({{{"nothing", 96, {}}, pcma}}, "nothing");
    refused({{{"GSM/8000", 3, {}}, pcma}}, "GSM/8000");
    refused({{pcmu, {"AMR/8000", 96, {}}}}, "AMR/8000");
    refused({{{"L16/16000", {}, {}}, pcma}},
            "payload_type of L16/16000 must be given, since it has no static one");
    refused({{{"PCMU/8000", std::uint8_t{128}, {}}, pcma}},
            "payload_type of PCMU/8000 must be 0..127");
    refused({{pcmu, pcma}, {pcmu, pcma}}, "source payload type 0 is given twice");
    refused({{pcmu, {"L16/8000", 96, {}}}, {pcma, {"G722/8000", 96, {}}}},
            "target payload type 96 has two encodings");
    refused({{pcmu, pcma}, {pcma, {"L16/16000", 96, {}}}}, "all targets must have one clock rate");
    refused({{{"L16/3999", 96, {}}, pcma}}, "3999");
}

} // namespace
