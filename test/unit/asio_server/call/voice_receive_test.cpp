// voice_stream: what it receives.
#include "voice_tools.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>

namespace rtpsynth::asio_server {

struct listening {
    rtp_server server{immediate()};
    plain_phone phone;

    void send(const voice_stream& to, unsigned first, unsigned count, std::uint32_t ssrc) {
        for (unsigned i = 0; i != count; ++i) {
            phone.send_rtp(to.local_endpoint(), first + i, ssrc);
            std::this_thread::sleep_for(1ms);
        }
    }
};

BOOST_FIXTURE_TEST_SUITE(receiving, listening)

BOOST_AUTO_TEST_CASE(what_one_plays_the_other_hears) {
    voice_stream_options o = silent_stream();
    o.playout.rate = 24000;
    o.pause_after = std::nullopt;
    voice_stream hears{server, o};
    o = silent_stream_to(hears.local_endpoint());
    o.sender.input_rate = 16000;
    voice_stream plays{server, o};

    BOOST_TEST(hears.tick_samples() == 480u);
    std::vector<std::int16_t> pcm(hears.tick_samples());
    auto reading = hears.async_read(pcm, to_future);
    const auto speech = tone(400ms, 16000);
    get(plays.async_play(speech, 1, to_future));
    int loud = 0;
    std::optional<time_point> before;
    for (int i = 0; i != 200 && loud < 15; ++i) {
        const auto [ec, tick] = get(std::move(reading));
        BOOST_REQUIRE(!ec);
        BOOST_TEST(tick.samples == pcm.size());
        if (before) {
            const auto ticks = static_cast<std::int64_t>(tick.skipped) + 1;
            BOOST_TEST((tick.time - *before == ticks * 20ms));
        }
        before = tick.time;
        if (tick.kind != playout_kind::silence && power(pcm) > 1e7) ++loud;
        reading = hears.async_read(pcm, to_future);
    }
    BOOST_TEST(loud >= 15);
    const auto s = hears.stats();
    BOOST_TEST(s.session.rtp_accepted + s.session.rtp_probation ==
               s.playout.received + s.not_played);
    BOOST_TEST(s.audio_lost == 0u);
    BOOST_TEST(next_event(hears).starts_with("first "));
}

BOOST_AUTO_TEST_CASE(a_handler_gets_every_tick) {
    std::atomic<int> ticks{0}, loud{0};
    voice_stream_options o = silent_stream();
    o.on_audio = [&](voice_stream& s, const audio_tick& tick, std::span<const std::int16_t> pcm) {
        if (pcm.size() != s.tick_samples() || tick.samples != pcm.size()) std::abort();
        ++ticks;
        if (power(pcm) > 1e4) ++loud;
    };
    voice_stream stream{server, o};
    std::vector<std::int16_t> pcm(160);
    BOOST_TEST(std::get<0>(get(stream.async_read(pcm, to_future))) ==
               error::operation_not_supported);
    std::this_thread::sleep_for(50ms);
    BOOST_TEST(ticks == 0); // nobody speaks
    for (unsigned i = 0; loud < 5 && i < 1000; ++i) {
        phone.send_rtp(stream.local_endpoint(), i, 9);
        std::this_thread::sleep_for(20ms);
    }
    BOOST_TEST(loud >= 5);
}

BOOST_AUTO_TEST_CASE(a_stream_that_nobody_reads_makes_no_audio) {
    voice_stream stream{server, silent_stream()};
    send(stream, 0, 10, 9);
    BOOST_TEST(eventually([&] { return stream.stats().not_played == 10; }));
    std::this_thread::sleep_for(60ms);
    const auto s = stream.stats();
    BOOST_TEST(s.playout.received == 0u);
    for (const auto ticks : s.playout.ticks) BOOST_TEST(ticks == 0u);
}

BOOST_AUTO_TEST_CASE(audio_pauses_without_packets_and_says_how_long) {
    voice_stream_options o = silent_stream();
    o.pause_after = 100ms;
    voice_stream stream{server, o};
    std::vector<std::int16_t> pcm(160);
    auto reading = stream.async_read(pcm, to_future);
    send(stream, 0, 3, 9);
    const time_point begin = std::get<1>(get(std::move(reading))).time;
    std::uint64_t ticks = 1;
    // Until there has been none for a while.
    const auto pulled = [&] {
        std::uint64_t all = 0;
        for (const auto n : stream.stats().playout.ticks) all += n;
        return all;
    };
    BOOST_TEST(eventually([&] {
        const auto before = pulled();
        std::this_thread::sleep_for(200ms);
        return before == pulled();
    }));
    send(stream, 3, 3, 9);
    std::uint64_t skipped = 0;
    while (skipped == 0) {
        const auto [ec, tick] = get(stream.async_read(pcm, to_future));
        BOOST_REQUIRE(!ec);
        ticks += 1 + tick.skipped;
        skipped = tick.skipped;
        BOOST_TEST((tick.time - begin == static_cast<std::int64_t>(ticks - 1) * 20ms));
    }
    BOOST_TEST(skipped >= 5u);
}

BOOST_AUTO_TEST_CASE(ticks_that_nobody_reads_are_lost_oldest_first) {
    voice_stream_options o = silent_stream();
    o.audio_queue = 3;
    voice_stream stream{server, o};
    std::vector<std::int16_t> pcm(160);
    auto reading = stream.async_read(pcm, to_future);
    send(stream, 0, 3, 9);
    const time_point begin = std::get<1>(get(std::move(reading))).time;
    BOOST_TEST(eventually([&] { return stream.stats().audio_lost >= 4; }));
    const auto [ec, tick] = get(stream.async_read(pcm, to_future));
    BOOST_TEST(!ec);
    BOOST_TEST(tick.skipped >= 4u);
    BOOST_TEST((tick.time - begin == static_cast<std::int64_t>(tick.skipped + 1) * 20ms));
}

BOOST_AUTO_TEST_CASE(reading_can_be_cancelled_and_ends_with_the_stream) {
    voice_stream stream{server, silent_stream()};
    std::vector<std::int16_t> pcm(160);
    BOOST_TEST(std::get<0>(get(stream.async_read(std::span{pcm}.first(159), to_future))) ==
               error::no_buffer_space);
    boost::asio::cancellation_signal cancel;
    auto reading =
        stream.async_read(pcm, boost::asio::bind_cancellation_slot(cancel.slot(), to_future));
    cancel.emit(boost::asio::cancellation_type::partial);
    BOOST_TEST(std::get<0>(get(std::move(reading))) == error::operation_aborted);
    auto event =
        stream.async_read_event(boost::asio::bind_cancellation_slot(cancel.slot(), to_future));
    cancel.emit(boost::asio::cancellation_type::partial);
    BOOST_TEST(std::get<0>(get(std::move(event))) == error::operation_aborted);
    reading = stream.async_read(pcm, to_future);
    event = stream.async_read_event(to_future);
    stream.close();
    BOOST_TEST(std::get<0>(get(std::move(reading))) == error::operation_aborted);
    BOOST_TEST(std::get<0>(get(std::move(event))) == error::operation_aborted);
    BOOST_TEST(std::get<0>(get(stream.async_read(pcm, to_future))) == error::operation_aborted);
    BOOST_TEST(next_event(stream) == aborted);
}

BOOST_AUTO_TEST_CASE(digits_are_heard) {
    voice_stream hears{server, silent_stream()};
    voice_stream plays{server, silent_stream_to(hears.local_endpoint())};
    BOOST_TEST(!plays.send_digits("12#", {.on = 60ms, .off = 40ms}));
    BOOST_TEST(next_event(hears).starts_with("first "));
    for (const std::string digit : {"1", "2", "#"}) {
        BOOST_TEST(next_event(hears) == "pressed " + digit);
        BOOST_TEST(next_event(hears) == "released " + digit);
    }
}

BOOST_AUTO_TEST_CASE(digits_have_the_clock_rate_of_the_audio_before_them) {
    voice_stream_options o = silent_stream();
    o.codecs = {{"PCMU/8000"}, {"L16/16000", 97}};
    voice_stream hears{server, o};
    o.peer = hears.local_endpoint();
    voice_stream plays{server, o};
    const auto pcm = tone(100ms, 8000);
    for (const bool is_wide : {false, true, false}) {
        if (is_wide || hears.stats().session.rtp_accepted != 0) plays.set_codec(o.codecs[is_wide]);
        BOOST_TEST(!std::get<0>(get(plays.async_play(std::span{pcm}, 1, to_future))));
        BOOST_TEST(!std::get<0>(get(plays.async_drain(to_future))));
        BOOST_TEST(!plays.send_digits("7", {.on = 100ms, .off = 20ms}));
        for (;;) {
            const auto [ec, event] = get(hears.async_read_event(to_future));
            BOOST_REQUIRE(!ec);
            if (const auto* up = std::get_if<digit_released>(&event)) {
                BOOST_TEST((up->length == 100ms));
                break;
            }
        }
        BOOST_TEST(!std::get<0>(get(plays.async_drain(to_future))));
    }
    BOOST_TEST(hears.stats().events_lost == 0u);
}

BOOST_AUTO_TEST_CASE(quality_is_rated_by_the_ticks_that_were_heard) {
    voice_stream_options o = silent_stream();
    o.on_audio = [](voice_stream&, const audio_tick&, std::span<const std::int16_t>) {};
    o.pause_after = std::nullopt;
    voice_stream stream{server, o};
    BOOST_TEST(!stream.quality().mos().has_value());
    send(stream, 0, 10, 1);
    BOOST_TEST(eventually([&] { return stream.quality().losses().expected() >= 8; }));
    const voice_stream_stats s = stream.stats();
    BOOST_TEST(s.playout.ticks_of(playout_kind::speech) > 0u);
    // The stream breaks off, which is concealed.
    BOOST_TEST(eventually([&] { return stream.quality().loss_percent() > 0; }));
    BOOST_TEST(*stream.quality().mos() > 1);
    BOOST_TEST(*stream.quality().mos() < 4.4);
    BOOST_TEST(stream.quality().metrics(1, 20ms).round_trip_delay == 0);
}

BOOST_AUTO_TEST_CASE(another_source_of_the_address_is_heard_at_once_and_strangers_are_not) {
    std::atomic<int> calls{0};
    voice_stream_options o = silent_stream();
    o.on_audio = [&](voice_stream&, const audio_tick&, std::span<const std::int16_t>) { ++calls; };
    o.source_timeout = 1h;
    voice_stream stream{server, o};
    send(stream, 0, 3, 1);
    BOOST_TEST(next_event(stream) == "first 1");
    send(stream, 500, 3, 2);
    BOOST_TEST(next_event(stream) == "changed 2");
    send(stream, 3, 2, 1); // does not take it back
    plain_phone stranger;
    for (unsigned i = 0; i != 5; ++i) stranger.send_rtp(stream.local_endpoint(), i, 3);
    BOOST_TEST(eventually([&] { return stream.stats().not_played == 2 + 5; }));
    send(stream, 503, 1, 2);
    BOOST_TEST(eventually([&] { return stream.stats().playout.received == 3 + 3 + 1; }));
    BOOST_TEST(eventually([&] { return calls > 3; }));
}

BOOST_AUTO_TEST_CASE(a_stranger_is_heard_when_the_source_is_silent_for_long) {
    voice_stream_options o = silent_stream();
    o.source_timeout = 50ms;
    voice_stream stream{server, o};
    send(stream, 0, 3, 1);
    BOOST_TEST(next_event(stream) == "first 1");
    std::this_thread::sleep_for(60ms);
    plain_phone stranger;
    for (unsigned i = 0; i != 3; ++i) stranger.send_rtp(stream.local_endpoint(), i, 3);
    BOOST_TEST(next_event(stream) == "changed 3");
}

BOOST_AUTO_TEST_CASE(silence_of_the_network_is_an_event) {
    voice_stream_options o = silent_stream();
    o.quiet_after = 50ms;
    voice_stream stream{server, o};
    BOOST_TEST(next_event(stream) == "quiet"); // nothing ever came
    send(stream, 0, 3, 1);
    std::string event = next_event(stream);
    BOOST_TEST(event == "first 1");
    BOOST_TEST(next_event(stream) == "quiet");
}

BOOST_AUTO_TEST_CASE(events_that_nobody_reads_are_lost_oldest_first) {
    voice_stream_options o = silent_stream();
    o.event_queue = 2;
    voice_stream hears{server, o};
    voice_stream plays{server, silent_stream_to(hears.local_endpoint())};
    BOOST_TEST(!plays.send_digits("45", {.on = 40ms, .off = 20ms}));
    BOOST_TEST(eventually([&] { return hears.stats().events_lost == 3; }));
    BOOST_TEST(next_event(hears) == "pressed 5");
    BOOST_TEST(next_event(hears) == "released 5");
}

BOOST_AUTO_TEST_CASE(handlers_may_throw_and_destroy_the_stream) {
    std::optional<voice_stream> stream;
    std::promise<void> ready, gone;
    std::atomic<int> thrown{0};
    rtp_server own{{.tick = std::nullopt, .on_exception = [&](std::exception_ptr) { ++thrown; }}};
    voice_stream_options o = silent_stream();
    int calls = 0;
    o.on_event = [&](voice_stream& handle, const voice_event&) {
        if (++calls == 1) throw 1;
        ready.get_future().wait();
        stream.reset();
        handle.clear();
        handle.close();
        gone.set_value();
    };
    o.quiet_after = 30ms;
    stream.emplace(own, o);
    BOOST_TEST(std::get<0>(get(stream->async_read_event(to_future))) ==
               error::operation_not_supported);
    BOOST_TEST(eventually([&] { return thrown == 1; }));
    send(*stream, 0, 3, 1);
    ready.set_value();
    BOOST_REQUIRE((gone.get_future().wait_for(patience) == std::future_status::ready));
}

BOOST_AUTO_TEST_CASE(what_is_no_rtp_is_counted) {
    voice_stream stream{server, silent_stream()};
    phone.send(bytes("\x80"), stream.local_endpoint());
    phone.send(bytes("\x01 stun"), stream.local_endpoint());
    phone.send(bytes("\x80\xc9 rtcp"), stream.local_endpoint());
    BOOST_TEST(eventually([&] {
        const auto s = stream.stats();
        return s.malformed == 1 && s.other == 1 && s.session.rtcp_malformed == 1;
    }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace rtpsynth::asio_server
