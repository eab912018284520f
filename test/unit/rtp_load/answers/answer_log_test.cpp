#include <boost/test/unit_test.hpp>

#include "answers/answer_log.hpp"

#include <array>
#include <chrono>

using load::answer_log;
using load::answer_totals;
using rtpsynth::duration;
using rtpsynth::time_point;
using namespace std::chrono_literals;

namespace {

constexpr std::uint8_t pcmu = 0, dynamic = 111;

struct peer {
    answer_log log{60ms};
    time_point now{1h};
    std::uint32_t ssrc = 0xdeadbeef;
    std::uint8_t payload_type = pcmu;

    /// It arrives now.
    void answer(std::uint32_t seq, std::uint32_t timestamp) {
        const std::array<std::uint8_t, 13> bytes{0x80,
                                                 payload_type,
                                                 octet(seq, 8),
                                                 octet(seq, 0),
                                                 octet(timestamp, 24),
                                                 octet(timestamp, 16),
                                                 octet(timestamp, 8),
                                                 octet(timestamp, 0),
                                                 octet(ssrc, 24),
                                                 octet(ssrc, 16),
                                                 octet(ssrc, 8),
                                                 octet(ssrc, 0),
                                                 0};
        rtpsynth::rtp_packet_view packet;
        BOOST_REQUIRE(packet.assign(bytes.data(), bytes.size()) == rtpsynth::errc{});
        log.take(packet, now);
    }
    /// \p count packets of 20 ms from number \p first on, each when it is due.
    void run(std::uint32_t first, int count, std::uint32_t timestamp = 0,
             std::uint32_t step = 160) {
        for (int i = 0; i != count; ++i) {
            answer(first + static_cast<std::uint32_t>(i),
                   timestamp + step * static_cast<std::uint32_t>(i));
            now += 20ms;
        }
    }

private:
    static std::uint8_t octet(std::uint32_t value, int shift) {
        return static_cast<std::uint8_t>(value >> shift);
    }
};

void check_strays(const answer_totals& t, std::uint64_t n) {
    BOOST_TEST(t.sources == 0U);
    BOOST_TEST(t.received == 0U);
    BOOST_TEST(t.strays == n);
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing) { check_strays(peer{}.log.finish(), 0); }

BOOST_AUTO_TEST_CASE(one_packet_proves_nothing) {
    peer p;
    p.answer(7, 0);
    p.answer(7, 0); // nor do two copies of it
    check_strays(p.log.finish(), 2);
}

BOOST_AUTO_TEST_CASE(numbers_from_anywhere_prove_nothing) {
    peer p;
    for (std::uint32_t i = 0; i != 1000; ++i) p.answer(i * 7001, i);
    check_strays(p.log.finish(), 1000);
    peer q;
    for (q.ssrc = 0; q.ssrc != 1000; ++q.ssrc) q.answer(q.ssrc, 0);
    check_strays(q.log.finish(), 1000);
}

BOOST_AUTO_TEST_CASE(a_stream_of_its_own) {
    peer p;
    p.run(65530, 100, 0xffff'ff00);
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.sources == 1U);
    BOOST_TEST(t.received == 100U);
    BOOST_TEST(t.unique == 100U);
    BOOST_TEST(t.missing == 0U);
    BOOST_TEST(t.duplicates == 0U);
    BOOST_TEST(t.restarts == 0U);
    BOOST_TEST(t.played == 100U);
    BOOST_TEST(t.late == 0U);
    BOOST_TEST(t.concealed == 0U);
    BOOST_TEST(t.strays == 0U);
    BOOST_TEST(t.timed == 1U);
    BOOST_TEST(t.max_jitter_ms < 1e-6);
    BOOST_TEST((t.media == 99 * 20ms));
}

BOOST_AUTO_TEST_CASE(loss_duplicates_and_order_are_by_its_numbers) {
    peer p;
    for (std::uint32_t n = 0; n != 100; ++n, p.now += 20ms) {
        if (n % 10 == 5) continue;                                                // lost
        const std::uint32_t sent = n % 10 == 7 ? n + 1 : n % 10 == 8 ? n - 1 : n; // swapped
        p.answer(sent, sent * 160);
        if (n % 10 == 1) p.answer(sent, sent * 160);
    }
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.received == 100U);
    BOOST_TEST(t.unique == 90U);
    BOOST_TEST(t.missing == 10U);
    BOOST_TEST(t.duplicates == 10U);
    BOOST_TEST(t.reordered == 10U);
    BOOST_TEST(t.played == 90U);
    BOOST_TEST(t.concealed == 10U);
}

BOOST_AUTO_TEST_CASE(every_other_packet_proves_it) {
    peer p;
    for (std::uint32_t n = 0; n != 100; n += 2, p.now += 40ms) p.answer(n, n * 160);
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.unique == 50U);
    BOOST_TEST(t.missing == 49U);
}

