#include <boost/test/unit_test.hpp>

#include <rtpsynth/asio_server/channel/source_lock.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using endpoint = source_lock::endpoint;

endpoint at(const std::string& address, std::uint16_t port) {
    return {boost::asio::ip::make_address(address), port};
}

const endpoint alice = at("192.0.2.1", 4000);
const endpoint mallory = at("198.51.100.7", 4000);

using packet = std::array<std::uint8_t, rtp_header_size>;

packet rtp(unsigned seq, std::uint32_t ssrc = 1) {
    packet p{};
    p[0] = 0x80;
    detail::store_be16(&p[2], static_cast<std::uint16_t>(seq));
    detail::store_be32(&p[8], ssrc);
    return p;
}

source_lock first_of(std::size_t probation) {
    return source_lock{{.policy = source_policy::first, .probation = probation}};
}

// How many packets of an undisturbed stream it takes from here on to be accepted; at most 100.
int packets_until_accepted(source_lock& lock, const endpoint& from, unsigned seq,
                           std::uint32_t ssrc = 1) {
    for (int n = 1; n <= 100; ++n)
        if (lock.accept(rtp(seq++, ssrc), from, nullptr)) return n;
    return 101;
}

BOOST_AUTO_TEST_CASE(policy_any_accepts_everybody) {
    source_lock lock{{}};
    BOOST_TEST(lock.accept({}, alice, nullptr));
    BOOST_TEST(lock.accept(rtp(1), mallory, &alice));
    BOOST_TEST(!lock.locked());
}

BOOST_AUTO_TEST_CASE(policy_target_compares_address_and_port) {
    source_lock lock{{.policy = source_policy::target}};
    BOOST_TEST(!lock.accept(rtp(1), alice, nullptr));
    BOOST_TEST(lock.accept(rtp(1), alice, &alice));
    BOOST_TEST(lock.accept({}, alice, &alice)); // whatever it is
    BOOST_TEST(!lock.accept(rtp(2), mallory, &alice));
    BOOST_TEST(!lock.accept(rtp(2), at("192.0.2.1", 4001), &alice));
    BOOST_TEST(lock.accept(rtp(2), mallory, &mallory)); // the present one
    BOOST_TEST(!lock.locked());
}

BOOST_AUTO_TEST_CASE(a_mapped_address_equals_its_ipv4_address) {
    source_lock lock{{.policy = source_policy::target}};
    const endpoint mapped = at("::ffff:192.0.2.1", 4000), alike = at("::192.0.2.1", 4000);
    const endpoint other = at("::ffff:192.0.2.2", 4000), port = at("::ffff:192.0.2.1", 4001);
    BOOST_TEST(lock.accept({}, mapped, &alice));
    BOOST_TEST(lock.accept({}, alice, &mapped));
    BOOST_TEST(lock.accept({}, mapped, &mapped));
    for (const endpoint& e : {alike, other, port}) {
        BOOST_TEST(!lock.accept({}, e, &alice), e);
        BOOST_TEST(!lock.accept({}, alice, &e), e);
    }
}

BOOST_AUTO_TEST_CASE(scopes_differ_where_both_are_known) {
    source_lock lock{{.policy = source_policy::target}};
    const auto scoped = [](boost::asio::ip::scope_id_type scope) {
        auto address = boost::asio::ip::make_address_v6("fe80::1");
        address.scope_id(scope);
        return endpoint{address, 4000};
    };
    const endpoint two = scoped(2), three = scoped(3), none = scoped(0);
    BOOST_TEST(lock.accept({}, two, &two));
    BOOST_TEST(lock.accept({}, two, &none));
    BOOST_TEST(lock.accept({}, none, &two));
    BOOST_TEST(!lock.accept({}, two, &three));
}

BOOST_AUTO_TEST_CASE(first_locks_to_who_sends_k_packets_in_sequence) {
    for (const unsigned k : {1U, 2U, 4U, 64U}) {
        source_lock lock = first_of(k);
        for (unsigned i = 1; i < k; ++i) {
            BOOST_TEST(!lock.accept(rtp(65530 + i), alice, nullptr)); // over the wrap for k = 64
            BOOST_TEST(!lock.locked());
        }
        BOOST_TEST(lock.accept(rtp(65530 + k), alice, nullptr));
        BOOST_TEST((lock.locked() == alice));
        // From now on it is the source alone that counts.
        BOOST_TEST(lock.accept({}, alice, nullptr));
        BOOST_TEST(lock.accept(rtp(5, 99), alice, &mallory));
        BOOST_TEST(packets_until_accepted(lock, mallory, 1) == 101);
        BOOST_TEST(packets_until_accepted(lock, at("192.0.2.1", 4001), 1) == 101);
        BOOST_TEST((lock.locked() == alice));
    }
}

BOOST_AUTO_TEST_CASE(an_interrupted_sequence_restarts_probation) {
    for (const unsigned wrong : {1U, 3U, 5U, 9U, 65538U}) { // after 1, 2, 3, where 4 is due
        source_lock lock = first_of(4);
        for (const unsigned seq : {1U, 2U, 3U}) BOOST_TEST(!lock.accept(rtp(seq), alice, nullptr));
        BOOST_TEST(!lock.accept(rtp(wrong), alice, nullptr));
        BOOST_TEST(packets_until_accepted(lock, alice, wrong + 1) == 3);
    }
}

