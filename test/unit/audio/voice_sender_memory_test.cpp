#include <boost/test/unit_test.hpp>

#include "../counted_heap.hpp"
#include "voice_sender_tools.hpp"

#include <optional>

// What a voice_sender allocates, and what it does without memory.

using namespace voice_sender_test;

BOOST_AUTO_TEST_CASE(next_allocates_nothing) {
    for (const idle_policy idle :
         {idle_policy::silence, idle_policy::comfort_noise, idle_policy::nothing}) {
        voice_sender sender(codec(), origin, start, {.input_rate = 24000, .idle = idle});
        bytes out(sender.max_packet());
        const pcm speech = tone(7001, 24000);
        std::uint64_t items = 0;
        for (unsigned i = 0; i < 2000; ++i) {
            if (i % 16 == 0) BOOST_REQUIRE(sender.push(speech, i));
            if (i % 96 == 5) BOOST_REQUIRE(sender.send_digits("1"));
            if (i % 64 == 9) sender.clear();
            const std::size_t before = heap::allocations;
            const auto tick = sender.next(sender.due(), out);
            BOOST_REQUIRE_EQUAL(heap::allocations, before);
            items += tick->ended.size();
        }
        BOOST_CHECK_GT(items, 50);
    }
}

BOOST_AUTO_TEST_CASE(a_push_to_a_queue_in_use_seldom_allocates) {
    voice_sender sender(codec(), origin, start, {.input_rate = 24000});
    bytes out(sender.max_packet());
    const pcm speech = tone(480, 24000);
    for (int i = 0; i < 100; ++i) {
        BOOST_REQUIRE(sender.push(speech, 1));
        BOOST_REQUIRE(sender.next(sender.due(), out));
    }
    const std::size_t before = heap::allocations;
    for (int i = 0; i < 1000; ++i) {
        BOOST_REQUIRE(sender.push(speech, 1));
        BOOST_REQUIRE(sender.next(sender.due(), out));
    }
    BOOST_CHECK_LE(heap::allocations, before + 1);
}

BOOST_AUTO_TEST_CASE(eight_thousand_idle_senders_take_less_than_12_mb) {
    constexpr std::size_t count = 100;
    const pcm speech = tone(24000, 24000);
    bytes out(172);
    const std::size_t before = heap::live_bytes;
    std::vector<voice_sender> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        all.emplace_back(codec(), origin, start, voice_sender_options{.input_rate = 24000});
    const std::size_t unused = (heap::live_bytes - before) / count;
    for (voice_sender& sender : all) {
        BOOST_REQUIRE(sender.push(speech, 1));
        BOOST_REQUIRE(sender.next(sender.due(), out));
    }
    const std::size_t playing = (heap::live_bytes - before) / count;
    for (voice_sender& sender : all)
        for (int i = 0; i < 400; ++i) BOOST_REQUIRE(sender.next(sender.due(), out));
    const std::size_t idle = (heap::live_bytes - before) / count;
    BOOST_TEST_MESSAGE(unused << " bytes each at first, " << playing << " with a second of audio, "
                              << idle << " afterwards");
    BOOST_CHECK_LT(unused, 1500);
    BOOST_CHECK_LT(playing, 70'000);
    BOOST_CHECK_EQUAL(idle, unused);
}

BOOST_AUTO_TEST_CASE(audio_that_waits_takes_a_bounded_room) {
    voice_sender sender(codec(), origin, start, {.input_rate = 8000});
    const std::size_t before = heap::live_bytes;
    const pcm speech = tone(8000, 8000);
    std::size_t taken = 0;
    for (std::uint64_t i = 0; i < 5000; ++i)
        taken += sender.push(std::span(speech).first(i < 2000 ? 1 : 8000), i).value();
    BOOST_CHECK_EQUAL(taken, 1024);
    for (int i = 0; i < 50; ++i) taken += sender.push(speech, 1023).value();
    BOOST_CHECK_EQUAL(taken, 80000);
    BOOST_CHECK_LT(heap::live_bytes - before, 160'000 + 4 * 4096 + 100'000);
}

BOOST_AUTO_TEST_CASE(rates_that_take_turns_without_being_heard_take_a_bounded_room) {
    voice_sender sender(codec(), origin, start, {.input_rate = 24000});
    const pcm speech = tone(240, 24000);
    std::size_t after_ten = 0;
    for (std::uint64_t i = 0; i < 100; ++i) {
        sender.set_input_rate(i % 2 != 0 ? 16000 : 24000);
        BOOST_REQUIRE_EQUAL(sender.push(speech, i).value(), 240);
        BOOST_REQUIRE(sender.clear());
        BOOST_REQUIRE_EQUAL(sender.push({}, i).value(), 0);
        sender.clear();
        if (i == 9) after_ten = heap::live_bytes;
    }
    BOOST_CHECK_LE(heap::live_bytes, after_ten);
}

BOOST_AUTO_TEST_CASE(without_memory_what_does_not_fit_is_refused) {
    fixture f({.input_rate = 16000});
    const pcm speech = tone(16000, 16000);
    heap::is_refused = true;
    const auto pushed = f.sender.push(speech, 1);
    const auto digits = f.sender.send_digits("1");
    heap::is_refused = false;
    BOOST_CHECK(pushed.error() == errc::not_enough_memory);
    BOOST_CHECK(digits.error() == errc::not_enough_memory);
    BOOST_CHECK(!f.sender.clear());
    f.push(tone(1600, 16000));
    heap::is_refused = true;
    const std::size_t taken = f.sender.push(speech, 1).value(); // the rest of a block
    const auto next = f.sender.push(speech, 1);
    heap::is_refused = false;
    BOOST_CHECK_EQUAL(taken, 448);
    BOOST_CHECK(next.error() == errc::not_enough_memory);
    f.sender.end_item();
    f.ticks(10);
    BOOST_CHECK(f.ended == (std::vector<played_item>{{1, 2048, 16000}}));
}
