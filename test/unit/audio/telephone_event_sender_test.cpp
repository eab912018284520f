#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/telephone_event_sender.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t tick = 160;

struct sent {
    std::uint32_t at; // the tick
    telephone_event_packet packet;
};

std::vector<sent> run(telephone_event_sender& sender, unsigned ticks, std::uint32_t start = 1000,
                      std::uint32_t units = tick) {
    std::vector<sent> out;
    for (unsigned i = 0; i < ticks; ++i)
        if (const auto packet = sender.next(start + i * units, units)) out.push_back({i, *packet});
    return out;
}

telephone_event_packet packet(bool marker, std::uint32_t timestamp, std::uint8_t event, bool end,
                              std::uint16_t duration, std::uint8_t volume = 10) {
    return {marker, timestamp, {event, end, volume, duration}};
}

void check(const std::vector<sent>& got, const std::vector<sent>& expected) {
    BOOST_REQUIRE_EQUAL(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        BOOST_CHECK_EQUAL(got[i].at, expected[i].at);
        BOOST_CHECK_MESSAGE(got[i].packet == expected[i].packet, "packet " << i);
    }
}

bool fails(const result<void>& r, errc with) { return r.has_error() && r.error() == with; }

} // namespace

BOOST_AUTO_TEST_CASE(a_digit_packet_by_packet) {
    telephone_event_sender sender(8000);
    BOOST_CHECK(!sender.busy());
    BOOST_CHECK(!sender.next(840, tick));
    sender.queue("5", {.on = 60ms}).value();
    BOOST_CHECK(sender.busy());
    check(run(sender, 10), {{0, packet(true, 1000, 5, false, 160)},
                            {1, packet(false, 1000, 5, false, 320)},
                            {2, packet(false, 1000, 5, true, 480)},
                            {3, packet(false, 1000, 5, true, 480)},
                            {4, packet(false, 1000, 5, true, 480)}});
    BOOST_CHECK(!sender.busy());
}

BOOST_AUTO_TEST_CASE(the_duration_is_exact_when_it_is_not_of_whole_ticks) {
    telephone_event_sender sender(8000);
    sender.queue("#", {.on = 50ms, .volume = 63}).value();
    const auto packets = run(sender, 10);
    BOOST_REQUIRE_EQUAL(packets.size(), 5U);
    BOOST_CHECK(packets[1].packet == packet(false, 1000, 11, false, 320, 63));
    BOOST_CHECK(packets[2].packet == packet(false, 1000, 11, true, 400, 63));
}

BOOST_AUTO_TEST_CASE(shorter_than_a_tick) {
    telephone_event_sender sender(8000);
    sender.queue("1", {.on = 1ns}).value();
    check(run(sender, 10), {{0, packet(true, 1000, 1, true, 1)},
                            {1, packet(false, 1000, 1, true, 1)},
                            {2, packet(false, 1000, 1, true, 1)}});
}

BOOST_AUTO_TEST_CASE(a_queue_with_pauses) {
    telephone_event_sender sender(8000);
    sender.queue("1*", {.on = 40ms, .off = 100ms}).value();
    sender.queue("1", {.on = 20ms, .off = 0ms}).value();
    sender.queue("1", {.on = 20ms}).value();
    BOOST_CHECK_EQUAL(sender.queued(), 4U);
    std::vector<std::uint32_t> starts;
    for (const auto& [at, p] : run(sender, 40)) {
        if (!p.marker) continue;
        starts.push_back(at);
        BOOST_CHECK_EQUAL(p.timestamp, 1000 + at * tick);
    }
    // 40 ms and 100 ms are 7 ticks. Without a pause the repetitions are one.
    BOOST_TEST(starts == std::vector<std::uint32_t>({0, 7, 14, 17}),
               boost::test_tools::per_element());
    BOOST_CHECK(!sender.busy());
}

