#include <boost/test/unit_test.hpp>

#include "playout_fixture.hpp"

#include <cstdint>

// What is no restart of the sender: events with other packets around them, and another clock.

using namespace playout_test;

namespace {

constexpr std::uint8_t wide = 97; // L16 at 16 kHz, of which the clock is, too

struct call : fixture {
    call() {
        p.add_decoder(wide, codec_set().make_decoder("L16/16000"));
        begin();
    }
    void insert(std::uint8_t type, std::uint16_t seq, std::uint32_t timestamp, std::size_t size) {
        const fields g{seq, timestamp, f.ssrc, type};
        BOOST_REQUIRE(p.insert(datagram(g, std::vector<std::uint8_t>(size, 0xff)), now));
    }
    void insert_event(int seq_ahead) {
        insert(event, static_cast<std::uint16_t>(f.seq + seq_ahead), f.timestamp, 4);
    }
    // 20 ms of the other codec.
    void insert_wide(int packets_ahead) {
        insert(wide, static_cast<std::uint16_t>(f.seq + packets_ahead),
               f.timestamp + 320 * static_cast<unsigned>(packets_ahead), 640);
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(audio_that_an_event_has_overtaken_is_played) {
    call c;
    c.insert_event(2);
    for (int i = 0; i < 2; ++i) c.send();
    ++c.f.seq; // the event's
    c.pull();
    c.skip();
    c.pull();
    for (int i = 0; i < 20; ++i) c.tick();
    BOOST_CHECK_EQUAL(c.p.stats().restarts, 0);
    BOOST_CHECK_EQUAL(c.p.stats().late + c.p.stats().discarded, 0);
}

BOOST_AUTO_TEST_CASE(an_event_with_a_wrong_number_makes_nothing_late) {
    for (const int ahead : {1, 5, 50, 2048}) {
        call c;
        c.insert_event(ahead);
        c.pull();
        c.skip();
        ++c.f.seq;
        std::size_t spoken = 0;
        for (int i = 0; i < 100; ++i) spoken += c.tick() == playout_kind::speech;
        BOOST_CHECK_GE(spoken, 90);
        BOOST_CHECK_LE(c.p.stats().late + c.p.stats().duplicate, 1); // that with its number
        BOOST_CHECK_EQUAL(c.p.stats().restarts, 0);
    }
}

BOOST_AUTO_TEST_CASE(packets_that_another_clock_has_overtaken_are_no_restart) {
    call c;
    const fields before = c.f;
    // Two of the former clock come after the first two of the new one.
    c.f.seq = static_cast<std::uint16_t>(c.f.seq + 2);
    c.f.timestamp += 320;
    for (int i = 0; i < 2; ++i) c.insert_wide(i);
    for (std::uint16_t i = 0; i < 2; ++i)
        c.insert(pcmu, static_cast<std::uint16_t>(before.seq + i), before.timestamp + 160U * i,
                 160);
    for (int i = 0; i < 2; ++i) c.pull();
    for (int i = 2; i < 50; ++i) {
        c.insert_wide(i);
        c.pull();
    }
    const playout_stats s = c.p.stats();
    BOOST_CHECK_EQUAL(s.restarts, 0);
    BOOST_CHECK_EQUAL(s.late + s.discarded, 0);
    BOOST_CHECK_EQUAL(s.played + s.waiting, s.received);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_decoded_before_another_clock_is_as_long_as_the_packet_before) {
    call c;
    c.insert(pcmu, c.f.seq, c.f.timestamp, 0);
    const fields before = c.f;
    c.f.seq = static_cast<std::uint16_t>(c.f.seq + 3);
    c.f.timestamp += 480;
    for (int i = 0; i < 2; ++i) c.insert_wide(i);
    for (std::uint16_t i = 1; i < 3; ++i)
        c.insert(pcmu, static_cast<std::uint16_t>(before.seq + i), before.timestamp + 160U * i,
                 160);
    for (int i = 0; i < 3; ++i) c.pull();
    for (int i = 2; i < 50; ++i) {
        c.insert_wide(i);
        c.pull();
    }
    const playout_stats s = c.p.stats();
    BOOST_CHECK_EQUAL(s.restarts, 0);
    BOOST_CHECK_EQUAL(s.late, 0);
    BOOST_CHECK_EQUAL(s.discarded, 1);
    BOOST_CHECK_EQUAL(s.played + s.waiting + 1, s.received);
}

BOOST_AUTO_TEST_CASE(noise_has_the_clock_of_the_packet_before_it) {
    call c;
    // All of it comes before the first is played, and the pause takes 100 ms.
    for (int i = 0; i < 5; ++i) c.insert_wide(i);
    c.insert(noise, static_cast<std::uint16_t>(c.f.seq + 5), c.f.timestamp + 320 * 5, 1);
    for (int i = 6; i < 8; ++i)
        c.insert(wide, static_cast<std::uint16_t>(c.f.seq + i),
                 c.f.timestamp + 320 * static_cast<unsigned>(i + 4), 640);
    std::size_t quiet = 0;
    for (int i = 0; i < 20; ++i) quiet += c.pull() == playout_kind::comfort_noise;
    BOOST_CHECK_GE(quiet, 3);
    BOOST_CHECK_EQUAL(c.p.stats().restarts, 0);
    BOOST_CHECK_EQUAL(c.p.stats().waiting, 0);
}
