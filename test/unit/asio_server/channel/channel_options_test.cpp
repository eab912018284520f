// What each option of a channel does to its socket.
#include <boost/test/unit_test.hpp>

#include "backend.hpp"
#include "collector.hpp"
#include "latch.hpp"

#ifdef __linux__
#    include <netinet/in.h>
#    include <sys/socket.h>
#endif

#include <array>
#include <atomic>
#include <cstring>

using namespace rtpsynth::asio_server;

namespace {

constexpr auto ignore = [](rtp_channel&, const datagram_view&) {};

} // namespace

BOOST_AUTO_TEST_CASE(ipv6_and_mapped_addresses) {
    rtp_server server{immediate()};
    collector got, got_any;
    const auto v6 = server.create_channel(on_loopback_v6(), got.handler());
    const auto any = server.create_channel({.bind = {udp::v6(), 0}}, got_any.handler());
    const auto v4 = server.create_channel(on_loopback(), ignore);
    BOOST_TEST(!v6->try_send_to(bytes("a"), v6->local_endpoint()));
    const udp::endpoint any_by_v4{boost::asio::ip::address_v4::loopback(),
                                  any->local_endpoint().port()};
    BOOST_TEST(!v4->try_send_to(bytes("b"), any_by_v4));
    BOOST_REQUIRE(eventually([&] { return got.size() == 1 && got_any.size() == 1; }));
    BOOST_TEST(got.sources[0] == v6->local_endpoint());
    BOOST_TEST(got_any.sources[0].address().to_v6().is_v4_mapped());
    // An IPv4 target of a socket of both families is mapped.
    BOOST_TEST(!any->set_target(any_by_v4));
    BOOST_TEST(any->target()->address().is_v6());
    BOOST_TEST(!any->try_send(bytes("c")));
    BOOST_REQUIRE(eventually([&] { return got_any.size() == 2; }));
    const auto only = server.create_channel({.bind = {udp::v6(), 0}, .v6_only = true}, ignore);
    BOOST_TEST(only->set_target(any_by_v4) == error::address_family_not_supported);
}

BOOST_AUTO_TEST_CASE(socket_options_reach_the_kernel, *needs::reuse_port()) {
    rtp_server server{immediate()};
    channel_options options = on_loopback_v6();
    options.receive_buffer_size = 100000;
    options.send_buffer_size = 50000;
    options.reuse_port = true;
    const auto first = server.create_channel(options, ignore);
    BOOST_TEST(first->receive_buffer_size() == 200000);
    BOOST_TEST(first->send_buffer_size() == 100000);
    options.bind = first->local_endpoint();
    const auto second = server.create_channel(options, ignore);
    BOOST_TEST(second->local_endpoint() == first->local_endpoint());

    for (const auto& wrong :
         {channel_options{.queue_size = 0}, channel_options{.queue_size = (1 << 20) + 1},
          channel_options{.receive_buffer_size = 0},
          channel_options{.send_buffer_size = (1 << 30) + 1}, channel_options{.dscp = 64},
          channel_options{.source_lock = {source_policy::first, 0}}})
        BOOST_CHECK_THROW(server.create_channel(wrong, ignore), std::invalid_argument);
}

