#include <boost/test/unit_test.hpp>

#include "collector.hpp"
#include "latch.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <atomic>

using namespace rtpsynth::asio_server;

namespace {

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

BOOST_AUTO_TEST_CASE(datagrams_may_be_empty_and_as_large_as_udp_allows) {
    rtp_server server{immediate()};
    collector got;
    channel_options options = on_loopback();
    options.receive_buffer_size = 1 << 20;
    const auto receiver = server.create_channel(options, got.handler());
    const auto sender = server.create_channel(on_loopback(), ignore);
    BOOST_REQUIRE(!sender->set_target(receiver->local_endpoint()));
    const std::string largest(max_datagram_size, 'l');
    for (const auto& s : {std::string{}, std::string{}, largest, largest, std::string{"x"}})
        BOOST_TEST(!sender->try_send(bytes(s)));
    BOOST_TEST(sender->try_send(bytes(largest + "+")) == error::message_size);
    BOOST_REQUIRE(eventually([&] { return got.size() == 5; }));
    BOOST_TEST(got.texts[1].empty());
    BOOST_TEST((got.texts[3] == largest));
    BOOST_TEST(got.texts[4] == "x");
}

BOOST_AUTO_TEST_CASE(invalid_sends_are_refused_and_change_nothing) {
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

BOOST_AUTO_TEST_CASE(no_call_follows_close_inside_the_handler) {
    rtp_server server{immediate()};
    std::atomic<int> calls{0};
    channel_options options = on_loopback();
    options.queue_size = 64;
    latch go{1}, done{1};
    std::atomic<bool> closed{false};
    const auto receiver = server.create_channel(options, [&](rtp_channel& c, const datagram_view&) {
        go.wait(); // until all lie in the kernel
        ++calls;
        closed = c.close();
        done.count_down();
    });
    rtp_server other{immediate()};
    const auto sender = other.create_channel(options, ignore);
    BOOST_REQUIRE(!sender->set_target(receiver->local_endpoint()));
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
    latch last{1};
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
    BOOST_TEST(eventually([&] { return threads() <= before; }));
}

BOOST_AUTO_TEST_CASE(a_batch_handler_gets_all_datagrams_of_a_turn) {
    rtp_server server{immediate()};
    latch go{1};
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
    BOOST_REQUIRE(!sender->set_target(receiver->local_endpoint()));
    for (int i = 0; i != 400; ++i) BOOST_REQUIRE(!sender->try_send(bytes("x")));
    BOOST_REQUIRE(eventually([&] { return sender->stats().sent == 400; }));
    go.count_down();
    BOOST_REQUIRE(eventually([&] { return sum == 400; }));
    BOOST_TEST(most == 32);
}
