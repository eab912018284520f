#include <boost/test/unit_test.hpp>

#include "server_tools.hpp"

#include <boost/asio/io_context.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstring>
#include <latch>
#include <mutex>

using namespace rtpsynth::asio_server;

namespace {

/// Collects what a channel receives.
struct collector {
    std::mutex mutex;
    std::vector<std::string> texts;
    std::vector<udp::endpoint> sources;
    std::vector<rtpsynth::time_point> times;

    void take(const datagram_view& d) {
        const std::lock_guard lock{mutex};
        texts.push_back(text(d.data));
        sources.push_back(d.source);
        times.push_back(d.received_at);
    }
    std::size_t size() {
        const std::lock_guard lock{mutex};
        return texts.size();
    }
    auto handler() {
        return [this](rtp_channel&, const datagram_view& d) { take(d); };
    }
};

constexpr auto ignore = [](rtp_channel&, const datagram_view&) {};

} // namespace

BOOST_AUTO_TEST_CASE(datagrams_arrive_in_order_with_source_and_time) {
    rtp_server server{immediate()};
    collector got;
    const auto receiver = server.create_channel(on_loopback(), got.handler());
    const auto sender = server.create_channel(on_loopback(), ignore);
    BOOST_TEST(!sender->set_target(receiver->local_endpoint()));
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i != 20; ++i) BOOST_TEST(!sender->try_send(bytes(std::to_string(i))));
    BOOST_REQUIRE(eventually([&] { return got.size() == 20; }));
    for (int i = 0; i != 20; ++i) {
        const auto n = static_cast<std::size_t>(i);
        BOOST_TEST(got.texts[n] == std::to_string(i));
        BOOST_TEST(got.sources[n] == sender->local_endpoint());
        BOOST_TEST((got.times[n] >= before));
        BOOST_TEST((got.times[n] <= std::chrono::steady_clock::now()));
    }
    BOOST_TEST(sender->stats().sent == 20);
    BOOST_TEST(sender->stats().sent_bytes == 30);
    BOOST_REQUIRE(eventually([&] { return receiver->stats().received == 20; }));
    BOOST_TEST(receiver->stats().received_bytes == 30);
    const server_stats all = server.stats();
    BOOST_TEST(all.open_channels == 2);
    BOOST_TEST(all.channels.sent == 20);
    BOOST_TEST(all.channels.received == 20);
}

// Runs of equal size leave as segments; what arrives is the same.
BOOST_AUTO_TEST_CASE(a_burst_of_mixed_sizes_and_targets_keeps_its_order) {
    for (const bool coalesce : {false, true}) {
        rtp_server server{{.tick = std::chrono::seconds{10}}};
        collector got[2];
        channel_options options = on_loopback();
        options.coalesce = coalesce;
        options.receive_buffer_size = 1 << 20;
        const auto a = server.create_channel(options, got[0].handler());
        const auto b = server.create_channel(options, got[1].handler());
        options.queue_size = 1000;
        const auto sender = server.create_channel(options, ignore);
        std::vector<std::string> sent[2];
        for (int i = 0; i != 600; ++i) {
            const std::size_t which = i / 100 % 2 ? 1 : 0;
            const std::size_t size = i < 300 ? 172 : static_cast<std::size_t>(i % 7) * 100;
            std::string s = std::to_string(i);
            s.resize(size, 'x');
            sent[which].push_back(s);
            BOOST_REQUIRE(!sender->try_send_to(bytes(s), (which ? b : a)->local_endpoint()));
        }
        BOOST_TEST(sender->close()); // sends it all, long before the tick
        BOOST_TEST(sender->stats().sent == 600);
        for (int which = 0; which != 2; ++which) {
            BOOST_REQUIRE(eventually([&] { return got[which].size() == sent[which].size(); }));
            BOOST_TEST(got[which].texts == sent[which]);
        }
        BOOST_TEST(server.stats().ticks == 0);
    }
}