#ifdef __linux__ // no other system has a backend with this option
// What arrives says what was set; a plain socket looks at it.
BOOST_AUTO_TEST_CASE(datagrams_carry_the_code_point, *needs::dscp()) {
    rtp_server server{immediate()};
    boost::asio::io_context context;
    for (const bool v6 : {false, true}) {
        channel_options options = v6 ? on_loopback_v6() : on_loopback();
        udp::socket receiver{context, options.bind};
        const int on = 1;
        BOOST_REQUIRE(::setsockopt(receiver.native_handle(), v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                   v6 ? IPV6_RECVTCLASS : IP_RECVTOS, &on, sizeof on) == 0);
        for (const int dscp : {0, 46, 63}) {
            options.dscp = dscp;
            const auto sender = server.create_channel(options, ignore);
            BOOST_TEST(!sender->try_send_to(bytes("x"), receiver.local_endpoint()));
            receiver.wait(udp::socket::wait_read);
            char byte = 0;
            iovec vector{&byte, 1};
            alignas(cmsghdr) std::array<char, 64> control{};
            msghdr message{};
            message.msg_iov = &vector;
            message.msg_iovlen = 1;
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            BOOST_REQUIRE(::recvmsg(receiver.native_handle(), &message, 0) == 1);
            const cmsghdr* const header = CMSG_FIRSTHDR(&message);
            BOOST_REQUIRE(header);
            // One byte of IPv4's, an int of IPv6's, and nothing in the rest: little-endian or not.
            int traffic_class = 0;
            if (v6)
                std::memcpy(&traffic_class, CMSG_DATA(header), sizeof traffic_class);
            else
                traffic_class = *CMSG_DATA(header);
            BOOST_TEST((traffic_class >> 2) == dscp);
        }
    }
}
#endif

// Only then is the same port free for IPv4.
BOOST_AUTO_TEST_CASE(v6_only_leaves_the_port_of_the_other_family) {
    rtp_server server{immediate()};
    const auto taken = own_port();
    const auto both = server.create_channel({.bind = {udp::v6(), taken}}, ignore);
    BOOST_CHECK_THROW(server.create_channel({.bind = {udp::v4(), taken}}, ignore),
                      boost::system::system_error);
    both->close();
    const auto only = server.create_channel({.bind = {udp::v6(), taken}, .v6_only = true}, ignore);
    BOOST_TEST(server.create_channel({.bind = {udp::v4(), taken}}, ignore)->is_open());
}

BOOST_AUTO_TEST_CASE(the_source_lock_counts_what_it_rejects) {
    rtp_server server{immediate()};
    collector got;
    channel_options options = on_loopback();
    options.source_lock.policy = source_policy::target;
    const auto receiver = server.create_channel(options, got.handler());
    const auto friendly = server.create_channel(on_loopback(), ignore);
    const auto stranger = server.create_channel(on_loopback(), ignore);
    BOOST_REQUIRE(!stranger->try_send_to(bytes("no target yet"), receiver->local_endpoint()));
    BOOST_REQUIRE(eventually([&] { return receiver->stats().rejected == 1; }));
    BOOST_REQUIRE(!receiver->set_target(friendly->local_endpoint()));
    BOOST_REQUIRE(!stranger->try_send_to(bytes("stranger"), receiver->local_endpoint()));
    BOOST_REQUIRE(!friendly->try_send_to(bytes("friend"), receiver->local_endpoint()));
    BOOST_REQUIRE(eventually([&] { return got.size() == 1; }));
    BOOST_REQUIRE(eventually([&] { return receiver->stats().rejected == 2; }));
    BOOST_TEST(got.texts[0] == "friend");
    BOOST_TEST(!receiver->locked_source());
}

// The kernel's drops and what was read make up all that was sent.
BOOST_AUTO_TEST_CASE(an_overflow_is_counted, *needs::counted_overflow()) {
    rtp_server server{immediate()};
    latch go{1};
    channel_options options = on_loopback();
    options.receive_buffer_size = 20000;
    const auto receiver =
        server.create_channel(options, [&](rtp_channel&, const datagram_view&) { go.wait(); });
    rtp_server other{immediate()};
    options.queue_size = 2000;
    const auto sender = other.create_channel(options, ignore);
    BOOST_REQUIRE(!sender->set_target(receiver->local_endpoint()));
    for (int i = 0; i != 2000; ++i)
        BOOST_REQUIRE(!sender->try_send(bytes(std::string(static_cast<std::size_t>(i % 5), 'x'))));
    BOOST_REQUIRE(eventually([&] { return sender->stats().sent == 2000; }));
    go.count_down();
    BOOST_REQUIRE(eventually([&] {
        const channel_stats s = receiver->stats();
        return s.received + s.overflow == 2000;
    }));
    BOOST_TEST(receiver->stats().overflow > 0);
    receiver->close();
    BOOST_TEST(server.stats().channels.overflow == receiver->stats().overflow);
}
