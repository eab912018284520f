#include <boost/test/unit_test.hpp>

#include "call/rtp_tools.hpp"

#include <rtpsynth/asio_server/call/source_latch.hpp>

#include <cstdint>
#include <optional>
#include <ostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace rtpsynth::asio_server {
std::ostream& operator<<(std::ostream& out, source_latch::outcome o) {
    constexpr const char* names[] = {"accepted", "probation", "latched", "rejected"};
    return out << names[static_cast<std::size_t>(o)];
}
} // namespace rtpsynth::asio_server

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
using endpoint = source_latch::endpoint;
using outcome = source_latch::outcome;

const endpoint phone = at("192.0.2.1", 4000);
const endpoint moved = at("192.0.2.1", 61000);
const endpoint mallory = at("198.51.100.7", 4000);
const endpoint eve = at("203.0.113.9", 5);

// A latch in virtual time.
struct bench {
    source_latch latch;
    time_point now{1h};

    explicit bench(const source_latch_options& o, std::optional<endpoint> signalled = {})
        : latch{o, signalled} {}
    explicit bench(latch_policy policy, std::optional<endpoint> signalled = {})
        : bench{source_latch_options{.latch = policy}, signalled} {}

    outcome put(const endpoint& from, unsigned seq, std::uint32_t ssrc = 1) {
        const rtp_header bytes = header_of(ssrc, seq);
        rtp_packet_view packet;
        BOOST_REQUIRE((packet.assign(bytes.data(), bytes.size()) == errc{}));
        return latch.receive(packet, from, now);
    }
    // n packets, 20 ms apart; those delivered.
    int stream(const endpoint& from, unsigned seq, unsigned n, std::uint32_t ssrc = 1,
               duration ptime = 20ms) {
        int delivered = 0;
        for (unsigned i = 0; i != n; ++i) {
            now += ptime;
            delivered += put(from, seq + i, ssrc) != outcome::rejected;
        }
        return delivered;
    }
    bool goes_to(const endpoint& e) const { return latch.target() == e; }
};

constexpr latch_policy latching[] = {latch_policy::once, latch_policy::follow};

BOOST_AUTO_TEST_CASE(none_keeps_the_signalled_address_and_delivers_everything) {
    bench b{latch_policy::none, phone};
    BOOST_TEST(b.stream(mallory, 1, 100) == 100);
    BOOST_TEST(b.goes_to(phone));
    BOOST_TEST(!b.latch.latched());
    BOOST_TEST(!bench{latch_policy::none}.latch.target());
}

BOOST_AUTO_TEST_CASE(a_stream_loses_nothing_and_is_latched_to_after_its_probation) {
    for (const latch_policy policy : latching)
        for (const unsigned k : {1U, 2U, 4U, 64U}) {
            bench b{source_latch_options{.latch = policy, .probation = k}, mallory};
            for (unsigned i = 1; i < k; ++i) {
                BOOST_TEST(b.put(phone, 65530 + i) == outcome::probation); // over the wrap
                BOOST_TEST(b.goes_to(mallory));                            // as signalled
                BOOST_TEST(!b.latch.latched());
            }
            BOOST_TEST(b.put(phone, 65530 + k) == outcome::latched);
            BOOST_TEST(b.goes_to(phone));
            BOOST_TEST((b.latch.latched() == phone));
            BOOST_TEST(b.put(phone, 65531 + k) == outcome::accepted);
            BOOST_TEST(b.put(phone, 5, 99) == outcome::accepted); // another stream of it
            BOOST_TEST(b.latch.stats().latched == 1U);
            BOOST_TEST(b.latch.stats().rejected == 0U);
        }
}

BOOST_AUTO_TEST_CASE(loss_and_disorder_begin_the_probation_anew_and_lose_nothing) {
    bench b{latch_policy::follow};
    for (const unsigned seq : {1U, 2U, 3U, 5U, 6U, 4U, 7U, 8U, 9U, 9U, 10U, 11U})
        BOOST_TEST(b.put(phone, seq) == outcome::probation, seq);
    BOOST_TEST(b.put(phone, 12) == outcome::latched);
}

BOOST_AUTO_TEST_CASE(a_pause_of_more_than_a_second_begins_the_probation_anew) {
    bench b{latch_policy::follow};
    BOOST_TEST(b.stream(phone, 1, 3, 1, 1s) == 3);
    b.now += 1s + 1ns;
    BOOST_TEST(b.put(phone, 4) == outcome::probation);
    BOOST_TEST(b.stream(phone, 5, 2, 1, 1s) == 2);
    BOOST_TEST(!b.latch.latched());
    b.now += 1s;
    BOOST_TEST(b.put(phone, 7) == outcome::latched);
}