BOOST_AUTO_TEST_CASE(any_datagram_that_udp_can_carry) {
    rtp_server server{immediate()};
    collector got;
    channel_options options = on_loopback();
    options.receive_buffer_size = 1 << 20;
    const auto receiver = server.create_channel(options, got.handler());
    const auto sender = server.create_channel(on_loopback(), ignore);
    sender->set_target(receiver->local_endpoint());
    const std::string largest(max_datagram_size, 'l');
    for (const auto& s : {std::string{}, std::string{}, largest, largest, std::string{"x"}})
        BOOST_TEST(!sender->try_send(bytes(s)));
    BOOST_TEST(sender->try_send(bytes(largest + "+")) == error::message_size);
    BOOST_REQUIRE(eventually([&] { return got.size() == 5; }));
    BOOST_TEST(got.texts[1].empty());
    BOOST_TEST((got.texts[3] == largest));
    BOOST_TEST(got.texts[4] == "x");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_refused_and_changes_nothing) {
    rtp_server server{{.tick = std::chrono::seconds{10}}};
    channel_options options = on_loopback();
    options.queue_size = 3;
    const auto channel = server.create_channel(options, ignore);
    BOOST_TEST(!channel->target());
    BOOST_TEST(channel->try_send(bytes("x")) == error::not_connected);
    BOOST_TEST(channel->set_target({boost::asio::ip::address_v6::loopback(), 9}) ==
               error::address_family_not_supported);
    BOOST_TEST(channel->set_target({boost::asio::ip::address_v4::loopback(), 0}) ==
               error::invalid_argument);
    BOOST_TEST(!channel->target());
    BOOST_TEST(!channel->set_target(channel->local_endpoint()));
    BOOST_TEST((channel->target() == channel->local_endpoint()));
    for (int i = 0; i != 3; ++i) BOOST_TEST(!channel->try_send(bytes("x")));
    BOOST_TEST(channel->try_send(bytes("x")) == error::would_block);
    BOOST_TEST(channel->try_send(bytes("x")) == error::would_block);
    channel_stats stats = channel->stats();
    BOOST_TEST(stats.accepted == 3);
    BOOST_TEST(stats.queue_full == 2);
    BOOST_TEST(channel->close());
    BOOST_TEST(!channel->close());
    BOOST_TEST(!channel->is_open());
    BOOST_TEST(channel->try_send(bytes("x")) == error::bad_descriptor);
    BOOST_TEST(channel->set_target(channel->local_endpoint()) == error::bad_descriptor);
    stats = channel->stats();
    BOOST_TEST(stats.accepted == stats.sent);
    BOOST_TEST(channel->receive_buffer_size() == 0);
}

BOOST_AUTO_TEST_CASE(close_frees_the_port_and_ends_the_calls) {
    rtp_server server{immediate()};
    std::atomic<int> calls{0};
    auto channel =
        server.create_channel(on_own_port(), [&](rtp_channel&, const datagram_view&) { ++calls; });
    const auto endpoint = channel->local_endpoint();
    BOOST_TEST(channel->close());
    BOOST_TEST(channel->local_endpoint() == endpoint);
    // Again and again on the same port: it is free when close returns.
    for (int i = 0; i != 100; ++i) {
        const auto next = server.create_channel({.bind = endpoint}, ignore);
        if (i % 2) BOOST_TEST(next->close());
    }
    const auto other = server.create_channel({.bind = endpoint}, ignore);
    BOOST_CHECK_EXCEPTION(server.create_channel({.bind = endpoint}, ignore),
                          boost::system::system_error,
                          [](const auto& e) { return e.code() == error::address_in_use; });
    BOOST_TEST(calls == 0);
    BOOST_TEST(server.stats().open_channels == 1);
}

BOOST_AUTO_TEST_CASE(close_inside_the_handler_means_no_further_call) {
    rtp_server server{immediate()};
    std::atomic<int> calls{0};
    channel_options options = on_loopback();
    options.queue_size = 64;
    std::latch go{1}, done{1};
    std::atomic<bool> closed{false};
    const auto receiver = server.create_channel(options, [&](rtp_channel& c, const datagram_view&) {
        go.wait(); // until all lie in the kernel
        ++calls;
        closed = c.close();
        done.count_down();
    });
    rtp_server other{immediate()};
    const auto sender = other.create_channel(options, ignore);
    sender->set_target(receiver->local_endpoint());
    for (int i = 0; i != 64; ++i) BOOST_REQUIRE(!sender->try_send(bytes("x")));
    BOOST_REQUIRE(eventually([&] { return sender->stats().sent == 64; }));
    go.count_down();
    done.wait();
    server.shutdown();
    BOOST_TEST(calls == 1);
    BOOST_TEST(closed);
    BOOST_TEST(receiver->stats().received == 1);
}

