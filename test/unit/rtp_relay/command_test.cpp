#include "protocol/command.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

// What Kamailio, OpenSIPS and others send, and what nobody should.

using namespace relay;

namespace {

command parsed(std::string_view line) {
    const auto outcome = parse_command(line);
    BOOST_TEST_REQUIRE(std::holds_alternative<command>(outcome), line);
    return std::get<command>(outcome);
}

int error_of(std::string_view line) {
    const auto outcome = parse_command(line);
    if (const auto* error = std::get_if<protocol_error>(&outcome)) return static_cast<int>(*error);
    return -1;
}

} // namespace

BOOST_AUTO_TEST_CASE(an_offer_of_kamailio_has_a_medium_and_codecs) {
    const command c = parsed("Uc0,8,101 8d1f@192.0.2.1 198.51.100.7 40376 a6c85cf;1");
    BOOST_TEST((c.what == verb::update));
    BOOST_TEST(c.call_id == "8d1f@192.0.2.1");
    BOOST_TEST(c.address == "198.51.100.7");
    BOOST_TEST(c.port == 40376);
    BOOST_TEST(c.from.tag == "a6c85cf");
    BOOST_TEST(c.from.medium == "1");
    BOOST_TEST(c.to.tag.empty());
    BOOST_TEST(c.codecs == "0,8,101");
    BOOST_TEST(!c.networks);
    BOOST_TEST(!c.is_asymmetric);
}

BOOST_AUTO_TEST_CASE(an_answer_has_both_tags) {
    const command c = parsed("LIEc8 call;z9hG4bK 192.0.2.9 30000 from;2 to;2\r\n");
    BOOST_TEST((c.what == verb::lookup));
    BOOST_TEST(c.call_id == "call;z9hG4bK");
    BOOST_TEST(c.to.tag == "to");
    BOOST_TEST(c.to.medium == "2");
    BOOST_TEST_REQUIRE(c.networks.has_value());
    BOOST_TEST((c.networks->at(0) == network::internal));
    BOOST_TEST((c.networks->at(1) == network::external));
}

BOOST_AUTO_TEST_CASE(an_offer_may_name_who_is_told_of_a_timeout) {
    const command c = parsed("UEI6A id 2001:db8::1 4000 f;1 t;1 unix:/run/n.sock T4a.7%20x");
    BOOST_TEST(c.is_asymmetric);
    BOOST_TEST((c.networks->at(0) == network::external));
    BOOST_TEST(c.notify_socket == "unix:/run/n.sock");
    BOOST_TEST(c.notify_tag == "T4a.7%20x");
    BOOST_TEST(parsed("U id 192.0.2.1 4000 f t sock").notify_tag.empty());
}

BOOST_AUTO_TEST_CASE(one_letter_names_the_network_of_both_sides) {
    BOOST_TEST((parsed("Ue id 192.0.2.1 4000 f").networks->at(1) == network::external));
    BOOST_TEST(error_of("Ueii id 192.0.2.1 4000 f") == 2);
}

BOOST_AUTO_TEST_CASE(modifiers_without_a_meaning_here_are_skipped) {
    const command c = parsed("US46wbnz30r10.0.0.1l192.0.2.5d101t8p1u0m8=0,18=0c0 id 192.0.2.1 4 f");
    BOOST_TEST(c.local_address == "192.0.2.5");
    BOOST_TEST(c.codecs == "0");
    BOOST_TEST(error_of("Uy id 192.0.2.1 4000 f") == 2);
    BOOST_TEST(error_of("U, id 192.0.2.1 4000 f") == 2);
}