BOOST_AUTO_TEST_CASE(the_first_two_packets_are_swapped_or_duplicated) {
    peer p;
    p.answer(2, 320);
    p.answer(2, 320);
    p.answer(1, 160);
    p.answer(3, 480);
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.received == 4U);
    BOOST_TEST(t.unique == 3U);
    BOOST_TEST(t.missing == 0U);
    BOOST_TEST(t.duplicates == 1U);
    BOOST_TEST(t.reordered == 1U);
    BOOST_TEST(t.strays == 0U);
}

BOOST_AUTO_TEST_CASE(a_stall_makes_late_packets) {
    peer p;
    p.run(0, 50);
    for (std::uint32_t n = 50; n != 100; ++n) p.answer(n, n * 160);
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.late == 0U); // they came early
    peer q;
    q.run(0, 50);
    q.now += 1s;
    for (std::uint32_t n = 50; n != 101; ++n) q.answer(n, n * 160);
    const answer_totals u = q.log.finish();
    BOOST_TEST(u.late == 47U);
    BOOST_TEST(u.concealed == 47U);
    BOOST_TEST(u.played == 54U);
}

// Numbers and timestamps start over: nothing of that is late or lost.
BOOST_AUTO_TEST_CASE(a_restart) {
    for (const std::uint32_t number : {30'000U, 64'000U, 50'000U}) {
        peer p;
        p.run(50'000, 50, 1'000'000);
        p.now += 300ms;
        p.run(number + (number == 50'000 ? 20'000 : 0), 50, 77);
        const answer_totals t = p.log.finish();
        BOOST_TEST(t.restarts == 1U);
        BOOST_TEST(t.received == 100U);
        BOOST_TEST(t.missing == 0U);
        BOOST_TEST(t.late == 0U);
        BOOST_TEST(t.concealed == 0U);
        BOOST_TEST(t.played == 100U);
        BOOST_TEST((t.media == 2 * 49 * 20ms));
    }
}

BOOST_AUTO_TEST_CASE(a_restart_under_another_ssrc) {
    peer p;
    p.run(50'000, 50, 1'000'000);
    ++p.ssrc;
    p.run(3, 50, 77);
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.sources == 2U);
    BOOST_TEST(t.restarts == 0U);
    BOOST_TEST(t.unique == 100U);
    BOOST_TEST(t.played == 100U);
    BOOST_TEST(t.late == 0U);
}

// Timestamps start over and numbers go on.
BOOST_AUTO_TEST_CASE(timestamps_that_jump) {
    for (const std::uint32_t timestamp : {0U, 0x7000'0000U}) {
        peer p;
        p.run(0, 50, 0x2000'0000);
        p.run(50, 50, timestamp);
        const answer_totals t = p.log.finish();
        BOOST_TEST(t.unique == 100U);
        BOOST_TEST(t.played == 100U);
        BOOST_TEST(t.late == 0U);
        BOOST_TEST(t.concealed == 0U);
        BOOST_TEST((t.media == 2 * 49 * 20ms));
    }
}

BOOST_AUTO_TEST_CASE(silence_of_a_minute_is_not_concealed) {
    peer p;
    p.run(0, 50);
    p.now += 1min;
    p.run(50, 50, 50 * 160 + 60 * 8000);
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.played == 100U);
    BOOST_TEST(t.late == 0U);
    BOOST_TEST(t.concealed == 0U);
    BOOST_TEST((t.media == 99 * 20ms + 1min));
}

BOOST_AUTO_TEST_CASE(an_unknown_clock_is_not_guessed) {
    peer p;
    p.payload_type = dynamic;
    p.run(0, 100, 0, 960);
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.sources == 1U);
    BOOST_TEST(t.timed == 0U);
    BOOST_TEST(t.unique == 100U);
    BOOST_TEST(t.missing == 0U);
    BOOST_TEST(t.played + t.late + t.concealed == 0U);
    BOOST_TEST(t.max_jitter_ms == 0);
    BOOST_TEST((t.media == 99 * 20ms)); // by their arrival
}

BOOST_AUTO_TEST_CASE(no_more_than_eight_sources) {
    peer p;
    for (p.ssrc = 0; p.ssrc != 100; ++p.ssrc) p.run(0, 3);
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.sources == 8U);
    BOOST_TEST(t.received == 24U);
    BOOST_TEST(t.strays == 276U);
}

BOOST_AUTO_TEST_CASE(any_timestamps_at_all) {
    peer p;
    std::uint32_t random = 1;
    for (std::uint32_t n = 0; n != 100'000; ++n) {
        random = random * 1664525 + 1013904223;
        p.answer(n + (random >> 24 == 0 ? random >> 8 : 0), n % 3 ? random : 0x7fff'ffff * n);
        p.now += std::chrono::nanoseconds(random >> 12);
    }
    const answer_totals t = p.log.finish();
    BOOST_TEST(t.sources == 1U);
    BOOST_TEST(t.received == 100'000U);
    BOOST_TEST(t.played + t.late <= t.unique + t.restarts);
    BOOST_TEST((t.media >= 0ns));
    BOOST_TEST((t.media < 24h));
}
