// voice_stream: what it sends.
#include "voice_tools.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>

namespace rtpsynth::asio_server {

struct calling {
    rtp_server server{immediate()};
    plain_phone phone;
};

BOOST_FIXTURE_TEST_SUITE(sending, calling)

BOOST_AUTO_TEST_CASE(audio_leaves_as_packets_of_a_tick) {
    voice_stream stream{server, silent_stream_to(phone.endpoint())};
    const auto pcm = tone(100ms, 8000);
    const auto [ec, taken] = get(stream.async_play(pcm, 7, to_future));
    BOOST_TEST(!ec);
    BOOST_TEST(taken == pcm.size());
    stream.end_item();
    std::optional<rtp_packet_view> before;
    std::vector<std::uint8_t> kept;
    for (int i = 0; i != 5; ++i) {
        const auto bytes = phone.receive();
        const auto packet = view_of(bytes);
        BOOST_TEST(packet.payload_type() == 0);
        BOOST_TEST(packet.payload().size() == 160u);
        BOOST_TEST(packet.marker() == (i == 0));
        if (before) {
            BOOST_TEST(packet.ssrc() == before->ssrc());
            BOOST_TEST(packet.seq() == static_cast<std::uint16_t>(before->seq() + 1));
        }
        kept = bytes;
        before = view_of(kept);
    }
    BOOST_TEST(next_event(stream) == "played 7 800");
    BOOST_TEST(stream.stats().sender.ticks_of(sent_kind::audio) >= 5u);
    BOOST_TEST(stream.stats().unsent == 0u);
}

BOOST_AUTO_TEST_CASE(audio_of_any_rate_is_converted) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.input_rate = 24000;
    voice_stream stream{server, o};
    const auto pcm = tone(60ms, 24000);
    BOOST_TEST(!std::get<0>(get(stream.async_play(pcm, 1, to_future))));
    stream.set_play_rate(16000);
    const auto other = tone(60ms, 16000);
    BOOST_TEST(!std::get<0>(get(stream.async_play(other, 2, to_future))));
    stream.end_item();
    BOOST_TEST(next_event(stream) == "played 1 1440");
    BOOST_TEST(next_event(stream) == "played 2 960");
    BOOST_CHECK_THROW(stream.set_play_rate(3999), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(playing_waits_for_room_in_order) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.capacity = 40ms;
    voice_stream stream{server, o};
    const auto pcm = tone(200ms, 8000);
    const auto rest = tone(20ms, 8000);
    auto first = stream.async_play(pcm, 1, to_future);
    auto second = stream.async_play(rest, 2, to_future);
    stream.end_item(); // of what waits
    const auto [ec, taken] = get(std::move(first));
    BOOST_TEST(!ec);
    BOOST_TEST(taken == pcm.size());
    BOOST_TEST(std::get<1>(get(std::move(second))) == rest.size());
    BOOST_TEST(next_event(stream) == "played 1 1600");
    BOOST_TEST(next_event(stream) == "played 2 160");
}

BOOST_AUTO_TEST_CASE(as_much_is_taken_at_once_as_there_is_room_for) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.capacity = 40ms;
    voice_stream stream{server, o};
    const auto pcm = tone(200ms, 8000);
    auto taken = stream.try_play(pcm, 1);
    BOOST_REQUIRE(taken.has_value());
    BOOST_TEST(*taken >= 320u);
    BOOST_TEST(*taken <= 480u); // if a tick was sent meanwhile
    std::size_t all = *taken;
    auto rest = stream.async_play(std::span{pcm}.subspan(all), 1, to_future);
    BOOST_TEST(stream.try_play(pcm, 2).value() == 0u); // it would overtake the rest
    BOOST_TEST(std::get<1>(get(std::move(rest))) == pcm.size() - all);
    BOOST_TEST(!std::get<0>(get(stream.async_drain(to_future))));
    stream.set_play_rate(16000);
    BOOST_TEST(stream.try_play(std::span{pcm}.first(160), 2).value() == 160u);
    stream.end_item();
    BOOST_TEST(next_event(stream) == "played 1 1600");
    BOOST_TEST(next_event(stream) == "played 2 160");
    stream.close();
    BOOST_TEST(stream.try_play(pcm, 3).error() == error_code{error::bad_descriptor});
}