BOOST_AUTO_TEST_CASE(datagrams_that_are_not_rtp_do_not_affect_probation) {
    source_lock lock = first_of(3);
    packet rtcp = rtp(0), version = rtp(2), stun{}, extension = rtp(2), padding = rtp(2);
    rtcp[1] = 200;
    version[0] = 0x40;
    extension[0] = 0x90;
    padding[0] = 0xa0;
    const packet short_of = rtp(2);
    const auto others = [&] {
        for (unsigned i = 0; i != 10; ++i) {
            detail::store_be16(&rtcp[2], static_cast<std::uint16_t>(i));
            BOOST_TEST(!lock.accept(rtcp, alice, nullptr));
            for (const packet& p : {version, stun, extension, padding})
                BOOST_TEST(!lock.accept(p, alice, nullptr));
            BOOST_TEST(!lock.accept(std::span{short_of}.first(11), alice, nullptr));
            BOOST_TEST(!lock.accept({}, alice, nullptr));
        }
    };
    others();
    for (const unsigned seq : {1U, 2U}) {
        BOOST_TEST(!lock.accept(rtp(seq), alice, nullptr));
        others();
    }
    BOOST_TEST(lock.accept(rtp(3), alice, nullptr));
}

BOOST_AUTO_TEST_CASE(one_source_may_send_several_streams) {
    source_lock lock = first_of(4);
    int accepted = 0;
    for (unsigned i = 0; i != 4; ++i) // audio, video and its retransmission take turns
        for (const std::uint32_t ssrc : {10U, 20U, 30U})
            accepted += lock.accept(rtp(1000 * ssrc + i, ssrc), alice, nullptr);
    BOOST_TEST(accepted == 3);
    BOOST_TEST((lock.locked() == alice));
}

BOOST_AUTO_TEST_CASE(strangers_do_not_keep_the_source_from_proving_itself) {
    std::mt19937 random{5};
    const std::vector<endpoint> attackers{mallory, at("192.0.2.1", 4001), at("2001:db8::1", 9),
                                          at("203.0.113.1", 1)};
    for (int round = 0; round != 100; ++round) {
        source_lock lock = first_of(8);
        for (unsigned i = 0; i != 8; ++i) {
            for (int n = 0; n != 30; ++n) { // made-up SSRCs, and the true one's too
                const std::uint32_t ssrc = random() % 2 ? 1 : static_cast<std::uint32_t>(random());
                const auto seq = static_cast<unsigned>(7919 * random());
                BOOST_REQUIRE(
                    !lock.accept(rtp(seq, ssrc), attackers[random() % attackers.size()], nullptr));
            }
            BOOST_REQUIRE(lock.accept(rtp(500 + i), alice, nullptr) == (i == 7));
        }
        BOOST_REQUIRE((lock.locked() == alice));
    }
}

BOOST_AUTO_TEST_CASE(forged_ssrcs_from_the_sources_own_address_do_no_harm) {
    source_lock lock = first_of(4);
    for (unsigned i = 0; i != 4; ++i) {
        for (unsigned n = 0; n != 7; ++n)
            BOOST_TEST(!lock.accept(rtp(7 * n, 1000 + 7 * i + n), alice, nullptr));
        BOOST_TEST(lock.accept(rtp(i), alice, nullptr) == (i == 3));
    }
}

BOOST_AUTO_TEST_CASE(a_ninth_source_replaces_the_one_silent_longest) {
    const auto source = [](unsigned i) { return at("192.0.2.1", static_cast<std::uint16_t>(i)); };
    source_lock lock = first_of(3);
    for (unsigned i = 1; i <= 8; ++i) lock.accept(rtp(1), source(i), nullptr);
    lock.accept(rtp(2), source(1), nullptr); // so 2 is the longest silent
    lock.accept(rtp(1), source(9), nullptr);
    {
        source_lock copy = lock;
        BOOST_TEST(packets_until_accepted(copy, source(2), 2) == 3);
    }
    for (unsigned i = 3; i <= 9; ++i) {
        source_lock copy = lock;
        BOOST_TEST(packets_until_accepted(copy, source(i), 2) == 2);
    }
    BOOST_TEST(packets_until_accepted(lock, source(1), 3) == 1);
}

BOOST_AUTO_TEST_CASE(reset_forgets_the_lock_and_the_probations) {
    source_lock lock = first_of(4);
    BOOST_TEST(packets_until_accepted(lock, alice, 1) == 4);
    lock.reset();
    BOOST_TEST(!lock.locked());
    BOOST_TEST(packets_until_accepted(lock, mallory, 1) == 4);
    BOOST_TEST((lock.locked() == mallory));

    lock.reset();
    for (const unsigned seq : {1U, 2U, 3U}) BOOST_TEST(!lock.accept(rtp(seq), alice, nullptr));
    lock.reset();
    BOOST_TEST(packets_until_accepted(lock, alice, 4) == 4);
}

BOOST_AUTO_TEST_CASE(probation_has_a_range) {
    for (const unsigned k : {0U, 65U, ~0U})
        BOOST_CHECK_EXCEPTION(first_of(k), std::invalid_argument, [](const auto& e) {
            return std::string{e.what()} == "source_lock: probation must be 1..64 packets";
        });
}

} // namespace