BOOST_AUTO_TEST_CASE(a_handler_may_drop_its_own_channel_and_the_server) {
    const long before = threads();
    auto server = std::make_unique<rtp_server>(immediate());
    std::shared_ptr<rtp_channel> channel;
    std::latch last{1};
    std::atomic<bool> refused{false}, gone{false};
    struct flag {
        explicit flag(std::atomic<bool>& where) : at{where} {}
        ~flag() { at = true; }
        std::atomic<bool>& at;
    };
    channel = server->create_channel(on_loopback(), [&, held = std::make_shared<flag>(gone)](
                                                        rtp_channel& c, const datagram_view&) {
        last.wait();
        channel.reset();
        server.reset();
        refused = c.try_send_to(bytes("x"), c.local_endpoint()) == error::bad_descriptor;
    });
    auto mine = channel;
    BOOST_TEST(!mine->try_send_to(bytes("x"), mine->local_endpoint()));
    mine.reset();
    last.count_down();
    BOOST_TEST(eventually([&] { return gone.load(); }));
    BOOST_TEST(refused);
    BOOST_TEST(!channel);
    BOOST_TEST(!server);
    BOOST_TEST(eventually([&] { return threads() == before; }));
}

BOOST_AUTO_TEST_CASE(a_batch_handler_gets_all_of_a_turn) {
    rtp_server server{immediate()};
    std::latch go{1};
    std::atomic<std::size_t> most{0}, sum{0};
    channel_options options = on_loopback();
    options.queue_size = 400; // as many as a receive buffer of net.core.rmem_max's default holds
    options.receive_buffer_size = 1 << 20;
    const auto receiver =
        server.create_channel(options, [&](rtp_channel&, std::span<const datagram_view> batch) {
            go.wait();
            most = std::max(most.load(), batch.size());
            sum += batch.size();
        });
    rtp_server other{immediate()};
    const auto sender = other.create_channel(options, ignore);
    sender->set_target(receiver->local_endpoint());
    for (int i = 0; i != 400; ++i) BOOST_REQUIRE(!sender->try_send(bytes("x")));
    BOOST_REQUIRE(eventually([&] { return sender->stats().sent == 400; }));
    go.count_down();
    BOOST_REQUIRE(eventually([&] { return sum == 400; }));
    BOOST_TEST(most == 32);
}

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

BOOST_AUTO_TEST_CASE(socket_options_reach_the_kernel) {
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
          channel_options{.receive_buffer_size = 0}, channel_options{.send_buffer_size = -1},
          channel_options{.dscp = 64}, channel_options{.source_lock = {source_policy::first, 0}}})
        BOOST_CHECK_THROW(server.create_channel(wrong, ignore), std::invalid_argument);
}

// What arrives says what was set; a plain socket looks at it.
BOOST_AUTO_TEST_CASE(datagrams_carry_the_code_point) {
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
    stranger->try_send_to(bytes("no target yet"), receiver->local_endpoint());
    BOOST_REQUIRE(eventually([&] { return receiver->stats().rejected == 1; }));
    receiver->set_target(friendly->local_endpoint());
    stranger->try_send_to(bytes("stranger"), receiver->local_endpoint());
    friendly->try_send_to(bytes("friend"), receiver->local_endpoint());
    BOOST_REQUIRE(eventually([&] { return got.size() == 1; }));
    BOOST_REQUIRE(eventually([&] { return receiver->stats().rejected == 2; }));
    BOOST_TEST(got.texts[0] == "friend");
    BOOST_TEST(!receiver->locked_source());
}

// The kernel's drops and what was read make up all that was sent.
BOOST_AUTO_TEST_CASE(an_overflow_is_counted) {
    rtp_server server{immediate()};
    std::latch go{1};
    channel_options options = on_loopback();
    options.receive_buffer_size = 20000;
    const auto receiver =
        server.create_channel(options, [&](rtp_channel&, const datagram_view&) { go.wait(); });
    rtp_server other{immediate()};
    options.queue_size = 2000;
    const auto sender = other.create_channel(options, ignore);
    sender->set_target(receiver->local_endpoint());
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
