#include <boost/test/unit_test.hpp>

#include "playout_fixture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

using namespace playout_test;

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused_by_name) {
    const auto refused = [](const playout_options& o, const char* name) {
        BOOST_CHECK_EXCEPTION(playout{o}, std::invalid_argument, [&](const auto& e) {
            return std::string(e.what()).find(name) != std::string::npos;
        });
    };
    refused({.rate = 7999}, "rate");
    refused({.rate = 96001}, "rate");
    refused({.initial_delay = duration(-1)}, "initial_delay");
    refused({.min_delay = duration(-1)}, "min_delay");
    refused({.min_delay = milliseconds(501)}, "max_delay");
    refused({.max_delay = std::chrono::seconds(11)}, "max_delay");
    refused({.late_target = 0.11}, "late_target");
    refused({.late_target = std::nan("")}, "late_target");
}

BOOST_AUTO_TEST_CASE(a_decoder_that_does_not_suit_is_refused) {
    playout p;
    BOOST_CHECK_THROW(p.add_decoder(0, nullptr), std::invalid_argument);
    BOOST_CHECK_THROW(p.add_decoder(128, codec_set().make_decoder("PCMU/8000")),
                      std::invalid_argument);
    BOOST_CHECK_THROW(p.add_decoder(96, codec_set().make_decoder("L16/4000")),
                      std::invalid_argument);
    BOOST_CHECK_THROW(p.add_event(128), std::invalid_argument);
    BOOST_CHECK_THROW(p.add_comfort_noise(200), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(before_the_first_packet_there_is_silence) {
    fixture x;
    for (int i = 0; i < 10; ++i) BOOST_CHECK_EQUAL(x.pull(), playout_kind::silence);
    BOOST_CHECK(std::all_of(x.heard.begin(), x.heard.end(), [](int s) { return s == 0; }));
    BOOST_CHECK_EQUAL(x.p.stats().ticks_of(playout_kind::silence), 10);
}

BOOST_AUTO_TEST_CASE(the_first_packet_is_heard_after_the_initial_delay) {
    for (const int initial : {0, 20, 40, 41, 100}) {
        fixture x({.initial_delay = milliseconds(initial)});
        int ticks = 0;
        do ++ticks;
        while (x.tick() == playout_kind::silence);
        // It arrived 21 ms before the first tick.
        const int waited = 1 + 20 * ticks;
        BOOST_CHECK_GE(waited, initial);
        BOOST_CHECK_LT(waited, std::max(initial, 1) + 20 + 1);
        BOOST_CHECK(x.p.stats().delay == milliseconds(waited));
    }
}

BOOST_AUTO_TEST_CASE(audio_comes_out_as_it_went_in) {
    fixture x;
    x.begin();
    const playout_stats s = x.p.stats();
    BOOST_CHECK_EQUAL(s.late + s.duplicate + s.discarded, 0);
    BOOST_CHECK_EQUAL(s.ticks_of(playout_kind::concealed), 0);
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
    // The network needs nothing: in the end a packet is heard in the tick after its arrival.
    BOOST_CHECK(s.delay == milliseconds(21));
}

BOOST_AUTO_TEST_CASE(packets_in_any_order_are_played_in_order) {
    fixture x({.min_delay = milliseconds(80)});
    x.begin();
    const playout_stats before = x.p.stats();
    for (int i = 0; i < 50; ++i) {
        const fields first = x.f;
        const std::size_t at = x.position;
        x.skip();
        ++x.f.seq;
        x.send();
        const fields next = x.f;
        const std::size_t then = x.position;
        x.f = first;
        x.position = at;
        x.send();
        x.f = next;
        x.position = then;
        x.pull();
        x.pull();
    }
    const playout_stats s = x.p.stats();
    BOOST_CHECK_EQUAL(s.ticks_of(playout_kind::concealed),
                      before.ticks_of(playout_kind::concealed));
    BOOST_CHECK_EQUAL(s.late + s.discarded, before.late + before.discarded);
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
}

BOOST_AUTO_TEST_CASE(a_duplicate_is_played_once) {
    fixture x;
    for (int i = 0; i < 100; ++i) {
        const fields f = x.f;
        const std::size_t at = x.position;
        x.send();
        x.f = f;
        x.position = at;
        x.tick();
    }
    const playout_stats s = x.p.stats();
    BOOST_CHECK_EQUAL(s.duplicate, 100);
    BOOST_CHECK_EQUAL(s.played + s.waiting, 100);
}

BOOST_AUTO_TEST_CASE(a_lost_packet_is_concealed_in_its_tick) {
    for (const int delay : {0, 60}) { // without and with the next one at hand
        fixture x({.min_delay = milliseconds(delay)});
        x.begin();
        std::size_t concealed = 0;
        x.lose();
        concealed += x.pull() == playout_kind::concealed;
        for (int i = 0; i < 10; ++i) concealed += x.tick() == playout_kind::concealed;
        // The gap need not begin with a tick.
        BOOST_CHECK(concealed == 1 || concealed == 2);
        BOOST_CHECK_LE(x.largest_step(), step_of_tone);
        BOOST_CHECK_EQUAL(x.p.stats().late, 0);
    }
}

BOOST_AUTO_TEST_CASE(after_60_ms_without_packets_there_is_silence) {
    fixture x;
    x.begin();
    for (int i = 0; i < 3; ++i) BOOST_CHECK_EQUAL(x.pull(), playout_kind::concealed);
    x.pull(); // the gap need not have begun with a tick
    for (int i = 0; i < 5; ++i) BOOST_CHECK_EQUAL(x.pull(), playout_kind::silence);
    BOOST_CHECK_EQUAL(x.p.stats().underruns, 1);
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
}

BOOST_AUTO_TEST_CASE(comfort_noise_fills_a_pause_at_its_level) {
    for (const std::uint8_t level : {std::uint8_t{40}, std::uint8_t{60}}) {
        fixture x;
        x.begin();
        x.f.type = noise;
        BOOST_REQUIRE(x.p.insert(datagram(x.f, {level}), x.now));
        ++x.f.seq;
        x.f.type = pcmu;
        x.pull();
        double sum = 0;
        for (int i = 0; i < 100; ++i) {
            x.skip();
            BOOST_CHECK_EQUAL(x.pull(), playout_kind::comfort_noise);
            for (const std::int16_t s : x.pcm) sum += double{1} * s * s;
        }
        const double dbov = 10 * std::log10(sum / 16000 / (32768.0 * 32768.0));
        BOOST_CHECK_LT(std::abs(dbov + level), 1);
        // The talkspurt behind it is whole.
        const auto played = x.p.stats().played;
        for (int i = 0; i < 20; ++i) x.tick();
        BOOST_CHECK_GE(x.p.stats().played + x.p.stats().waiting, played + 20);
        BOOST_CHECK_EQUAL(x.p.stats().late + x.p.stats().discarded, 0);
    }
}

BOOST_AUTO_TEST_CASE(a_pause_without_a_word_ends_with_a_whole_talkspurt) {
    fixture x;
    x.begin();
    for (int i = 0; i < 50; ++i) {
        x.skip();
        x.pull();
    }
    const playout_stats before = x.p.stats();
    for (int i = 0; i < 50; ++i) x.tick();
    const playout_stats s = x.p.stats();
    BOOST_CHECK_EQUAL(s.played + s.waiting, before.played + before.waiting + 50);
    BOOST_CHECK_EQUAL(s.ticks_of(playout_kind::concealed),
                      before.ticks_of(playout_kind::concealed));
}

BOOST_AUTO_TEST_CASE(events_between_audio_are_no_loss) {
    fixture x;
    x.begin();
    const playout_stats before = x.p.stats();
    const fields begin = x.f;
    for (int i = 0; i < 10; ++i) {
        fields f = x.f;
        f.type = event;
        f.timestamp = begin.timestamp;
        BOOST_REQUIRE(x.p.insert(datagram(f, {5, 10, 0, 160}), x.now));
        ++x.f.seq;
        x.skip();
        x.pull();
    }
    for (int i = 0; i < 50; ++i) x.tick();
    const playout_stats s = x.p.stats();
    BOOST_CHECK_EQUAL(s.late + s.discarded, 0);
    BOOST_CHECK_EQUAL(s.underruns, before.underruns);
    BOOST_CHECK_EQUAL(s.ticks_of(playout_kind::concealed),
                      before.ticks_of(playout_kind::concealed));
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
}

BOOST_AUTO_TEST_CASE(the_delay_grows_when_packets_come_late_and_shrinks_again) {
    fixture x;
    x.begin();
    for (int i = 0; i < 100; ++i) {
        x.send(milliseconds(i % 2 == 0 ? 0 : 90));
        x.pull();
    }
    // Half of them are 90 ms late; a packet that is in time waits for that, and for the tick.
    BOOST_CHECK(x.p.stats().target >= milliseconds(90));
    const auto late = x.p.stats().late;
    for (int i = 0; i < 50; ++i) {
        x.send(milliseconds(i % 2 == 0 ? 0 : 90));
        x.pull();
    }
    BOOST_CHECK_EQUAL(x.p.stats().late, late);
    for (int i = 0; i < 250; ++i) x.tick();
    BOOST_CHECK(x.p.stats().delay <= milliseconds(21));
    BOOST_CHECK_GT(x.p.stats().shrunk, 0);
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
}

BOOST_AUTO_TEST_CASE(a_fixed_delay_stays) {
    fixture x({.min_delay = milliseconds(100), .max_delay = milliseconds(100)});
    for (int i = 0; i < 500; ++i) {
        x.send(milliseconds(i % 13));
        x.pull();
        if (i > 20) BOOST_CHECK(x.p.stats().delay >= milliseconds(100 - 13));
        BOOST_CHECK(x.p.stats().delay <= milliseconds(100 + 20 + 3));
    }
    BOOST_CHECK_EQUAL(x.p.stats().ticks_of(playout_kind::concealed), 0);
}

BOOST_AUTO_TEST_CASE(a_backlog_is_cut_to_the_longest_delay) {
    fixture x({.max_delay = milliseconds(200)});
    x.begin();
    for (int i = 0; i < 100; ++i) x.send(); // 2 s at once
    for (int i = 0; i < 5; ++i) x.pull();
    BOOST_CHECK_LE(x.p.stats().waiting, 11);
    BOOST_CHECK_GE(x.p.stats().discarded, 80);
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
}

BOOST_AUTO_TEST_CASE(a_gap_is_cut_to_the_longest_delay) {
    fixture x({.min_delay = milliseconds(20), .max_delay = milliseconds(20)});
    x.begin();
    for (int i = 0; i < 10; ++i) x.pull(); // the network stands still
    x.send();
    x.pull();
    for (int i = 0; i < 3; ++i) x.lose();
    x.send(); // 60 ms quicker than the one before, with 60 ms to be concealed between them
    const auto before = x.p.stats();
    for (int i = 0; i < 4; ++i) x.pull();
    const playout_stats s = x.p.stats();
    BOOST_CHECK_EQUAL(s.played, before.played + 1);
    BOOST_CHECK(s.delay > milliseconds(20 + 20)); // the rest of the gap is concealed
    BOOST_CHECK(s.delay <= milliseconds(20 + 2 * 20));
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
}

BOOST_AUTO_TEST_CASE(a_restart_is_played_on) {
    fixture x;
    x.begin();
    x.f = {40000, 123456789, 2, pcmu};
    std::size_t other = 0;
    for (int i = 0; i < 50; ++i) {
        const playout_kind kind = x.tick();
        other += kind == playout_kind::concealed || kind == playout_kind::silence;
    }
    const playout_stats s = x.p.stats();
    BOOST_CHECK_EQUAL(s.restarts, 1);
    BOOST_CHECK_EQUAL(s.discarded + s.late, 0); // the first packet is not lost
    BOOST_CHECK_LE(other, 2);
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
}

BOOST_AUTO_TEST_CASE(a_stray_packet_is_discarded) {
    fixture x;
    x.begin();
    const fields f = x.f;
    const std::size_t at = x.position;
    x.f = {7, 7, 7, pcmu};
    const auto waiting = x.p.stats().waiting;
    x.send();
    BOOST_CHECK_EQUAL(x.p.stats().waiting, waiting + 1);
    x.f = f;
    x.position = at;
    for (int i = 0; i < 10; ++i) BOOST_CHECK_EQUAL(x.tick(), playout_kind::speech);
    BOOST_CHECK_EQUAL(x.p.stats().discarded, 1);
    BOOST_CHECK_EQUAL(x.p.stats().restarts, 0);
}

BOOST_AUTO_TEST_CASE(stray_packets_that_do_not_follow_each_other_are_no_restart) {
    fixture x;
    x.begin();
    const fields f = x.f;
    const std::size_t at = x.position;
    for (const std::uint16_t seq : std::array<std::uint16_t, 4>{7, 9, 12, 11}) {
        x.f = {seq, 160U * seq, 7, pcmu};
        x.send();
    }
    x.f = f;
    x.position = at;
    for (int i = 0; i < 10; ++i) BOOST_CHECK_EQUAL(x.tick(), playout_kind::speech);
    BOOST_CHECK_EQUAL(x.p.stats().discarded, 4);
    BOOST_CHECK_EQUAL(x.p.stats().restarts, 0);
}

BOOST_AUTO_TEST_CASE(late_packets_of_the_stream_before_a_restart_do_not_bring_it_back) {
    fixture x;
    x.begin();
    const fields delayed = x.f;
    x.lose();
    x.lose();
    for (int i = 0; i < 3; ++i) x.tick();
    x.f = {40000, 123456789, 2, pcmu};
    for (int i = 0; i < 10; ++i) x.tick();
    const auto late = x.p.stats().late;
    const fields f = x.f;
    const std::size_t at = x.position;
    x.f = delayed;
    x.send();
    x.send();
    x.f = f;
    x.position = at;
    for (int i = 0; i < 10; ++i) {
        const playout_kind kind = x.tick();
        BOOST_CHECK(kind == playout_kind::speech || kind == playout_kind::compressed);
    }
    BOOST_CHECK_EQUAL(x.p.stats().late, late + 2);
    BOOST_CHECK_EQUAL(x.p.stats().restarts, 1);
}

BOOST_AUTO_TEST_CASE(a_restart_comes_behind_audio_that_an_event_has_overtaken) {
    fixture c;
    c.begin();
    fields overtaking = c.f;
    overtaking.seq = static_cast<std::uint16_t>(c.f.seq + 2);
    overtaking.type = event;
    BOOST_REQUIRE(c.p.insert(datagram(overtaking, {5, 10, 0, 160}), c.now));
    for (int i = 0; i < 2; ++i) c.send();
    c.f = {.seq = 100, .timestamp = 77'000, .ssrc = 2};
    for (int i = 0; i < 3; ++i) c.send();
    for (int i = 0; i < 5; ++i) c.pull();
    for (int i = 0; i < 20; ++i) c.tick();
    BOOST_CHECK_EQUAL(c.p.stats().restarts, 1);
    BOOST_CHECK_EQUAL(c.p.stats().late + c.p.stats().discarded, 0);
}

BOOST_AUTO_TEST_CASE(a_packet_of_another_length_is_played_whole) {
    fixture x;
    x.begin();
    const auto concealed = x.p.stats().ticks_of(playout_kind::concealed);
    for (const unsigned ms : {10U, 60U, 30U, 120U})
        for (unsigned sent = 0, pulled = 0; pulled < 6000; pulled += 20) {
            for (; sent <= pulled; sent += ms) x.send({}, 8 * ms);
            x.pull();
        }
    const playout_stats s = x.p.stats();
    BOOST_CHECK_EQUAL(s.discarded + s.duplicate, 0);
    BOOST_CHECK_LT(s.ticks_of(playout_kind::concealed) - concealed, 30);
    BOOST_CHECK_LE(x.largest_step(), step_of_tone);
}

BOOST_AUTO_TEST_CASE(what_is_no_rtp_is_an_error) {
    playout p;
    const std::array<std::uint8_t, 11> bytes{};
    BOOST_CHECK(p.insert(bytes, {}).error() == errc::packet_too_short);
    BOOST_CHECK_EQUAL(p.stats().received, 0);
}
