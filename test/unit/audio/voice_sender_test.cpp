#include <boost/test/unit_test.hpp>

#include "voice_sender_tools.hpp"

#include <rtpsynth/audio/comfort_noise.hpp>
#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/audio/telephone_event_receiver.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

using namespace voice_sender_test;

namespace {

std::size_t count(const fixture& f, sent_kind kind) {
    return static_cast<std::size_t>(std::count_if(
        f.sent.begin(), f.sent.end(), [kind](const packet& p) { return p.kind == kind; }));
}

// Of 8 kHz, from the start.
std::uint32_t clock_at(time_point t) {
    return origin.timestamp +
           static_cast<std::uint32_t>((t - start) / std::chrono::microseconds(125));
}

} // namespace

BOOST_AUTO_TEST_CASE(audio_is_sent_a_tick_at_a_time) {
    fixture f;
    const pcm audio = tone(400, 8000);
    f.push(audio);
    f.sender.end_item();
    f.ticks(4);
    BOOST_REQUIRE_EQUAL(f.sent.size(), 4);
    bytes sent;
    for (std::size_t i = 0; i < 4; ++i) {
        const packet& p = f.sent[i];
        BOOST_CHECK_EQUAL(p.type, pcmu);
        BOOST_CHECK_EQUAL(p.marker, i == 0);
        BOOST_CHECK_EQUAL(p.ssrc, 7);
        BOOST_CHECK_EQUAL(p.seq, static_cast<std::uint16_t>(0xfffe + i));
        BOOST_CHECK_EQUAL(p.timestamp, 0xffff'ff00 + static_cast<std::uint32_t>(160 * i));
        BOOST_REQUIRE_EQUAL(p.payload.size(), 160);
        sent.insert(sent.end(), p.payload.begin(), p.payload.end());
    }
    for (std::size_t i = 0; i < 400; ++i) BOOST_REQUIRE_EQUAL(sent[i], ulaw_encode(audio[i]));
    for (std::size_t i = 440; i < sent.size(); ++i) BOOST_REQUIRE_EQUAL(sent[i], ulaw_encode(0));
    BOOST_CHECK(f.sent[2].kind == sent_kind::audio && f.sent[3].kind == sent_kind::silence);
    BOOST_CHECK(f.ended == (std::vector<played_item>{{1, 400, 8000}}));
    const voice_sender_stats s = f.sender.stats();
    BOOST_CHECK_EQUAL(s.packets(), 4);
    BOOST_CHECK_EQUAL(s.payload_bytes, 640);
    BOOST_CHECK_EQUAL(s.samples, 400);
    BOOST_CHECK_EQUAL(s.items, 1);
    BOOST_CHECK_EQUAL(s.ticks_of(sent_kind::audio), 3);
    BOOST_CHECK_EQUAL(s.ticks_of(sent_kind::silence), 1);
}

BOOST_AUTO_TEST_CASE(a_pause_is_silence_and_has_no_marker) {
    fixture f;
    f.ticks(3);
    f.push(tone(160, 8000));
    f.ticks(10);
    f.push(tone(160, 8000));
    f.ticks(3);
    BOOST_REQUIRE_EQUAL(f.sent.size(), 16);
    for (std::size_t i = 0; i < 16; ++i) {
        BOOST_CHECK_EQUAL(f.sent[i].marker, i == 0);
        BOOST_CHECK_EQUAL(f.sent[i].timestamp, clock_at(f.sent[i].at));
    }
    BOOST_CHECK_EQUAL(f.sender.stats().dry_runs, 1);
    BOOST_CHECK(!f.sender.idle());
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_in_a_pause_and_the_timestamp_follows_the_clock) {
    fixture f({.idle = idle_policy::nothing});
    f.ticks(7);
    BOOST_CHECK(f.sent.empty());
    for (int i = 0; i < 3; ++i) {
        f.push(tone(320, 8000));
        f.ticks(static_cast<std::size_t>(20 + i));
    }
    BOOST_REQUIRE_EQUAL(f.sent.size(), 9); // with a tick each in which it fades
    for (std::size_t i = 0; i < 9; ++i) {
        BOOST_CHECK_EQUAL(f.sent[i].marker, i % 3 == 0);
        BOOST_CHECK_EQUAL(f.sent[i].seq, static_cast<std::uint16_t>(0xfffe + i));
        BOOST_CHECK_EQUAL(f.sent[i].timestamp, clock_at(f.sent[i].at));
    }
}

BOOST_AUTO_TEST_CASE(comfort_noise_is_described_at_the_beginning_of_a_pause_and_again) {
    fixture f({.idle = idle_policy::comfort_noise,
               .noise_level = 63,
               .noise_interval = milliseconds(100),
               .max_burst = 1});
    f.push(tone(150, 8000));
    f.ticks(14);
    f.push(tone(150, 8000));
    f.ticks(4);
    f.now += std::chrono::seconds(1); // a call that was late
    f.tick();
    std::vector<int> at;
    for (const packet& p : f.sent) {
        BOOST_CHECK_EQUAL(p.timestamp, clock_at(p.at));
        if (p.kind == sent_kind::audio) {
            const auto at_tick = (p.at - start) / milliseconds(20);
            BOOST_CHECK_EQUAL(p.marker, at_tick == 0 || at_tick == 14);
            continue;
        }
        BOOST_CHECK_EQUAL(p.type, noise);
        BOOST_CHECK(!p.marker);
        BOOST_CHECK(p.payload == bytes{63});
        at.push_back(static_cast<int>((p.at - start) / milliseconds(20)));
    }
    // 150 samples and their fade are 2 ticks.
    BOOST_CHECK(at == (std::vector<int>{2, 7, 12, 16, 68}));
    BOOST_CHECK_EQUAL(count(f, sent_kind::audio), 4);
}

BOOST_AUTO_TEST_CASE(digits_take_the_place_of_audio) {
    fixture f;
    f.push(tone(8000, 8000));
    f.ticks(5);
    f.sender.send_digits("12", {.on = milliseconds(60), .off = milliseconds(100)}).value();
    BOOST_CHECK(f.sender.sends_digits());
    f.ticks(45);
    BOOST_CHECK(!f.sender.sends_digits());
    BOOST_CHECK_EQUAL(count(f, sent_kind::event), 10);
    telephone_event_receiver receiver(8000);
    std::string heard;
    const auto note = [&](const telephone_event_changes& changes) {
        for (const telephone_event_change& c : changes)
            if (c.what == telephone_event_change::kind::ended) heard += *digit_of(c.event);
    };
    for (std::size_t i = 0; i < f.sent.size(); ++i) {
        const packet& p = f.sent[i];
        BOOST_CHECK_EQUAL(p.seq, static_cast<std::uint16_t>(0xfffe + i));
        if (p.kind == sent_kind::event) {
            note(receiver.receive(p.seq, p.timestamp, p.marker,
                                  telephone_event::parse(p.payload).value(), p.at));
            continue;
        }
        // As if the audio had been sent: it is where it was, and no talkspurt begins.
        BOOST_CHECK_EQUAL(p.timestamp, clock_at(p.at));
        BOOST_CHECK_EQUAL(p.marker, i == 0);
        const auto first =
            static_cast<std::size_t>((p.at - start) / std::chrono::microseconds(125));
        BOOST_CHECK_EQUAL(p.payload[10], ulaw_encode(tone(1, 8000, first + 10)[0]));
    }
    note(receiver.finish());
    BOOST_CHECK_EQUAL(heard, "12");
    BOOST_CHECK_EQUAL(f.sender.stats().samples, 8000);
}

BOOST_AUTO_TEST_CASE(digits_need_a_payload_type) {
    sender_codec c = codec();
    c.event_type.reset();
    fixture f({}, std::move(c));
    BOOST_CHECK(f.sender.send_digits("1").error() == errc::invalid_argument);
    fixture g;
    BOOST_CHECK(g.sender.send_digits("1x").error() == errc::invalid_argument);
    BOOST_CHECK(g.sender.send_digits(std::string(65, '1')).error() == errc::buffer_too_small);
    g.ticks(3);
    BOOST_CHECK_EQUAL(count(g, sent_kind::event), 0);
}

BOOST_AUTO_TEST_CASE(nothing_happens_before_a_tick_is_due) {
    fixture f;
    BOOST_CHECK(f.sender.due() == start);
    f.push(tone(800, 8000));
    f.now = start - milliseconds(1);
    BOOST_CHECK(f.send() == sent_kind::nothing);
    f.now = time_point::min();
    BOOST_CHECK(f.send() == sent_kind::nothing);
    f.now = start;
    BOOST_CHECK(f.send() == sent_kind::audio);
    f.now = start + milliseconds(19);
    BOOST_CHECK(f.send() == sent_kind::nothing);
    BOOST_CHECK(f.sender.due() == start + milliseconds(20));
    BOOST_CHECK_EQUAL(f.sender.stats().packets(), 1);
    BOOST_CHECK_EQUAL(f.sender.stats().ticks_of(sent_kind::nothing), 0);
}

BOOST_AUTO_TEST_CASE(a_caller_that_is_late_catches_up_with_a_few_packets) {
    fixture f({.max_burst = 3});
    f.push(tone(8000, 8000));
    f.tick();
    f.now += milliseconds(45); // ticks 1, 2 and 3 are due
    while (f.sender.due() <= f.now) f.send();
    BOOST_CHECK_EQUAL(f.sent.size(), 4);
    BOOST_CHECK_EQUAL(f.sent.back().timestamp, origin.timestamp + 3 * 160);
    BOOST_CHECK(f.sender.due() == start + milliseconds(80));
    BOOST_CHECK_EQUAL(f.sender.stats().late, 2);
    BOOST_CHECK_EQUAL(f.sender.stats().missed, 0);

    f.now = start + milliseconds(1005); // 4 to 50 are due
    while (f.sender.due() <= f.now) f.send();
    BOOST_REQUIRE_EQUAL(f.sent.size(), 7);
    BOOST_CHECK_EQUAL(f.sender.stats().missed, 44);
    BOOST_CHECK_EQUAL(f.sender.stats().late, 4);
    for (std::size_t i = 4; i < 7; ++i) {
        BOOST_CHECK_EQUAL(f.sent[i].marker, i == 4); // as after a pause, which it is
        BOOST_CHECK_EQUAL(f.sent[i].seq, static_cast<std::uint16_t>(0xfffe + i));
        BOOST_CHECK_EQUAL(f.sent[i].timestamp,
                          origin.timestamp + static_cast<std::uint32_t>((44 + i) * 160));
    }
    BOOST_CHECK_EQUAL(f.sender.stats().samples, 7 * 160); // the audio has waited
}

BOOST_AUTO_TEST_CASE(audio_begins_a_talkspurt_after_missed_ticks_and_silence_does_not) {
    fixture f;
    f.ticks(2);
    f.now += std::chrono::seconds(1);
    f.ticks(5);
    f.push(tone(8000, 8000));
    f.ticks(5);
    for (std::size_t i = 0; i < f.sent.size(); ++i)
        BOOST_CHECK_EQUAL(f.sent[i].marker, i == 0 || i == 7);
}

BOOST_AUTO_TEST_CASE(a_sender_that_is_idle_need_not_be_called) {
    fixture f({.idle = idle_policy::nothing});
    BOOST_CHECK(!f.sender.idle()); // there was no tick
    f.tick();
    BOOST_CHECK(f.sender.idle());
    f.push(tone(1600, 8000));
    BOOST_CHECK(!f.sender.idle());
    f.sender.end_item();
    f.ticks(260);
    BOOST_CHECK_EQUAL(f.sent.size(), 11); // with one in which it fades
    BOOST_CHECK(!f.sender.idle());
    f.ticks(3);
    BOOST_CHECK(f.sender.idle());

    f.now += std::chrono::hours(30);
    f.push(tone(1600, 8000), 2);
    f.now += milliseconds(3);
    while (f.sender.due() <= f.now) f.send();
    BOOST_REQUIRE_EQUAL(f.sent.size(), 12);
    BOOST_CHECK(f.sent.back().marker);
    BOOST_CHECK_EQUAL(f.sent.back().timestamp, clock_at(f.now - milliseconds(3)));
    BOOST_CHECK_EQUAL(f.sender.stats().missed, 0);
    BOOST_CHECK_EQUAL(f.sender.stats().late, 0);
    f.sender.clear();
    f.now = f.sender.due();
    f.ticks(260);
    BOOST_CHECK(f.sender.idle());
    f.sender.send_digits("1").value();
    BOOST_CHECK(!f.sender.idle());
}

BOOST_AUTO_TEST_CASE(a_new_ssrc_begins_a_new_stream_in_which_a_digit_goes_on) {
    fixture f;
    f.push(tone(8000, 8000));
    f.sender.send_digits("5", {.on = milliseconds(100)}).value();
    f.ticks(2);
    f.sender.restart({.ssrc = 8, .timestamp = 5000, .seq = 10});
    f.ticks(10);
    BOOST_CHECK_EQUAL(f.sender.ssrc(), 8);
    BOOST_CHECK_EQUAL(count(f, sent_kind::event), 7);
    for (std::size_t i = 2; i < 12; ++i) {
        const packet& p = f.sent[i];
        BOOST_CHECK_EQUAL(p.ssrc, 8);
        BOOST_CHECK_EQUAL(p.seq, 10 + i - 2);
        BOOST_CHECK_EQUAL(p.timestamp, i < 7 ? 5000 - 320 : 5000 + 160 * (i - 2));
        BOOST_CHECK_EQUAL(p.marker, i == 7); // of the audio
    }
    BOOST_CHECK_EQUAL(telephone_event::parse(f.sent[6].payload).value().duration, 800);
}

BOOST_AUTO_TEST_CASE(a_codec_of_the_same_clock_rate_goes_on_with_the_stream) {
    fixture f({.input_rate = 16000});
    f.push(tone(16000, 16000));
    f.sender.end_item();
    f.ticks(10);
    f.sender.set_codec(codec("G722/8000", 9), {.ssrc = 99});
    f.ticks(38);
    BOOST_CHECK(f.ended.empty());
    f.ticks(7);
    for (std::size_t i = 0; i < f.sent.size(); ++i) {
        const packet& p = f.sent[i];
        BOOST_CHECK_EQUAL(p.type, i < 10 ? pcmu : 9);
        BOOST_CHECK_EQUAL(p.ssrc, 7);
        BOOST_CHECK_EQUAL(p.payload.size(), 160);
        BOOST_CHECK_EQUAL(p.timestamp, clock_at(p.at));
        BOOST_CHECK_EQUAL(p.marker, i == 0);
    }
    BOOST_CHECK(f.ended == (std::vector<played_item>{{1, 16000, 16000}}));
}

BOOST_AUTO_TEST_CASE(a_codec_of_another_clock_rate_begins_a_new_stream) {
    fixture f;
    f.push(tone(8000, 8000));
    f.sender.end_item();
    f.ticks(10);
    f.sender.send_digits("1").value();
    f.tick();
    f.sender.set_codec(codec("L16/16000", 96), {.ssrc = 99, .timestamp = 500, .seq = 3});
    BOOST_CHECK(!f.sender.sends_digits());
    f.ticks(45);
    for (std::size_t i = 11; i < f.sent.size(); ++i) {
        const packet& p = f.sent[i];
        BOOST_CHECK_EQUAL(p.type, 96);
        BOOST_CHECK_EQUAL(p.ssrc, 99);
        BOOST_CHECK_EQUAL(p.seq, 3 + i - 11);
        BOOST_CHECK_EQUAL(p.timestamp, 500 + 320 * (i - 11));
        BOOST_CHECK_EQUAL(p.payload.size(), 640);
        BOOST_CHECK_EQUAL(p.marker, i == 11);
    }
    BOOST_CHECK(f.ended == (std::vector<played_item>{{1, 8000, 8000}}));
    f.sender.send_digits("1").value();
    f.ticks(20);
    BOOST_CHECK_EQUAL(count(f, sent_kind::event), 1 + 7);
    BOOST_CHECK_EQUAL(telephone_event::parse(f.sent[56].payload).value().duration, 320);
}

namespace {

// Has nothing to say of silence, and cannot say -1.
class dtx_encoder final : public audio_encoder {
public:
    dtx_encoder() : audio_encoder({8000, 8000}) {}
    std::size_t max_payload(std::size_t) const noexcept override { return 1; }
    result<std::size_t> encode(std::span<const std::int16_t> pcm,
                               std::span<std::uint8_t> payload) noexcept override {
        if (pcm[80] == -1) return errc::invalid_argument;
        payload[0] = 1;
        return pcm[80] != 0 ? std::size_t{1} : std::size_t{0};
    }
    void reset() noexcept override { ++resets; }
    int resets = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_codecs_own_pause_is_a_pause) {
    auto encoder = std::make_unique<dtx_encoder>();
    const dtx_encoder& its = *encoder;
    fixture f({}, {std::move(encoder), 97});
    f.push(pcm(320, 20));
    f.push(pcm(320, 0));
    f.push(pcm(320, 20));
    f.push(pcm(160, -1));
    f.push(pcm(160, 20));
    f.ticks(10);
    BOOST_REQUIRE_EQUAL(f.sent.size(), 5);
    const std::vector<bool> markers{true, false, true, false, true};
    for (std::size_t i = 0; i < 5; ++i) {
        BOOST_CHECK_EQUAL(f.sent[i].marker, markers[i]);
        BOOST_CHECK_EQUAL(f.sent[i].timestamp, clock_at(f.sent[i].at));
    }
    BOOST_CHECK_EQUAL(f.sender.stats().failed, 1);
    BOOST_CHECK_EQUAL(f.sender.stats().ticks_of(sent_kind::nothing), 5);
    BOOST_CHECK_EQUAL(its.resets, 2); // one of them when it was tried
}

BOOST_AUTO_TEST_CASE(too_little_room_changes_nothing) {
    fixture f;
    f.push(tone(160, 8000));
    BOOST_CHECK_EQUAL(f.sender.max_packet(), 172);
    bytes small(171);
    BOOST_CHECK(f.sender.next(start, small).error() == errc::buffer_too_small);
    BOOST_CHECK(f.sender.due() == start);
    BOOST_CHECK(f.tick() == sent_kind::audio);
    BOOST_CHECK(f.sender.next_position() == (stream_position{0xffff'ffa0, 0xffff}));
}

BOOST_AUTO_TEST_CASE(arguments_out_of_range_are_refused) {
    const auto make = [](const voice_sender_options& o, sender_codec c = codec()) {
        return voice_sender(std::move(c), origin, start, o);
    };
    for (const voice_sender_options& o :
         {voice_sender_options{.ptime = milliseconds(0)},
          {.ptime = milliseconds(201)},
          {.ptime = std::chrono::microseconds(20001)}, // no whole number of samples
          {.input_rate = 0},
          {.capacity = milliseconds(1)},
          {.item_timeout = milliseconds(-1)},
          {.noise_level = 128},
          {.noise_interval = milliseconds(19)},
          {.max_burst = 0}})
        BOOST_CHECK_THROW(make(o), std::invalid_argument);
    BOOST_CHECK_THROW(make({}, {}), std::invalid_argument);
    BOOST_CHECK_THROW(make({}, codec("PCMU/8000", 128)), std::invalid_argument);
    sender_codec quiet = codec();
    quiet.noise_type.reset();
    BOOST_CHECK_THROW(make({.idle = idle_policy::comfort_noise}, std::move(quiet)),
                      std::invalid_argument);
    fixture f;
    BOOST_CHECK_THROW(f.sender.set_codec({}, origin), std::invalid_argument);
    BOOST_CHECK_THROW(f.sender.set_codec(codec("L16/11025", 96), origin), std::invalid_argument);
    BOOST_CHECK(f.tick() == sent_kind::silence);
    BOOST_CHECK_EQUAL(f.sent[0].type, pcmu);
}
