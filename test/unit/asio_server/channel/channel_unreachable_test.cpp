// What ICMP says of datagrams sent earlier.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "backend.hpp"
#include "closed_port.hpp"

using namespace rtpsynth::asio_server;

namespace {

channel_options reporting(channel_options options) {
    options.report_unreachable = true;
    return options;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_closed_port_is_reported, *needs::report_unreachable()) {
    for (const auto& options : {on_loopback(), on_loopback_v6()}) {
        if (options.bind.address().is_v6() && !ipv6_works()) continue;
        boost::asio::io_context context;
        rtp_server server{context.get_executor(), immediate()};
        const closed_port nobody{options};
        const auto channel = server.create_channel(reporting(options));
        BOOST_REQUIRE(!channel->set_target(nobody.endpoint()));
        for (std::uint64_t i = 1; i != 4; ++i) {
            operation op;
            channel->async_receive(op.handler());
            BOOST_REQUIRE(!channel->try_send(bytes("anybody?")));
            BOOST_REQUIRE(run_until(context, [&] { return op.done; }));
            BOOST_TEST(op.ec == error::connection_refused);
            const channel_stats s = channel->stats();
            BOOST_TEST(s.receive_errors == i);
            BOOST_TEST(s.last_receive_error == error::connection_refused);
            BOOST_TEST(s.sent == i);
            BOOST_TEST(s.send_errors == 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(without_the_option_nothing_is_reported) {
    async_pair p;
    const closed_port nobody{on_loopback()};
    for (int i = 0; i != 10; ++i)
        BOOST_REQUIRE(!p.sender->try_send_to(bytes("anybody?"), nobody.endpoint()));
    p.send(0, 1);
    BOOST_TEST(p.receive() == "0");
    BOOST_TEST(p.sender->stats().receive_errors == 0);
    BOOST_TEST(p.sender->stats().send_errors == 0);
}

// The system reports it to the next call, which then sends nothing.
BOOST_AUTO_TEST_CASE(later_datagrams_are_not_lost, *needs::report_unreachable()) {
    async_pair p;
    const auto channel = p.server.create_channel(reporting(on_loopback()));
    const closed_port nobody{on_loopback()};
    for (int i = 0; i != 10; ++i) { // in one go; runs of one size are one system call
        BOOST_REQUIRE(!channel->try_send_to(bytes("anybody?"), nobody.endpoint()));
        const auto number = bytes("0123456789").subspan(static_cast<std::size_t>(i), 1);
        BOOST_REQUIRE(!channel->try_send_to(number, p.receiver->local_endpoint()));
    }
    for (int i = 0; i != 10; ++i) BOOST_TEST(p.receive() == std::to_string(i));
    BOOST_TEST(channel->stats().sent == 20);
    BOOST_TEST(channel->stats().send_errors == 0);
    BOOST_REQUIRE(p.run_until([&] { return channel->stats().receive_errors != 0; }));
    BOOST_TEST(channel->stats().last_receive_error == error::connection_refused);
}

// The messages wait in memory that is the receive buffer's, and keep the socket ready.
BOOST_AUTO_TEST_CASE(icmp_errors_do_not_fill_the_receive_buffer, *needs::report_unreachable()) {
    async_pair p;
    channel_options options = reporting(on_loopback());
    options.receive_buffer_size = 1;
    options.queue_size = 1024;
    const auto channel = p.server.create_channel(options);
    const closed_port nobody{on_loopback()};
    for (int round = 0; round != 20; ++round) {
        for (int i = 0; i != 100; ++i)
            BOOST_REQUIRE(!channel->try_send_to(bytes("anybody?"), nobody.endpoint()));
        settle(p.context);
    }
    operation op;
    channel->async_receive(op.handler());
    while (op.done) { // by one of those messages
        op = {};
        channel->async_receive(op.handler());
        settle(p.context);
    }
    BOOST_REQUIRE(!p.sender->try_send_to(bytes("here"), channel->local_endpoint()));
    BOOST_REQUIRE(p.run_until([&] { return op.done; }));
    BOOST_TEST(!op.ec);
    BOOST_TEST(text(op.got.data()) == "here");
    settle(p.context);
    BOOST_TEST(p.context.poll() == 0U); // nothing keeps it busy
}
