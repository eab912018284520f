#include <boost/test/unit_test.hpp>

#include "signalling/sip.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace replay;
using bodies = std::vector<std::string>;

namespace {

endpoint at(std::uint16_t port) {
    endpoint e;
    e.port = port;
    return e;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string message(const std::string& body, const std::string& start = "SIP/2.0 200 OK") {
    return start + "\r\nCSeq: 1 INVITE\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

struct connection {
    sip_over_tcp tcp;
    bodies received;

    void send(std::string_view text, std::uint16_t port = 5060) {
        tcp.receive(at(port), at(5061), bytes_of(text),
                    [&](std::string_view body) { received.emplace_back(body); });
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(start_lines) {
    for (const char* line : {"SIP/2.0 200 OK\r\n", "INVITE sip:a@b SIP/2.0\r\n", "X y SIP/2.0",
                             "SIP/2.0 183 Session Progress\n"})
        BOOST_CHECK_MESSAGE(begins_with_sip(line), line);
    for (const char* line : {"", "\r\n", "SIP/2.0", "SIP/2.0\r\n", "invite sip:a@b SIP/2.0\r\n",
                             "GET / HTTP/1.1\r\nx: SIP/2.0 ", "INVITE sip:a@bSIP/2.0\r\n"})
        BOOST_CHECK_MESSAGE(!begins_with_sip(line), line);
}

BOOST_AUTO_TEST_CASE(a_message_ends_where_content_length_says) {
    const std::string text = message("v=0\r\n") + "more";
    const auto found = parse_sip(text);
    BOOST_REQUIRE(found);
    BOOST_CHECK_EQUAL(found->body, "v=0\r\n");
    BOOST_CHECK_EQUAL(found->size, text.size() - 4);
    BOOST_CHECK(!parse_sip(text.substr(0, text.size() - 5)));
    BOOST_CHECK_EQUAL(sip_body(text.substr(0, text.size() - 5)), "v=0\r"); // cut short
    BOOST_CHECK_EQUAL(sip_body("SIP/2.0 200 OK\r\n\r\nto the end"), "to the end");
    BOOST_CHECK_EQUAL(sip_body("SIP/2.0 200 OK\r\nno end"), "");
    BOOST_CHECK_EQUAL(sip_body("SIP/2.0 200 OK\r\nl: 99999999999999999999999\r\n\r\nx"), "x");
}

BOOST_AUTO_TEST_CASE(tcp_cuts_messages_anywhere) {
    const std::string text = message("first") + "\r\n\r\n" + message("", "ACK sip:a@b SIP/2.0") +
                             message("second", "INVITE sip:a@b SIP/2.0");
    const bodies expected{"first", "", "second"};
    for (std::size_t size = 1; size <= text.size(); ++size) {
        connection c;
        // The version is in one piece at the beginning: where it is not, a connection is not SIP.
        const std::size_t first = std::max<std::size_t>(size, 7);
        c.send(text.substr(0, first));
        for (std::size_t i = first; i < text.size(); i += size) c.send(text.substr(i, size));
        BOOST_TEST(c.received == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(connections_are_kept_apart) {
    connection c;
    const std::string text = message("body");
    c.send(text.substr(0, 20), 1);
    c.send(text.substr(0, 50), 2);
    c.send(text.substr(20), 1);
    c.send(text.substr(50), 2);
    BOOST_CHECK_EQUAL(c.received.size(), 2U);
}

BOOST_AUTO_TEST_CASE(a_connection_may_be_captured_from_the_middle_on) {
    connection c;
    c.send("a=sendrecv\r\nend of a body\r\n" + message("next"));
    BOOST_TEST(c.received == bodies{"next"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_never_ends_is_thrown_away) {
    connection c;
    c.send("INVITE sip:a@b SIP/2.0\r\nContent-Length: 999999999\r\n\r\n");
    for (int i = 0; i < 100; ++i) c.send(std::string(1000, 'x'));
    c.send("\n" + message("after"));
    BOOST_TEST(c.received == bodies{"after"}, boost::test_tools::per_element());
    // So many connections that all of them are given up: the last one begins anew.
    for (unsigned i = 0; i < 40'000; ++i)
        c.send("INVITE sip:a@b SIP/2.0\r\n", static_cast<std::uint16_t>(i));
    c.send(message("again"), 65000);
    BOOST_CHECK_EQUAL(c.received.back(), "again");
}
