// Channels that accept their target only, and have the kernel filter for it.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "backend.hpp"
#include "closed_port.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace rtpsynth::asio_server;

namespace {

channel_options of_target(channel_options options) {
    options.source_lock.policy = source_policy::target;
    return options;
}

/// Somebody who sends to the channel, outside of any server.
class peer {
public:
    explicit peer(const udp::endpoint& channel, const udp::endpoint& bind = on_loopback().bind)
        : socket_{context_, bind} {
        socket_.non_blocking(true);
        socket_.connect(channel);
    }
    udp::endpoint endpoint() const { return socket_.local_endpoint(); }
    void send(std::string_view text) {
        error_code ignored;
        socket_.send(boost::asio::buffer(text), 0, ignored);
    }
    /// Whether the kernel refuses what it sends; on loopback it says so at once.
    bool is_refused() {
        send("one");
        error_code ec;
        socket_.send(boost::asio::buffer("two", 3), 0, ec);
        return ec == error::connection_refused;
    }
    std::string receive() {
        std::array<char, 64> bytes;
        error_code ec;
        const std::size_t size = socket_.receive(boost::asio::buffer(bytes), 0, ec);
        return ec ? ec.message() : std::string{bytes.data(), size};
    }

private:
    boost::asio::io_context context_;
    udp::socket socket_;
};

struct fixture {
    explicit fixture(const channel_options& options = on_own_port())
        : channel{server.create_channel(of_target(options))} {}

    std::string receive() {
        operation op;
        channel->async_receive(op.handler());
        BOOST_REQUIRE(run_until(context, [&] { return op.done; }));
        BOOST_TEST(!op.ec);
        return text(op.got.data());
    }
    /// Sends what is queued.
    void flush() {
        BOOST_REQUIRE(run_until(context, [&] {
            const channel_stats s = channel->stats();
            return s.accepted == s.sent + s.send_errors;
        }));
    }

    boost::asio::io_context context;
    rtp_server server{context.get_executor(), immediate()};
    std::shared_ptr<rtp_channel> channel;
};

} // namespace

BOOST_AUTO_TEST_CASE(the_kernel_refuses_strangers, *needs::connections()) {
    fixture f;
    const udp::endpoint at = f.channel->local_endpoint();
    peer before{at}, after{at}, stranger{at};
    BOOST_REQUIRE(!f.channel->set_target(before.endpoint()));
    BOOST_TEST(stranger.is_refused());
    before.send("before");
    BOOST_TEST(f.receive() == "before");
    BOOST_TEST(f.channel->stats().rejected == 0);
    BOOST_TEST((f.channel->local_endpoint() == at));

    BOOST_REQUIRE(!f.channel->set_target(after.endpoint()));
    BOOST_TEST(before.is_refused());
    after.send("after");
    BOOST_TEST(f.receive() == "after");
    BOOST_TEST(f.channel->stats().rejected == 0);
}

BOOST_AUTO_TEST_CASE(earlier_datagrams_of_strangers_are_rejected) {
    fixture f;
    peer friendly{f.channel->local_endpoint()}, stranger{f.channel->local_endpoint()};
    stranger.send("stranger");
    BOOST_REQUIRE(!f.channel->set_target(friendly.endpoint()));
    friendly.send("friend");
    BOOST_TEST(f.receive() == "friend");
    BOOST_TEST(f.channel->stats().rejected == 1);
}

BOOST_AUTO_TEST_CASE(it_sends_to_the_target_and_to_others) {
    fixture f;
    peer friendly{f.channel->local_endpoint()}, other{f.channel->local_endpoint()};
    BOOST_REQUIRE(!f.channel->set_target(friendly.endpoint()));
    for (int i = 0; i != 3; ++i) { // in runs, and one by one
        BOOST_REQUIRE(!f.channel->try_send(bytes("friend")));
        BOOST_REQUIRE(!f.channel->try_send(bytes("friend")));
        BOOST_REQUIRE(!f.channel->try_send_to(bytes("other"), other.endpoint()));
    }
    f.flush();
    for (int i = 0; i != 6; ++i) BOOST_TEST(friendly.receive() == "friend");
    for (int i = 0; i != 3; ++i) BOOST_TEST(other.receive() == "other");
    BOOST_TEST(f.channel->stats().sent == 9);
}

// What is queued for the former target leaves for it.
BOOST_AUTO_TEST_CASE(what_is_queued_keeps_its_target) {
    fixture f;
    peer before{f.channel->local_endpoint()}, after{f.channel->local_endpoint()};
    BOOST_REQUIRE(!f.channel->set_target(before.endpoint()));
    BOOST_REQUIRE(!f.channel->try_send(bytes("before")));
    BOOST_REQUIRE(!f.channel->set_target(after.endpoint()));
    BOOST_REQUIRE(!f.channel->try_send(bytes("after")));
    f.flush();
    BOOST_TEST(before.receive() == "before");
    BOOST_TEST(after.receive() == "after");
}