BOOST_AUTO_TEST_CASE(commands_of_a_call) {
    BOOST_TEST((parsed("D id f").what == verb::remove));
    BOOST_TEST((parsed("dw id f t").what == verb::remove));
    BOOST_TEST((parsed("Q id f;1 t;1").what == verb::query));
    BOOST_TEST((parsed("S id f;1").what == verb::stop));
    BOOST_TEST((parsed("R id f t").what == verb::record));
    BOOST_TEST(parsed("R id f t").target.empty());
    const command copied = parsed("C id udp:192.0.2.4:5000 f t");
    BOOST_TEST((copied.what == verb::record));
    BOOST_TEST(copied.target == "udp:192.0.2.4:5000");
    BOOST_TEST(copied.from.tag == "f");
}

BOOST_AUTO_TEST_CASE(a_prompt_is_played_once_or_as_often_as_its_count_says) {
    const command c = parsed("P3 id music session f;1 t;1");
    BOOST_TEST((c.what == verb::play));
    BOOST_TEST(c.target == "music");
    BOOST_TEST(c.codecs == "session");
    BOOST_TEST(c.repetitions == 3);
    BOOST_TEST(parsed("P id music 8,0 f").repetitions == 1);
    BOOST_TEST(parsed("P-1 id music 8,0 f").repetitions == -1);
    BOOST_TEST(error_of("P-2 id music 8,0 f") == 2);
    BOOST_TEST(error_of("P99999999999 id music 8,0 f") == 2);
    BOOST_TEST(error_of("P3x id music 8,0 f") == 2);
    BOOST_TEST(error_of("P3 id music f") == 1);
}

BOOST_AUTO_TEST_CASE(commands_without_a_call) {
    BOOST_TEST((parsed("V").what == verb::version));
    BOOST_TEST((parsed("I").what == verb::information));
    BOOST_TEST((parsed("IB\n").what == verb::information));
    BOOST_TEST((parsed("X").what == verb::remove_all));
    const command c = parsed("VF 20050322");
    BOOST_TEST((c.what == verb::capability));
    BOOST_TEST(has_capability(c.capability));
    BOOST_TEST(!has_capability("20071116")); // another packet length
    BOOST_TEST(!has_capability("2005032"));
    BOOST_TEST(error_of("VF") == 1);
    BOOST_TEST(error_of("VG 20050322") == 2);
    BOOST_TEST(error_of("V 20050322") == 1);
    BOOST_TEST(error_of("X id") == 1);
}

BOOST_AUTO_TEST_CASE(what_is_not_a_command_has_its_error) {
    BOOST_TEST(error_of("") == 0);
    BOOST_TEST(error_of(" \r\n") == 0);
    BOOST_TEST(error_of("hello") == 0);
    BOOST_TEST(error_of("U") == 1);
    BOOST_TEST(error_of("U id 192.0.2.1 4000") == 1);
    BOOST_TEST(error_of("U id 192.0.2.1 4000 f t s n x") == 1);
    BOOST_TEST(error_of("U id 192.0.2.1 4000 f t s n x y z") == 1);
    BOOST_TEST(error_of("L id 192.0.2.1 4000 f") == 1);
    BOOST_TEST(error_of("L id 192.0.2.1 4000 f t s") == 1);
    BOOST_TEST(error_of("D id") == 1);
    BOOST_TEST(error_of("D id ;1") == 1);
    BOOST_TEST(error_of("D, id f") == 2);
    BOOST_TEST(error_of("U id 192.0.2.1 65536 f") == 5);
    BOOST_TEST(error_of("U id 192.0.2.1 -1 f") == 5);
    BOOST_TEST(error_of("U id 192.0.2.1 4000x f") == 5);
}

BOOST_AUTO_TEST_CASE(a_datagram_begins_with_a_cookie) {
    const auto split = split_cookie("4711_12 VF 20050322\n");
    BOOST_TEST_REQUIRE(split.has_value());
    BOOST_TEST(split->cookie == "4711_12");
    BOOST_TEST(split->rest == "VF 20050322");
    BOOST_TEST(!split_cookie("V"));
    BOOST_TEST(!split_cookie("V \r\n"));
    BOOST_TEST(!split_cookie(""));
    BOOST_TEST(split_cookie(std::string_view("c\tV\0", 4))->rest == "V");
}