BOOST_AUTO_TEST_CASE(a_mapped_address_equals_its_ipv4_address) {
    bench b{latch_policy::follow, phone};
    const endpoint mapped = at("::ffff:192.0.2.1", 4000);
    BOOST_TEST(b.stream(mapped, 1, 4) == 4);
    BOOST_TEST(b.goes_to(mapped));
    BOOST_TEST(b.put(phone, 5) == outcome::accepted);
}

BOOST_AUTO_TEST_CASE(once_latched_to_others_are_rejected) {
    for (const latch_policy policy : latching) {
        bench b{policy};
        b.stream(phone, 1, 4);
        for (unsigned i = 0; i != 500; ++i) { // both send every 20 ms
            b.now += 20ms;
            BOOST_REQUIRE(b.put(phone, 5 + i) == outcome::accepted);
            BOOST_REQUIRE(b.put(mallory, i, 7) == outcome::rejected);
            BOOST_REQUIRE(b.put(moved, i, 8) == outcome::rejected);
        }
        BOOST_TEST(b.goes_to(phone));
        BOOST_TEST(b.latch.stats().rejected == 1000U);
    }
}

BOOST_AUTO_TEST_CASE(once_does_not_follow) {
    bench b{latch_policy::once};
    b.stream(phone, 1, 50);
    BOOST_TEST(b.stream(moved, 51, 100) == 0); // a NAT's new port
    b.now += 1h;
    BOOST_TEST(b.stream(mallory, 1, 100, 2) == 0);
    BOOST_TEST(b.goes_to(phone));
}

BOOST_AUTO_TEST_CASE(follow_goes_where_the_source_moves_without_losing_a_packet) {
    for (const unsigned lost : {0U, 5U, 15U, 100U}) { // while it moved
        bench b{latch_policy::follow};
        b.stream(phone, 65500, 30);
        b.now += 20ms * lost;
        unsigned seq = 65530 + lost;
        unsigned packets = 0;
        do {
            b.now += 20ms;
            BOOST_REQUIRE(b.put(moved, seq++) != outcome::rejected);
        } while (!b.goes_to(moved) && ++packets != 20);
        // The fourth packet, and 100 ms after the last one from the old port.
        BOOST_TEST(packets == (lost == 0 ? 4U : 3U));
        BOOST_TEST(b.stream(moved, seq, 10) == 10);
        BOOST_TEST(b.stream(phone, seq + 10, 10) == 10); // and back
        BOOST_TEST(b.goes_to(phone));
        BOOST_TEST(b.latch.stats().rejected == 0U);
    }
}

