#include "calls/call_book.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// The book with media that only note what is asked of them.

using namespace relay;
using namespace std::chrono_literals;

namespace {

struct noted {
    std::uint16_t port = 0;
    std::array<std::string, 2> peers;
    std::array<media_counters, 2> counters;
    std::string played, recorded;
    bool is_open = true;
    std::optional<media_request> request;
};

struct fake_media : media {
    explicit fake_media(noted& n) : note(n) {}
    ~fake_media() override { note.is_open = false; }

    media_address local(side of) const override {
        const bool is_v6 = note.request->caller.is_v6();
        return {is_v6 ? "2001:db8::9" : "192.0.2.9",
                static_cast<std::uint16_t>(note.port + 2 * index(of)), is_v6};
    }
    bool set_peer(side of, const boost::asio::ip::udp::endpoint& peer) override {
        if (peer.address().is_v6() != note.request->caller.is_v6()) return false;
        note.peers[index(of)] = peer.address().to_string() + ':' + std::to_string(peer.port());
        return true;
    }
    media_counters counters(side from) const override { return note.counters[index(from)]; }
    bool play(side to, std::string_view prompt, std::string_view codecs,
              std::int32_t repetitions) override {
        if (prompt == "none") return false;
        note.played = std::string(to == side::caller ? "caller " : "callee ") +
                      std::string(prompt) + ' ' + std::string(codecs) + ' ' +
                      std::to_string(repetitions);
        return true;
    }
    void stop(side) override { note.played.clear(); }
    bool record(std::string_view name, std::string_view target) override {
        note.recorded = std::string(name) + ' ' + std::string(target);
        return target != "bad";
    }

    noted& note;
};

struct fake_maker : media_maker {
    std::unique_ptr<media> make(const media_request& request, protocol_error& error) override {
        if (is_full) {
            error = protocol_error::cannot_listen;
            return nullptr;
        }
        if (has_no_memory) throw std::bad_alloc();
        made.push_back(std::make_unique<noted>());
        made.back()->port = static_cast<std::uint16_t>(10000 + 4 * made.size());
        made.back()->request = request;
        return std::make_unique<fake_media>(*made.back());
    }

    std::vector<std::unique_ptr<noted>> made;
    bool is_full = false, has_no_memory = false;
};

struct book_of_calls {
    fake_maker maker;
    std::vector<timeout_notice> notices;
    call_book book{maker, 80s, [this](const timeout_notice& n) { notices.push_back(n); }};
    rtpsynth::time_point now{1h};