BOOST_AUTO_TEST_CASE(an_operation_that_waits_can_be_cancelled) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.capacity = 20ms;
    voice_stream stream{server, o};
    const auto pcm = tone(60'000ms, 8000);
    boost::asio::cancellation_signal cancel;
    auto playing =
        stream.async_play(pcm, 1, boost::asio::bind_cancellation_slot(cancel.slot(), to_future));
    auto next = stream.async_play(std::span{pcm}.first(160), 2, to_future);
    cancel.emit(boost::asio::cancellation_type::total);
    const auto [ec, taken] = get(std::move(playing));
    BOOST_TEST(ec == error::operation_aborted);
    BOOST_TEST(taken >= 160u);
    BOOST_TEST(taken < pcm.size());
    BOOST_TEST(!std::get<0>(get(std::move(next))));
}

BOOST_AUTO_TEST_CASE(an_item_that_is_over_does_not_go_on_if_the_rest_of_it_is_cancelled) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.capacity = 20ms;
    voice_stream stream{server, o};
    const auto pcm = tone(60'000ms, 8000);
    boost::asio::cancellation_signal cancel;
    auto playing =
        stream.async_play(pcm, 1, boost::asio::bind_cancellation_slot(cancel.slot(), to_future));
    stream.end_item();
    auto next = stream.async_play(std::span{pcm}.first(160), 1, to_future);
    stream.end_item();
    cancel.emit(boost::asio::cancellation_type::total);
    const auto taken = std::get<1>(get(std::move(playing)));
    BOOST_TEST(!std::get<0>(get(std::move(next))));
    BOOST_TEST(next_event(stream) == "played 1 " + std::to_string(taken));
    BOOST_TEST(next_event(stream) == "played 1 160");
}

BOOST_AUTO_TEST_CASE(clear_says_what_was_heard_and_drops_the_rest) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.capacity = 1s;
    voice_stream stream{server, o};
    BOOST_TEST(!stream.clear());
    const auto pcm = tone(60'000ms, 8000);
    auto playing = stream.async_play(pcm, 42, to_future);
    for (int i = 0; i != 3; ++i) phone.receive();
    const auto heard = stream.clear();
    BOOST_REQUIRE(heard.has_value());
    BOOST_TEST(heard->item == 42u);
    BOOST_TEST(heard->samples >= 3 * 160u);
    BOOST_TEST(heard->samples % 160 == 0u);
    BOOST_TEST(heard->rate == 8000u);
    BOOST_TEST(std::get<0>(get(std::move(playing))) == error::operation_aborted);
    BOOST_TEST(!std::get<0>(get(stream.async_drain(to_future))));
    // One tick at most is on its way, and one fades out.
    const auto sent = stream.stats().sender.ticks_of(sent_kind::audio);
    BOOST_TEST(sent <= heard->samples / 160 + 1);
}

