#include <boost/test/unit_test.hpp>

#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#ifndef _WIN32
#    include <net/if.h>
#endif

#include <cstdint>
#include <string>

// No network is needed: numbers, and localhost.

namespace {

using namespace rtpsynth::asio_server;
using boost::asio::ip::udp;
using boost::system::error_code;

const error_code some_error = boost::asio::error::eof;

BOOST_AUTO_TEST_CASE(numeric_addresses_are_returned_unchanged) {
    for (const std::string host : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "192.0.2.7", "::1",
                                   "::", "2001:db8::7", "::ffff:192.0.2.7"}) {
        error_code ec = some_error;
        const auto e = resolve(host, 5004, address_family::any, ec);
        BOOST_TEST(!ec, host);
        BOOST_TEST(e.address().to_string() == host);
        BOOST_TEST(e.port() == 5004);
        BOOST_TEST((resolve(host, 5004) == e));
    }
    BOOST_TEST(resolve("::1", 0).port() == 0);
    BOOST_TEST(resolve("::1", 65535).port() == 65535);
}

BOOST_AUTO_TEST_CASE(the_requested_family_is_returned_or_refused) {
    error_code ec = some_error;
    BOOST_TEST(resolve("127.0.0.1", 1, address_family::v4, ec).address().is_loopback());
    BOOST_TEST(!ec);
    BOOST_TEST(resolve("::1", 1, address_family::v6, ec).address().is_loopback());
    BOOST_TEST(!ec);
    BOOST_TEST((resolve("127.0.0.1", 1, address_family::v6, ec) == udp::endpoint{}));
    BOOST_TEST(ec == boost::asio::error::address_family_not_supported);
    BOOST_TEST((resolve("::1", 1, address_family::v4, ec) == udp::endpoint{}));
    BOOST_TEST(ec == boost::asio::error::address_family_not_supported);
    BOOST_CHECK_THROW(resolve("::1", 1, address_family::v4), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(localhost_is_a_loopback_address) {
    for (const auto family : {address_family::any, address_family::v4}) {
        const auto e = resolve("localhost", 5004, family);
        BOOST_TEST(e.address().is_loopback());
        BOOST_TEST(e.port() == 5004);
    }
    BOOST_TEST(resolve("localhost", 1, address_family::v4).address().is_v4());
    // Not every machine's /etc/hosts has it with IPv6.
    error_code ec;
    const auto e = resolve("localhost", 1, address_family::v6, ec);
    BOOST_TEST((ec ? e == udp::endpoint{} : e.address().is_v6()));
}

#ifndef _WIN32 // whose interfaces have no names that are the same on every machine
BOOST_AUTO_TEST_CASE(a_link_local_address_has_its_scope) {
    const unsigned loopback = ::if_nametoindex("lo");
    BOOST_TEST_REQUIRE(loopback != 0);
    const auto named = resolve("fe80::1%lo", 7);
    BOOST_TEST(named.address().to_v6().scope_id() == loopback);
    BOOST_TEST(named.port() == 7);
    BOOST_TEST((resolve("fe80::1%" + std::to_string(loopback), 7) == named));
    BOOST_TEST(to_string(named) == "[fe80::1%lo]:7");
    BOOST_TEST((resolve("fe80::1%lo", 7, address_family::v6) == named));

    for (const std::string host : {"fe80::1%no-such-interface", "fe80::1%", "127.0.0.1%lo"}) {
        error_code ec;
        BOOST_TEST((resolve(host, 7, address_family::any, ec) == udp::endpoint{}), host);
        BOOST_TEST(ec.failed(), host);
    }
    error_code ec;
    BOOST_TEST((resolve("fe80::1%lo", 7, address_family::v4, ec) == udp::endpoint{}));
    BOOST_TEST(ec.failed());
}
#endif

BOOST_AUTO_TEST_CASE(invalid_host_names_are_errors) {
    // None of these goes out to a name server: they are no host names.
    for (const std::string& host :
         {std::string{}, std::string{"127.0.0.1\0", 10}, std::string{"\0", 1}, std::string{"[::1]"},
          std::string{":::"}, std::string(300, 'a')}) {
        error_code ec;
        BOOST_TEST((resolve(host, 7, address_family::any, ec) == udp::endpoint{}), host);
        BOOST_TEST(ec.failed(), host);
    }
    BOOST_CHECK_EXCEPTION(resolve("", 7), boost::system::system_error, [](const auto& e) {
        return e.code() == boost::asio::error::host_not_found;
    });
}

BOOST_AUTO_TEST_CASE(endpoints_are_formatted_as_address_and_port) {
    const auto text = [](const char* address, std::uint16_t port) {
        return to_string({boost::asio::ip::make_address(address), port});
    };
    BOOST_TEST(text("192.0.2.1", 5004) == "192.0.2.1:5004");
    BOOST_TEST(text("2001:db8::1", 65535) == "[2001:db8::1]:65535");
    BOOST_TEST(text("::ffff:192.0.2.1", 1) == "[::ffff:192.0.2.1]:1");
    BOOST_TEST(to_string(udp::endpoint{}) == "0.0.0.0:0");
}

} // namespace