    std::string operator()(const std::string& line) {
        const auto parsed = parse_command(line);
        if (const auto* error = std::get_if<protocol_error>(&parsed)) return book.refuse(*error);
        return book.execute(std::get<command>(parsed), now);
    }
    void pass(rtpsynth::duration time) {
        for (const auto end = now + time; now < end;) {
            now = std::min(end, now + 1s);
            book.check(now);
        }
    }
    noted& last() { return *maker.made.back(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(calls, book_of_calls)

BOOST_AUTO_TEST_CASE(an_offer_and_its_answer_connect_two_sides) {
    auto& tell = *this;
    // The callee is told the callee's port, the caller the caller's.
    BOOST_TEST(tell("U id 192.0.2.1 4000 from;1") == "10006 192.0.2.9");
    BOOST_TEST(last().peers[0] == "192.0.2.1:4000");
    BOOST_TEST(tell("L id 192.0.2.2 5000 from;1 to;1") == "10004 192.0.2.9");
    BOOST_TEST(last().peers[1] == "192.0.2.2:5000");
    BOOST_TEST(book.calls() == 1U);
    BOOST_TEST(tell("D id from to") == "0");
    BOOST_TEST(book.calls() == 0U);
    BOOST_TEST(book.media_count() == 0U);
    BOOST_TEST(!last().is_open);
    BOOST_TEST(tell("D id from to") == "E50");
}

BOOST_AUTO_TEST_CASE(either_side_may_offer_again) {
    auto& tell = *this;
    tell("U id 192.0.2.1 4000 from;1");
    tell("L id 192.0.2.2 5000 from;1 to;1");
    BOOST_TEST(tell("U id 192.0.2.1 4002 from;1 to;1") == "10006 192.0.2.9");
    BOOST_TEST(last().peers[0] == "192.0.2.1:4002");
    BOOST_TEST(tell("U id 192.0.2.2 5002 to;1 from;1") == "10004 192.0.2.9");
    BOOST_TEST(last().peers[1] == "192.0.2.2:5002");
    BOOST_TEST(tell("L id 192.0.2.1 4004 to;1 from;1") == "10006 192.0.2.9");
    BOOST_TEST(last().peers[0] == "192.0.2.1:4004");
    BOOST_TEST(maker.made.size() == 1U);
    BOOST_TEST(tell("D id to from") == "0");
}

BOOST_AUTO_TEST_CASE(a_callee_may_offer_before_its_answer) {
    auto& tell = *this;
    tell("U id 192.0.2.1 4000 from;1");
    BOOST_TEST(tell("U id 192.0.2.2 5000 to;1 from;1") == "10004 192.0.2.9");
    BOOST_TEST(last().peers[1] == "192.0.2.2:5000");
    BOOST_TEST(maker.made.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_last_branch_that_answers_has_the_call) {
    auto& tell = *this;
    tell("U id 192.0.2.1 4000 from;1");
    tell("L id 192.0.2.2 5000 from;1 one;1");
    BOOST_TEST(tell("L id 192.0.2.3 6000 from;1 two;1") == "10004 192.0.2.9");
    BOOST_TEST(last().peers[1] == "192.0.2.3:6000");
    BOOST_TEST(tell("D id from one") == "E50"); // the branch that has lost ends
    BOOST_TEST(tell("D id from two") == "0");
}

BOOST_AUTO_TEST_CASE(each_medium_has_its_ports) {
    auto& tell = *this;
    BOOST_TEST(tell("U id 192.0.2.1 4000 from;1") == "10006 192.0.2.9");
    BOOST_TEST(tell("U id 192.0.2.1 4002 from;2") == "10010 192.0.2.9");
    BOOST_TEST(tell("L id 192.0.2.2 5002 from;2 to;2") == "10008 192.0.2.9");
    BOOST_TEST(book.calls() == 1U);
    BOOST_TEST(book.media_count() == 2U);
    BOOST_TEST(tell("D id from;2 to;2") == "0");
    BOOST_TEST(book.media_count() == 1U);
    BOOST_TEST(tell("D id from") == "0");
    BOOST_TEST(book.calls() == 0U);
}

BOOST_AUTO_TEST_CASE(without_a_number_it_is_the_first_medium) {
    auto& tell = *this;
    tell("U id 192.0.2.1 4000 from");
    BOOST_TEST(tell("L id 192.0.2.2 5000 from;1 to;1") == "10004 192.0.2.9");
}

BOOST_AUTO_TEST_CASE(an_answer_to_an_unknown_call_has_port_0) {
    auto& tell = *this;
    BOOST_TEST(tell("L id 192.0.2.2 5000 from to") == "0");
    BOOST_TEST(book.calls() == 0U);
}

BOOST_AUTO_TEST_CASE(an_address_of_ipv6_is_marked) {
    auto& tell = *this;
    BOOST_TEST(tell("U6 id 2001:db8::1 4000 from;1") == "10006 2001:db8::9 6");
}

BOOST_AUTO_TEST_CASE(a_peer_on_hold_keeps_its_address) {
    auto& tell = *this;
    tell("U id 192.0.2.1 4000 from;1");
    BOOST_TEST(tell("U id 0.0.0.0 4000 from;1") == "10006 192.0.2.9");
    BOOST_TEST(tell("U id 192.0.2.1 0 from;1") == "10006 192.0.2.9");
    BOOST_TEST(last().peers[0] == "192.0.2.1:4000");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_made_leaves_nothing) {
    auto& tell = *this;
    BOOST_TEST(tell("U id pc33.example.com 4000 from") == "E5");
    maker.is_full = true;
    BOOST_TEST(tell("U id 192.0.2.1 4000 from") == "E71");
    maker.is_full = false;
    maker.has_no_memory = true;
    BOOST_TEST(tell("U id 192.0.2.1 4000 from") == "E81");
    maker.has_no_memory = false;
    BOOST_TEST(book.calls() == 0U);
    tell("U id 192.0.2.1 4000 from");
    BOOST_TEST(tell("L id 2001:db8::2 5000 from to") == "E5");
    BOOST_TEST(tell("D id from else") == "0"); // "to" was not learned from an error
    BOOST_TEST(book.totals().errors == 4U);
    BOOST_TEST(tell("nonsense") == "E0");
    BOOST_TEST(book.totals().commands == 7U);
    BOOST_TEST(book.totals().errors == 5U);
    pass(200s);
}

BOOST_AUTO_TEST_CASE(a_request_says_what_the_offer_said) {
    auto& tell = *this;
    tell("UAEIl192.0.2.7 id 192.0.2.1 4000 from");
    const media_request& r = *last().request;
    BOOST_TEST(r.is_asymmetric);
    BOOST_TEST((r.networks->at(0) == network::external));
    BOOST_TEST((r.networks->at(1) == network::internal));
}

BOOST_AUTO_TEST_CASE(prompts_and_recordings_go_to_the_side_of_the_first_tag) {
    auto& tell = *this;
    tell("Uc8,0 id 192.0.2.1 4000 from;1");
    tell("Lc0 id 192.0.2.2 5000 from;1 to;1");
    BOOST_TEST(tell("P-1 id music session from;1 to;1") == "0");
    BOOST_TEST(last().played == "caller music 8,0 -1");
    BOOST_TEST(tell("P2 id ring 8 to;1 from;1") == "0");
    BOOST_TEST(last().played == "callee ring 8 2");
    BOOST_TEST(tell("S id to;1 from;1") == "0");
    BOOST_TEST(last().played == "");
    BOOST_TEST(tell("P id none 0 from;1") == "E60");
    BOOST_TEST(tell("R id from to") == "0");
    BOOST_TEST(last().recorded == "id-from-1 ");
    BOOST_TEST(tell("C id bad from to") == "E65");
    BOOST_TEST(tell("R nobody from to") == "E50");
    BOOST_TEST(tell("S id from;2 to;2") == "E50");
}

BOOST_AUTO_TEST_CASE(a_query_counts_packets) {
    auto& tell = *this;
    tell("U id 192.0.2.1 4000 from;1");
    last().counters[0] = {.received = 10, .forwarded = 9, .heard = 10};
    last().counters[1] = {.received = 5, .forwarded = 5, .heard = 5};
    pass(5s);
    BOOST_TEST(tell("Q id from;1") == "75 10 5 14 1");
    BOOST_TEST(tell("Q id else;1") == "E50");
    tell("D id from");
    BOOST_TEST(book.packets().received == 15U);
    BOOST_TEST(tell("I") == "sessions created: 1\nactive sessions: 0\nactive streams: 0\n"
                            "packets received: 15\npackets transmitted: 14");
}

BOOST_AUTO_TEST_CASE(x_deletes_all) {
    auto& tell = *this;
    for (int i = 0; i != 20; ++i) tell("U id" + std::to_string(i) + " 192.0.2.1 4000 from;1");
    tell("U id1 192.0.2.1 4000 from;2");
    BOOST_TEST(book.media_count() == 21U);
    BOOST_TEST(tell("X") == "0");
    BOOST_TEST(book.media_count() == 0U);
    for (const auto& m : maker.made) BOOST_TEST(!m->is_open);
}

BOOST_AUTO_TEST_CASE(a_silent_call_ends_and_somebody_is_told) {
    auto& tell = *this;
    tell("U id 192.0.2.1 4000 from;1 to;1 unix:/run/n T4a.7%20b%zz");
    pass(79s);
    BOOST_TEST(book.calls() == 1U);
    pass(12s);
    BOOST_TEST(book.calls() == 0U);
    BOOST_TEST_REQUIRE(notices.size() == 1U);
    BOOST_TEST(notices[0].socket == "unix:/run/n");
    BOOST_TEST(notices[0].text == "T4a.7 b%zz");
    BOOST_TEST(book.totals().timed_out == 1U);
    BOOST_TEST((book.next_check() == rtpsynth::time_point::max()));
}

BOOST_AUTO_TEST_CASE(a_side_that_is_heard_keeps_the_call_and_so_does_a_command) {
    auto& tell = *this;
    tell("U id 192.0.2.1 4000 from;1");
    for (int i = 0; i != 10; ++i) {
        ++last().counters[1].heard;
        pass(60s);
        BOOST_TEST(book.calls() == 1U);
    }
    tell("U id 192.0.2.1 4000 from;1");
    pass(75s);
    BOOST_TEST(book.calls() == 1U);
    pass(100s);
    BOOST_TEST(book.calls() == 0U);
    BOOST_TEST(notices.empty()); // nobody was named
}

BOOST_AUTO_TEST_SUITE_END()