BOOST_AUTO_TEST_CASE(follow_goes_where_a_source_moves_whose_numbers_restarted_before) {
    for (const unsigned restarted : {990U, 900U, 20000U, 33000U}) {
        bench b{latch_policy::follow};
        b.stream(phone, 1000, 10);
        BOOST_TEST(b.stream(phone, restarted, 3) == 3);
        BOOST_TEST(b.stream(moved, restarted + 3, 10) == 10);
        BOOST_TEST(b.goes_to(moved));
        BOOST_TEST(b.latch.stats().rejected == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_source_whose_numbers_restarted_is_not_taken_over) {
    bench b{latch_policy::follow};
    b.stream(phone, 1000, 10);
    b.stream(phone, 2, 3);
    for (unsigned i = 0; i != 100; ++i) { // the packets of both are by turns
        b.stream(phone, 5 + i, 1);
        b.put(mallory, 6 + i);
    }
    b.now += 100ms;
    b.put(mallory, 106);
    BOOST_TEST(b.goes_to(phone));
}

BOOST_AUTO_TEST_CASE(packets_that_are_late_are_no_restart) {
    bench b{latch_policy::follow};
    b.stream(phone, 1000, 10);
    b.stream(phone, 800, 2);
    b.stream(phone, 1010, 1);
    b.stream(phone, 802, 2);
    b.stream(phone, 699, 2);
    BOOST_TEST(b.stream(moved, 1011, 10) == 10);
    BOOST_TEST(b.goes_to(moved));
    BOOST_TEST(b.stream(phone, 701, 10) == 0);
}

BOOST_AUTO_TEST_CASE(packets_that_the_old_path_delivers_late_only_put_the_move_off) {
    bench b{latch_policy::follow};
    b.stream(phone, 1, 10);
    BOOST_TEST(b.stream(moved, 13, 3) == 3);
    BOOST_TEST(b.stream(phone, 11, 2) == 2); // ahead of what came from there
    BOOST_TEST(b.stream(moved, 16, 3) == 3);
    BOOST_TEST(b.goes_to(phone));
    BOOST_TEST(b.stream(phone, 2, 1) == 1); // behind: it proves nothing, but is a sign of life
    BOOST_TEST(b.stream(moved, 19, 4) == 4);
    BOOST_TEST(b.goes_to(phone));
    BOOST_TEST(b.stream(moved, 23, 1) == 1);
    BOOST_TEST(b.goes_to(moved));
}

BOOST_AUTO_TEST_CASE(numbers_that_do_not_go_on_are_rejected) {
    bench b{latch_policy::follow};
    b.stream(phone, 1000, 100); // to 1099
    b.now += 20ms;
    for (const unsigned seq : {0U, 999U, 1000U, 1098U, 1099U, 1120U, 1200U, 5000U, 33000U, 60000U})
        BOOST_TEST(b.put(moved, seq) == outcome::rejected, seq);
    BOOST_TEST(b.put(moved, 1100) == outcome::probation);
    BOOST_TEST(b.put(moved, 1119) == outcome::probation); // 16, and 4 for 20 ms
    b.now += 4s;
    BOOST_TEST(b.put(moved, 1099 + 16 + 804) == outcome::probation);
    BOOST_TEST(b.put(moved, 1099 + 16 + 805) == outcome::rejected);
    bench patient{source_latch_options{.relatch_after = 1h}};
    patient.stream(phone, 0, 4); // to 3
    patient.now += 50min;
    BOOST_TEST(patient.put(moved, 3003) == outcome::probation);
    BOOST_TEST(patient.put(moved, 3004) == outcome::rejected);
}

BOOST_AUTO_TEST_CASE(who_guesses_ssrc_and_number_does_not_take_over_a_source_that_sends) {
    for (const duration ptime : {10ms, 20ms, 60ms, 99ms}) {
        bench b{latch_policy::follow};
        b.stream(phone, 1, 10);
        for (unsigned i = 0; i != 200; ++i) {
            b.now += ptime;
            BOOST_REQUIRE(b.put(phone, 11 + i) == outcome::accepted);
            for (unsigned n = 1; n <= 10; ++n) // a burst in sequence, right behind it
                BOOST_REQUIRE(b.put(mallory, 11 + i + n) == outcome::probation);
            BOOST_REQUIRE(b.goes_to(phone));
        }
    }
}

BOOST_AUTO_TEST_CASE(random_packets_neither_take_over_nor_are_delivered) {
    std::mt19937 random{7};
    for (const bool knows_ssrc : {false, true}) {
        bench b{latch_policy::follow};
        b.stream(phone, 1, 4);
        std::uint64_t delivered = 0;
        for (unsigned i = 0; i != 2000; ++i) {
            b.now += 20ms;
            BOOST_REQUIRE(b.put(phone, 5 + i) == outcome::accepted);
            for (unsigned n = 0; n != 50; ++n) {
                const auto ssrc = knows_ssrc ? 1U : static_cast<std::uint32_t>(random()) | 2U;
                const endpoint from =
                    at("198.51.100.7", 1024U + static_cast<unsigned>(random() % 60000));
                delivered +=
                    b.put(from, static_cast<unsigned>(random()), ssrc) != outcome::rejected;
            }
        }
        BOOST_TEST(b.goes_to(phone));
        // 16 numbers of 65536 of 100,000 packets would be 24.
        BOOST_TEST(delivered < (knows_ssrc ? 60U : 1U));
    }
}

BOOST_AUTO_TEST_CASE(another_source_takes_the_place_of_a_silent_one) {
    bench b{source_latch_options{.relatch_after = 3s}};
    b.stream(phone, 1, 50);
    const time_point last = b.now;
    unsigned seq = 500;
    while (b.now < last + 3s - 20ms) {
        b.now += 20ms;
        BOOST_REQUIRE(b.put(mallory, seq++, 9) == outcome::rejected);
    }
    b.now += 20ms; // it has proved itself meanwhile
    BOOST_TEST(b.put(mallory, seq, 9) == outcome::latched);

    bench late{source_latch_options{.relatch_after = 3s}};
    late.stream(phone, 1, 50);
    late.now += 1min;
    BOOST_TEST(late.stream(mallory, 1, 3, 9) == 3);
    BOOST_TEST(late.goes_to(phone));
    BOOST_TEST(late.stream(mallory, 4, 1, 9) == 1);
    BOOST_TEST(late.goes_to(mallory));
}

BOOST_AUTO_TEST_CASE(who_lost_its_place_by_silence_has_it_back_when_it_speaks) {
    bench b{source_latch_options{.relatch_after = 3s}};
    b.stream(phone, 1, 50);
    b.now += 6s; // on hold
    b.stream(mallory, 1, 100, 9);
    b.now += 3s;
    b.stream(eve, 1, 100, 10);
    BOOST_TEST(b.goes_to(eve));
    BOOST_TEST(b.stream(phone, 700, 4, 2) == 0); // of another SSRC
    for (unsigned i = 0; i != 4; ++i) {          // eve sends on
        BOOST_TEST(b.put(phone, 51 + i) == (i == 3 ? outcome::latched : outcome::probation));
        BOOST_TEST(b.put(eve, 101 + i, 10) == (i == 3 ? outcome::rejected : outcome::accepted));
    }
    BOOST_TEST(b.goes_to(phone));
}

BOOST_AUTO_TEST_CASE(the_signalled_address_outranks_who_was_there_before) {
    const endpoint neighbour = at("192.0.2.1", 9);
    for (const latch_policy policy : latching) {
        bench b{policy, phone};
        b.stream(mallory, 1, 100, 9);
        BOOST_TEST(b.goes_to(mallory));
        for (unsigned i = 0; i != 4; ++i) { // while mallory sends on
            BOOST_TEST(b.put(mallory, 101 + i, 9) == outcome::accepted);
            BOOST_TEST(b.put(neighbour, 7 + i) == (i == 3 ? outcome::latched : outcome::probation));
        }
        for (unsigned i = 0; i != 4; ++i) {
            BOOST_TEST(b.put(mallory, 105 + i, 9) == outcome::rejected);
            BOOST_TEST(b.put(phone, 70 + i) == (i == 3 ? outcome::latched : outcome::probation));
        }
        BOOST_TEST(b.put(neighbour, 11) == outcome::rejected);
        BOOST_TEST(b.goes_to(phone));
        BOOST_TEST(b.latch.stats().latched == 3U);
    }
}

BOOST_AUTO_TEST_CASE(before_any_is_latched_to_the_leading_source_is_delivered) {
    bench b{latch_policy::follow, phone};
    BOOST_TEST(b.put(mallory, 1, 9) == outcome::probation);
    BOOST_TEST(b.put(eve, 1, 10) == outcome::rejected); // as many, but later
    BOOST_TEST(b.put(eve, 2, 10) == outcome::probation);
    BOOST_TEST(b.put(mallory, 7, 9) == outcome::rejected);
    BOOST_TEST(b.put(eve, 3, 10) == outcome::probation);
    BOOST_TEST(b.put(phone, 1) == outcome::probation); // a higher rank
    BOOST_TEST(b.put(eve, 4, 10) == outcome::rejected);
    BOOST_TEST(!b.latch.latched());
    b.now += 1s + 1ns; // who is silent leads no more
    BOOST_TEST(b.put(mallory, 8, 9) == outcome::probation);
}

BOOST_AUTO_TEST_CASE(strangers_do_not_keep_a_source_from_proving_itself) {
    std::mt19937 random{5};
    const std::vector<endpoint> attackers{mallory, moved, at("2001:db8::1", 9), eve};
    for (int round = 0; round != 100; ++round) {
        bench b{source_latch_options{.probation = 8}};
        int lost = 0;
        for (unsigned i = 0; i != 8; ++i) {
            b.now += 20ms;
            for (int n = 0; n != 30; ++n) { // made-up SSRCs, and the true one's too
                const std::uint32_t ssrc = random() % 2 ? 1 : static_cast<std::uint32_t>(random());
                b.put(attackers[random() % attackers.size()],
                      static_cast<unsigned>(7919 * random()), ssrc);
            }
            const outcome o = b.put(phone, 500 + i);
            BOOST_REQUIRE((o == outcome::latched) == (i == 7));
            lost += o == outcome::rejected;
        }
        BOOST_REQUIRE(b.goes_to(phone));
        BOOST_REQUIRE(lost <= 1);
    }
}

BOOST_AUTO_TEST_CASE(another_signalled_address_begins_anew) {
    bench b{latch_policy::once, phone};
    b.stream(moved, 1, 10);
    b.latch.set_signalled(at("::ffff:192.0.2.1", 4000)); // the same, said again
    BOOST_TEST(b.goes_to(moved));
    b.latch.set_signalled(mallory);
    BOOST_TEST(b.goes_to(mallory));
    BOOST_TEST(!b.latch.latched());
    BOOST_TEST(b.stream(mallory, 1, 4, 3) == 4);
    BOOST_TEST((b.latch.latched() == mallory));
    BOOST_TEST(b.stream(moved, 11, 4) == 0);
}

BOOST_AUTO_TEST_CASE(options_have_ranges) {
    const auto refused = [](const source_latch_options& o, const std::string& why) {
        BOOST_CHECK_EXCEPTION(source_latch{o}, std::invalid_argument, [&](const auto& e) {
            return std::string{e.what()} == "source_latch: " + why;
        });
    };
    for (const std::size_t k : {0U, 65U, ~0U})
        refused({.probation = k}, "probation must be 1..64 packets");
    for (const duration d : {duration::min(), -1ns, 0ns, 100ms - 1ns, 1h + 1ns, duration::max()})
        refused({.relatch_after = d}, "relatch_after must be 100 ms..1 h");
    for (const duration d : {duration{100ms}, duration{1h}})
        source_latch{source_latch_options{.relatch_after = d}};
}

} // namespace