// On a connected socket the system reports it, requested or not, and the next call sends nothing.
BOOST_AUTO_TEST_CASE(a_closed_port_is_reported_only_on_request) {
    for (const bool report : {false, true}) {
        if (report && !capabilities.report_unreachable) continue;
        channel_options options = on_own_port();
        options.report_unreachable = report;
        fixture f{options};
        peer other{f.channel->local_endpoint()};
        const closed_port nobody{on_loopback()};
        BOOST_REQUIRE(!f.channel->set_target(nobody.endpoint()));
        for (int i = 0; i != 10; ++i) {
            BOOST_REQUIRE(!f.channel->try_send(bytes("anybody?")));
            const auto number = bytes("0123456789").subspan(static_cast<std::size_t>(i), 1);
            BOOST_REQUIRE(!f.channel->try_send_to(number, other.endpoint()));
            if (i % 3 == 0) f.flush();
        }
        BOOST_REQUIRE(!f.channel->try_send(bytes("anybody?"))); // of which the next to read hears
        operation op;
        f.channel->async_receive(op.handler());
        f.flush();
        settle(f.context);
        for (int i = 0; i != 10; ++i) BOOST_TEST(other.receive() == std::to_string(i));
        const channel_stats s = f.channel->stats();
        BOOST_TEST(s.sent == 21);
        BOOST_TEST(s.send_errors == 0);
        BOOST_TEST((s.receive_errors != 0) == report);
        BOOST_TEST((op.done && op.ec == error::connection_refused) == report);
        f.channel->cancel();
        settle(f.context);
        BOOST_TEST(f.context.poll() == 0U); // nothing keeps it busy
    }
}

// No route leads from a loopback address to another host. The socket is disconnected then, and
// keeps its port.
BOOST_AUTO_TEST_CASE(a_target_without_a_route) {
    fixture f;
    const udp::endpoint at = f.channel->local_endpoint();
    peer friendly{at}, stranger{at};
    BOOST_REQUIRE(!f.channel->set_target(friendly.endpoint()));
    const udp::endpoint distant{boost::asio::ip::make_address("192.0.2.1"), 5004};
    BOOST_REQUIRE(!f.channel->set_target(distant));
    BOOST_TEST(!stranger.is_refused()); // it is filtered here, not by the kernel
    BOOST_REQUIRE(!f.channel->try_send(bytes("far")));
    f.flush();
    BOOST_TEST(f.channel->stats().send_errors == 1);
    BOOST_REQUIRE(!f.channel->set_target(friendly.endpoint()));
    friendly.send("friend");
    BOOST_TEST(f.receive() == "friend");
    BOOST_TEST(f.channel->stats().rejected == 2);
    BOOST_TEST((f.channel->local_endpoint() == at));
}

// A wildcard address would become the one of the route, a port of the system's choice could not be
// kept without a connection, and those who share a port divide the sources.
BOOST_AUTO_TEST_CASE(channels_that_cannot_be_connected_filter_themselves) {
    channel_options shared = on_own_port();
    shared.reuse_port = capabilities.reuse_port;
    if (!shared.reuse_port) shared = on_loopback();
    for (const auto& options :
         {on_loopback(), channel_options{.bind = {udp::v4(), own_port()}}, shared}) {
        fixture f{options};
        const udp::endpoint at{own_loopback(), f.channel->local_endpoint().port()};
        peer friendly{at}, stranger{at};
        BOOST_REQUIRE(!f.channel->set_target(friendly.endpoint()));
        BOOST_TEST(!stranger.is_refused());
        friendly.send("friend");
        BOOST_TEST(f.receive() == "friend");
        BOOST_TEST(f.channel->stats().rejected == 2);
    }
}

BOOST_AUTO_TEST_CASE(other_policies_receive_from_everybody) {
    fixture f;
    f.channel = nullptr;
    f.channel = f.server.create_channel(on_own_port());
    peer friendly{f.channel->local_endpoint()}, stranger{f.channel->local_endpoint()};
    BOOST_REQUIRE(!f.channel->set_target(friendly.endpoint()));
    stranger.send("stranger");
    BOOST_TEST(f.receive() == "stranger");
}

BOOST_AUTO_TEST_CASE(ipv6_and_mapped_addresses, *needs::connections()) {
    if (!ipv6_works()) return;
    using boost::asio::ip::address_v6;
    const auto mapped = make_address_v6(boost::asio::ip::v4_mapped, own_loopback());
    for (const address_v6& address : {address_v6::loopback(), mapped}) {
        fixture f{{.bind = {address, own_port()}}};
        const bool v4 = address.is_v4_mapped();
        const udp::endpoint at =
            v4 ? udp::endpoint{own_loopback(), own_port()} : f.channel->local_endpoint();
        const udp::endpoint from = v4 ? on_loopback().bind : on_loopback_v6().bind;
        peer friendly{at, from}, stranger{at, from};
        BOOST_REQUIRE(!f.channel->set_target(friendly.endpoint()));
        BOOST_TEST(stranger.is_refused());
        friendly.send("friend");
        BOOST_TEST(f.receive() == "friend");
        BOOST_REQUIRE(!f.channel->try_send(bytes("answer")));
        f.flush();
        BOOST_TEST(friendly.receive() == "answer");
    }
}