BOOST_AUTO_TEST_CASE(draining_waits_for_audio_and_digits) {
    voice_stream stream{server, silent_stream_to(phone.endpoint())};
    BOOST_TEST(!std::get<0>(get(stream.async_drain(to_future)))); // nothing to send
    const auto pcm = tone(60ms, 8000);
    get(stream.async_play(pcm, 1, to_future));
    BOOST_TEST(!std::get<0>(get(stream.async_drain(to_future))));
    BOOST_TEST(stream.stats().sender.ticks_of(sent_kind::audio) >= 3u);
    BOOST_TEST(!stream.send_digits("1"));
    BOOST_TEST(!std::get<0>(get(stream.async_drain(to_future))));
    BOOST_TEST(stream.stats().sender.ticks_of(sent_kind::event) >= 5u);
    BOOST_TEST((stream.send_digits("x") == errc::invalid_argument));

    boost::asio::cancellation_signal cancel;
    get(stream.async_play(tone(5'000ms, 8000), 1, to_future));
    auto drained =
        stream.async_drain(boost::asio::bind_cancellation_slot(cancel.slot(), to_future));
    cancel.emit(boost::asio::cancellation_type::terminal);
    BOOST_TEST(std::get<0>(get(std::move(drained))) == error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_stream_with_nothing_to_send_has_no_ticks) {
    voice_stream stream{server, silent_stream_to(phone.endpoint())};
    const auto ticks = [&] { return stream.stats().sender.ticks_of(sent_kind::nothing); };
    BOOST_TEST(eventually([&] { return ticks() != 0; }));
    std::this_thread::sleep_for(100ms);
    BOOST_TEST(ticks() == 1u);
    get(stream.async_play(tone(20ms, 8000), 1, to_future)); // and begins again
    BOOST_TEST(!phone.receive().empty());
    BOOST_TEST(stream.stats().sender.missed == 0u);
}

BOOST_AUTO_TEST_CASE(silence_is_sent_if_it_is_to_be) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.idle = idle_policy::silence;
    voice_stream stream{server, o};
    for (int i = 0; i != 5; ++i) {
        const auto bytes = phone.receive();
        for (const auto byte : view_of(bytes).payload()) BOOST_REQUIRE((byte | 0x80) == 0xff);
    }
    stream.set_codec({.encoding = "L16/8000", .payload_type = 96, .fmtp = {}});
    while (view_of(phone.receive()).payload_type() != 96) {
    }
    BOOST_TEST(view_of(phone.receive()).payload().size() == 320u);
    BOOST_CHECK_THROW(stream.set_codec({.encoding = "none/8000", .payload_type = 97, .fmtp = {}}),
                      std::invalid_argument);
    BOOST_CHECK_THROW(stream.set_codec({.encoding = "L16/8000", .payload_type = 128, .fmtp = {}}),
                      std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(another_codec_has_room_for_a_tick_of_no_whole_microseconds) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.codecs = {{.encoding = "L16/16000", .payload_type = 96, .fmtp = {}}};
    o.sender.ptime = 1'062'500ns; // 17 samples
    o.sender.idle = idle_policy::silence;
    o.playout.rate = 16000;
    voice_stream stream{server, o};
    stream.set_codec({.encoding = "L16/48000", .payload_type = 97, .fmtp = {}});
    for (;;) {
        const auto bytes = phone.receive();
        BOOST_REQUIRE(!bytes.empty());
        if (view_of(bytes).payload_type() != 97) continue;
        BOOST_TEST(view_of(bytes).payload().size() == 2 * 51u);
        break;
    }
}

BOOST_AUTO_TEST_CASE(another_codec_does_not_take_the_payload_type_of_events) {
    voice_stream stream{server, silent_stream_to(phone.endpoint())};
    for (const std::uint8_t type : {std::uint8_t{101}, std::uint8_t{13}})
        BOOST_CHECK_THROW(
            stream.set_codec({.encoding = "L16/8000", .payload_type = type, .fmtp = {}}),
            std::invalid_argument);
    BOOST_TEST(!stream.send_digits("5"));
    BOOST_TEST(view_of(phone.receive()).payload_type() == 101);
}

/// Uses its stream when it is destroyed. Of 16 kHz it takes no tick.
class asking_encoder final : public audio_encoder {
public:
    explicit asking_encoder(std::uint32_t rate) : audio_encoder({rate, rate}) {}
    ~asking_encoder() override {
        if (stream) static_cast<void>(stream->stats());
        ++destroyed;
    }
    std::size_t max_payload(std::size_t samples) const noexcept override { return samples; }
    result<std::size_t> encode(std::span<const std::int16_t> pcm,
                               std::span<std::uint8_t>) noexcept override {
        if (rates().audio == 16000) return errc::bad_frame_size;
        return pcm.size();
    }
    void reset() noexcept override {}

    static inline voice_stream* stream = nullptr;
    static inline std::atomic<int> destroyed{0};
};

BOOST_AUTO_TEST_CASE(a_codec_is_destroyed_without_the_lock) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.idle = idle_policy::silence;
    o.codec_library.add(
        {"asking",
         [](const rtpmap& map, const codec_parameters&) -> std::unique_ptr<audio_encoder> {
             return std::make_unique<asking_encoder>(map.clock_rate);
         },
         [](const rtpmap&, const codec_parameters&) { return std::unique_ptr<audio_decoder>{}; }});
    voice_stream stream{server, o};
    asking_encoder::stream = &stream;
    stream.set_codec({.encoding = "asking/8000", .payload_type = 96, .fmtp = {}});
    BOOST_CHECK_THROW(
        stream.set_codec({.encoding = "asking/8000", .payload_type = 101, .fmtp = {}}),
        std::invalid_argument);
    BOOST_TEST(asking_encoder::destroyed == 1);
    BOOST_CHECK_THROW(
        stream.set_codec({.encoding = "asking/16000", .payload_type = 97, .fmtp = {}}),
        std::invalid_argument);
    BOOST_TEST(asking_encoder::destroyed == 2);
    while (view_of(phone.receive()).payload_type() != 96) {
    }
    stream.set_codec({});
    BOOST_TEST(asking_encoder::destroyed == 3);
    asking_encoder::stream = nullptr;
    while (view_of(phone.receive()).payload_type() != 0) {
    }
}

BOOST_AUTO_TEST_CASE(before_the_peer_is_known_audio_is_played_to_nobody) {
    voice_stream stream{server, silent_stream()};
    const auto pcm = tone(40ms, 8000);
    get(stream.async_play(pcm, 1, to_future));
    stream.end_item();
    BOOST_TEST(next_event(stream) == "played 1 320");
    BOOST_TEST(eventually([&] { return stream.stats().unsent >= 2; }));
    BOOST_TEST(stream.set_peer({own_loopback(), 0}) == error::invalid_argument);
    BOOST_TEST(!stream.set_peer(phone.endpoint()));
    get(stream.async_play(pcm, 2, to_future));
    BOOST_TEST(!phone.receive().empty());
}

BOOST_AUTO_TEST_CASE(nothing_is_played_after_the_end) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.capacity = 20ms;
    voice_stream stream{server, o};
    const auto pcm = tone(1'000ms, 8000);
    auto playing = stream.async_play(pcm, 1, to_future);
    auto drained = stream.async_drain(to_future);
    BOOST_TEST(stream.is_open());
    BOOST_TEST(stream.close());
    BOOST_TEST(!stream.close());
    BOOST_TEST(!stream.is_open());
    BOOST_TEST(std::get<0>(get(std::move(playing))) == error::operation_aborted);
    BOOST_TEST(std::get<0>(get(std::move(drained))) == error::operation_aborted);
    BOOST_TEST(std::get<0>(get(stream.async_play(pcm, 1, to_future))) == error::bad_descriptor);
    BOOST_TEST(std::get<0>(get(stream.async_drain(to_future))) == error::bad_descriptor);
    BOOST_TEST(stream.send_digits("1") == error::bad_descriptor);
    stream.end_item();
    stream.clear();
}

BOOST_AUTO_TEST_CASE(streams_and_servers_end_in_any_order) {
    const auto pcm = tone(1'000ms, 8000);
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.capacity = 20ms;
    std::future<std::tuple<error_code, std::size_t>> left;
    {
        voice_stream stream{server, o};
        left = stream.async_play(pcm, 1, to_future);
    }
    BOOST_TEST(std::get<0>(get(std::move(left))) == error::operation_aborted);

    std::optional<rtp_server> other{std::in_place, immediate()};
    voice_stream survivor{*other, o};
    left = survivor.async_play(pcm, 1, to_future);
    other.reset();
    BOOST_TEST(std::get<0>(get(std::move(left))) == error::operation_aborted);
    BOOST_TEST(!survivor.is_open());
    survivor.clear();

    std::optional<boost::asio::io_context> context{std::in_place};
    std::optional<rtp_server> third{std::in_place, context->get_executor(), immediate()};
    voice_stream orphan{*third, o};
    bool called = false;
    orphan.async_play(pcm, 1, [&](error_code, std::size_t) { called = true; });
    context->run_for(30ms);
    third.reset();
    context.reset(); // with what was to be called
    BOOST_TEST(!orphan.is_open());
}

BOOST_AUTO_TEST_CASE(threads_do_what_they_like) {
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.capacity = 100ms;
    voice_stream stream{server, o};
    const auto pcm = tone(50ms, 8000);
    std::vector<std::thread> threads;
    std::atomic<int> completed{0};
    for (int t = 0; t != 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i != 100; ++i) {
                stream.async_play(pcm, static_cast<std::uint64_t>(t),
                                  [&](error_code, std::size_t) { ++completed; });
                if (i % 7 == t) stream.clear();
                if (i % 5 == t) stream.end_item();
                if (i % 11 == t) static_cast<void>(stream.send_digits("1"));
                if (i % 13 == t) stream.set_codec({.encoding = i % 2 ? "PCMU/8000" : "PCMA/8000"});
                static_cast<void>(stream.stats());
            }
        });
    }
    for (auto& t : threads) t.join();
    stream.close("over");
    BOOST_TEST(eventually([&] { return completed == 400; }));
}

BOOST_AUTO_TEST_CASE(options_are_checked) {
    const auto refused = [&](auto change, const std::string& name) {
        voice_stream_options o = silent_stream();
        change(o);
        BOOST_CHECK_EXCEPTION((voice_stream{server, o}), std::invalid_argument,
                              [&](const std::exception& e) {
                                  return std::string{e.what()}.find(name) != std::string::npos;
                              });
    };
    using options = voice_stream_options;
    refused([](options& o) { o.codecs.clear(); }, "codecs");
    refused([](options& o) { o.codecs[0].encoding = "PCMX/8000"; }, "PCMX");
    refused([](options& o) { o.codecs[0].payload_type = 128; }, "0..127");
    refused([](options& o) { o.codecs[0].encoding = "L16/8000"; }, "payload_type");
    refused([](options& o) { o.codecs.push_back({}); }, "twice");
    refused([](options& o) { o.codecs.push_back({.encoding = "PCMX"}); }, "PCMX");
    refused([](options& o) { o.event_type = 128; }, "event_type");
    refused([](options& o) { o.noise_type = 0; }, "twice");
    refused([](options& o) { o.sender.ptime = 121ms; }, "ptime");
    refused([](options& o) { o.sender.ptime = 0ms; }, "ptime");
    refused([](options& o) { o.sender.capacity = 0ms; }, "capacity");
    refused([](options& o) { o.playout.rate = 11025; }, "playout.rate");
    refused([](options& o) { o.playout.min_delay = -1ms; }, "min_delay");
    refused([](options& o) { o.source_timeout = -1ns; }, "source_timeout");
    refused([](options& o) { o.pause_after = 99ms; }, "pause_after");
    refused([](options& o) { o.quiet_after = 0ms; }, "quiet_after");
    refused([](options& o) { o.audio_queue = 0; }, "audio_queue");
    refused([](options& o) { o.event_queue = 65537; }, "event_queue");
    refused([](options& o) { o.session.cname = std::string(256, 'x'); }, "cname");
    voice_stream_options o = silent_stream_to({own_loopback(), 0});
    BOOST_CHECK_THROW((voice_stream{server, o}), boost::system::system_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace rtpsynth::asio_server