BOOST_AUTO_TEST_CASE(ticks_of_other_lengths) {
    telephone_event_sender sender(48000);
    sender.queue("12", {.on = 100ms, .off = 50ms}).value();
    const auto packets = run(sender, 40, 0xffff'ff00, 480); // 10 ms, and the timestamp wraps
    BOOST_REQUIRE_EQUAL(packets.size(), 2 * 12U);
    BOOST_CHECK(packets[9].packet == packet(false, 0xffff'ff00, 1, true, 4800));
    BOOST_CHECK_EQUAL(packets[12].at, 15U);
    BOOST_CHECK_EQUAL(packets[12].packet.timestamp, 0xffff'ff00 + 15 * 480U);

    telephone_event_sender mixed(8000);
    mixed.queue("1", {.on = 100ms}).value();
    std::uint32_t timestamp = 7;
    std::vector<int> durations;
    for (const std::uint32_t units : {80U, 480U, 160U, 240U, 0U, 80U, 80U}) {
        if (const auto p = mixed.next(timestamp, units)) durations.push_back(p->event.duration);
        timestamp += units;
    }
    BOOST_TEST(durations == std::vector<int>({80, 560, 720, 800, 800, 800}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_key_that_is_held) {
    telephone_event_sender sender(8000);
    sender.press(3).value();
    BOOST_CHECK_EQUAL(run(sender, 3).size(), 3U);
    sender.release();
    check(run(sender, 6, 1000 + 3 * tick), {{0, packet(false, 1000, 3, true, 480)},
                                            {1, packet(false, 1000, 3, true, 480)},
                                            {2, packet(false, 1000, 3, true, 480)}});
    // Released before its first tick.
    sender.press(4).value();
    sender.release();
    const auto packets = run(sender, 9, 10'000);
    BOOST_REQUIRE_EQUAL(packets.size(), 3U);
    BOOST_CHECK(packets[0].packet == packet(true, 10'000, 4, true, 160));
    // What waits behind it is not held, and changes nothing.
    sender.press(5).value();
    run(sender, 2, 20'000);
    sender.queue("6").value();
    sender.release();
    const auto next = run(sender, 30, 20'000 + 2 * tick);
    BOOST_REQUIRE(!next.empty());
    BOOST_CHECK(next[0].packet == packet(false, 20'000, 5, true, 320));
    BOOST_CHECK(!sender.busy());
    sender.release();
    BOOST_CHECK(!sender.busy());
}

BOOST_AUTO_TEST_CASE(long_events_are_cut_into_segments) {
    telephone_event_sender sender(8000);
    constexpr std::uint32_t on = 3 * 0xffff + 1000; // units
    sender.queue_event(36, {.on = duration{on * 125'000LL}}).value();
    const auto packets = run(sender, 2000);
    std::vector<telephone_event_packet> complete;
    unsigned markers = 0, ends = 0;
    for (const auto& [at, p] : packets) {
        markers += p.marker;
        ends += p.event.end;
        BOOST_REQUIRE_EQUAL(p.timestamp, 1000 + complete.size() / 3 * 0xffff);
        const std::uint32_t until = p.timestamp - 1000 + p.event.duration;
        if (p.event.duration == 0xffff || p.event.end)
            complete.push_back(p);
        else
            BOOST_REQUIRE_EQUAL(until, (at + 1) * tick); // not one update is missing
    }
    BOOST_CHECK_EQUAL(markers, 1U);
    BOOST_CHECK_EQUAL(ends, 3U);
    BOOST_REQUIRE_EQUAL(complete.size(), 4 * 3U);
    for (std::uint32_t i = 0; i < 9; ++i)
        BOOST_CHECK(complete[i] == packet(false, 1000 + i / 3 * 0xffff, 36, false, 0xffff));
    BOOST_CHECK(complete[9] == packet(false, 1000 + 3 * 0xffff, 36, true, 1000));
}

BOOST_AUTO_TEST_CASE(an_event_of_whole_segments) {
    telephone_event_sender sender(8000);
    sender.queue_event(1, {.on = duration{2 * 0xffff * 125'000LL}}).value();
    const auto packets = run(sender, 1000);
    BOOST_CHECK(packets.back().packet == packet(false, 1000 + 0xffff, 1, true, 0xffff));
    unsigned ends = 0;
    for (const auto& s : packets) ends += s.packet.event.end;
    BOOST_CHECK_EQUAL(ends, 3U);
}

BOOST_AUTO_TEST_CASE(clear_ends_what_is_sent) {
    telephone_event_sender sender(8000);
    sender.queue("1", {.on = 1s}).value();
    sender.queue("234").value();
    run(sender, 4);
    sender.clear();
    BOOST_CHECK_EQUAL(sender.queued(), 0U);
    check(run(sender, 50, 1000 + 4 * tick), {{0, packet(false, 1000, 1, true, 640)},
                                             {1, packet(false, 1000, 1, true, 640)},
                                             {2, packet(false, 1000, 1, true, 640)}});
    sender.clear();
    BOOST_CHECK(!sender.busy());
}

BOOST_AUTO_TEST_CASE(bad_arguments_change_nothing) {
    BOOST_CHECK_THROW(telephone_event_sender{0}, std::invalid_argument);
    telephone_event_sender sender(8000);
    BOOST_CHECK(fails(sender.queue("12x"), errc::invalid_argument));
    BOOST_CHECK(fails(sender.queue("1", {.on = 0ms}), errc::invalid_argument));
    BOOST_CHECK(fails(sender.queue("1", {.on = -1ms}), errc::invalid_argument));
    BOOST_CHECK(fails(sender.queue("1", {.on = 1h + 1ns}), errc::invalid_argument));
    BOOST_CHECK(fails(sender.queue("1", {.off = -1ms}), errc::invalid_argument));
    BOOST_CHECK(fails(sender.queue("1", {.off = 2h}), errc::invalid_argument));
    BOOST_CHECK(fails(sender.queue("1", {.volume = 64}), errc::invalid_argument));
    BOOST_CHECK(fails(sender.queue_event(1, {.volume = 64}), errc::invalid_argument));
    BOOST_CHECK(fails(sender.press(1, {.volume = 64}), errc::invalid_argument));
    BOOST_CHECK(sender.queue(""));
    BOOST_CHECK(!sender.busy());
    sender.queue(std::string(60, '1')).value();
    BOOST_CHECK(fails(sender.queue("12345"), errc::buffer_too_small));
    BOOST_CHECK_EQUAL(sender.queued(), 60U);
    sender.queue("1234").value();
    BOOST_CHECK(fails(sender.queue_event(1), errc::buffer_too_small));
    BOOST_CHECK(fails(sender.press(1), errc::buffer_too_small));
    BOOST_CHECK_EQUAL(sender.queued(), telephone_event_sender::max_queued);
}

BOOST_AUTO_TEST_CASE(the_queue_goes_round) {
    telephone_event_sender sender(8000);
    std::string pressed;
    for (int round = 0; round < 5; ++round) {
        sender.queue("0123456789*#ABCD0123456789*#ABCD", {.on = 20ms, .off = 20ms}).value();
        for (const auto& [at, p] : run(sender, 100, static_cast<std::uint32_t>(round) * 16'000))
            if (p.marker) pressed += *digit_of(p.event.event);
        BOOST_REQUIRE(!sender.busy());
        BOOST_REQUIRE_EQUAL(pressed, "0123456789*#ABCD0123456789*#ABCD");
        pressed.clear();
    }
}

BOOST_AUTO_TEST_CASE(audio_goes_on_as_if_it_had_been_sent) {
    packet_synth synth(8000, 20ms, {.ssrc = 9, .timestamp = 500, .seq = 65534});
    telephone_event_sender sender(8000);
    sender.queue("7", {.on = 40ms}).value();
    std::array<std::uint8_t, 200> out{};
    std::vector<std::uint8_t> audio(160, 0xd5);
    for (std::uint32_t i = 0; i < 6; ++i) {
        std::size_t size = sender.write(synth, {}, 101, out).value();
        BOOST_REQUIRE_EQUAL(size, i < 4 ? 16U : 0U);
        if (size == 0) size = synth.write({}, {160, 8}, out, audio).value();
        const auto view = rtp_packet_view::parse({out.data(), size}).value();
        BOOST_CHECK_EQUAL(view.seq(), static_cast<std::uint16_t>(65534 + i));
        BOOST_CHECK_EQUAL(view.ssrc(), 9U);
        BOOST_CHECK_EQUAL(view.timestamp(), i < 4 ? 500 : 500 + i * 160);
        BOOST_CHECK_EQUAL(view.payload_type(), i < 4 ? 101 : 8);
        // The stream's first packet of audio has the marker that was due before the event.
        BOOST_CHECK_EQUAL(view.marker(), i == 0 || i == 4);
        if (i < 4) {
            const telephone_event expected{7, i > 0, 10, static_cast<std::uint16_t>(i ? 320 : 160)};
            BOOST_CHECK(telephone_event::parse(view.payload()).value() == expected);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_packet_that_cannot_be_written_changes_nothing) {
    packet_synth synth(8000, 20ms, {.ssrc = 9, .timestamp = 500, .seq = 7});
    packet_synth wideband(16000, 20ms, {});
    telephone_event_sender sender(8000);
    sender.queue("7").value();
    std::array<std::uint8_t, 16> out{};
    const auto error = [&](packet_synth& s, std::uint8_t type, std::size_t room) {
        return sender.write(s, {}, type, std::span{out}.first(room)).error();
    };
    BOOST_CHECK(error(synth, 128, 16) == errc::invalid_argument);
    BOOST_CHECK(error(wideband, 101, 16) == errc::invalid_argument);
    BOOST_CHECK(error(synth, 101, 15) == errc::buffer_too_small);
    BOOST_CHECK_EQUAL(sender.queued(), 1U);
    BOOST_CHECK((synth.next_position() == stream_position{500, 7}));
    BOOST_CHECK_EQUAL(sender.write(synth, {}, 101, out).value(), 16U);
    BOOST_CHECK((synth.next_position() == stream_position{660, 8}));
}
