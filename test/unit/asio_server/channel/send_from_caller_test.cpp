// Without ticks, what other threads send leaves from theirs, if nothing is queued before it.
#include <boost/test/unit_test.hpp>

#include "backend.hpp"
#include "server/any_server.hpp"
#include "socket_shim.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

using namespace rtpsynth::asio_server;

namespace {

/// Longer than the gap between datagrams of a burst.
void let_gap_pass() { std::this_thread::sleep_for(std::chrono::milliseconds{1}); }

/// A channel that sends to a plain socket, on a context that nobody runs until asked to.
struct sender {
    boost::asio::io_context context;
    udp::socket to{context, {own_loopback(), 0}};
    std::unique_ptr<rtp_server> server;
    std::shared_ptr<rtp_channel> channel;

    explicit sender(const server_options& options = immediate(), std::size_t queue_size = 64)
        : server{std::make_unique<rtp_server>(context, options)} {
        channel_options o = on_loopback();
        o.queue_size = queue_size;
        channel = server->create_channel(o);
        BOOST_REQUIRE(!channel->set_target(to.local_endpoint()));
        to.non_blocking(true);
    }
    ~sender() { shim::on_send.heal(); }

    /// What has arrived, one behind the other.
    std::string arrived() {
        std::string all;
        for (std::array<char, 64> room;;) {
            error_code ec;
            const std::size_t size = to.receive(boost::asio::buffer(room), 0, ec);
            if (ec) return all;
            all.append(room.data(), size);
        }
    }
    void send(std::string_view what) { BOOST_TEST(!channel->try_send(bytes(what))); }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_lone_datagram_leaves_before_try_send_returns) {
    sender s;
    for (const char* const what : {"1", "2", "3"}) {
        let_gap_pass();
        s.send(what);
        BOOST_TEST(s.arrived() == what);
    }
    BOOST_TEST(s.channel->stats().sent == 3U);
    BOOST_TEST(s.channel->stats().sent_bytes == 3U);
    check_accounts(s.channel->stats());
}

BOOST_AUTO_TEST_CASE(with_a_tick_it_waits_for_that) {
    sender s{server_options{}};
    s.send("1");
    BOOST_TEST(s.arrived().empty());
    BOOST_TEST(run_until(s.context, [&] { return s.channel->stats().sent == 1; }));
}

// Nothing overtakes what is queued, and a full queue refuses as ever.
BOOST_AUTO_TEST_CASE(behind_what_is_queued_it_is_queued) {
    sender s{immediate(), 3};
    shim::on_send.fail(EAGAIN);
    for (const char* const what : {"1", "2", "3"}) {
        s.send(what);
        let_gap_pass();
    }
    BOOST_TEST((s.channel->try_send(bytes("4")) == error::would_block));
    BOOST_TEST(s.arrived().empty());
    BOOST_TEST(s.channel->stats().accepted == 3U);
    BOOST_TEST(s.channel->stats().sent == 0U);
    BOOST_TEST(s.channel->stats().queue_full == 1U);
    settle(s.context);
    BOOST_TEST(s.arrived() == "123");
    let_gap_pass();
    s.send("5");
    BOOST_TEST(s.arrived() == "5");
    check_accounts(s.channel->stats());
}

BOOST_AUTO_TEST_CASE(what_the_kernel_refuses_is_counted) {
    sender s;
    shim::on_send.fail(EPERM);
    s.send("1");
    let_gap_pass();
    s.send("2");
    BOOST_TEST(s.arrived() == "2");
    const channel_stats stats = s.channel->stats();
    BOOST_TEST(stats.accepted == 2U);
    BOOST_TEST(stats.send_errors == 1U);
    BOOST_TEST(
        (stats.last_send_error == error::no_permission || stats.last_send_error.value() == EPERM));
    check_accounts(stats);
}

// The first one leaves; most of the others within a gap of it or of each other.
BOOST_AUTO_TEST_CASE(a_burst_leaves_together_and_in_order) {
    sender s{immediate(), 1000};
    std::string sent;
    int calls = 0;
    shim::before_send = [&](std::size_t) { ++calls; };
    for (int i = 0; i != 26; ++i) {
        sent += static_cast<char>('a' + i);
        s.send({&sent.back(), 1});
    }
    settle(s.context);
    shim::before_send = nullptr;
    BOOST_TEST(s.arrived() == sent);
    if (capabilities.segments) BOOST_TEST(calls < 26);
    check_accounts(s.channel->stats());
}

BOOST_AUTO_TEST_CASE(errors_are_those_of_the_queue) {
    sender s;
    let_gap_pass();
    const std::vector<std::uint8_t> large(max_datagram_size + 1);
    BOOST_TEST((s.channel->try_send(large) == error::message_size));
    const auto targetless = s.server->create_channel(on_loopback());
    BOOST_TEST((targetless->try_send(bytes("1")) == error::not_connected));
    s.channel->close();
    let_gap_pass();
    BOOST_TEST((s.channel->try_send(bytes("1")) == error::bad_descriptor));
    BOOST_TEST(s.arrived().empty());
}

// A thread's datagrams stay in order, though some leave from it and others from the server's.
BOOST_AUTO_TEST_CASE(each_threads_datagrams_arrive_in_order) {
    for (const bool own_thread : {true, false}) {
        any_server s{own_thread};
        constexpr std::size_t senders = 3;
        constexpr std::uint32_t each = 3000;
        std::array<std::uint32_t, senders> next{};
        std::atomic<std::uint64_t> received{0}, disordered{0};
        channel_options o = on_loopback();
        o.receive_buffer_size = 8 << 20;
        const auto to = s.server->create_channel(o, [&](rtp_channel&, const datagram_view& d) {
            const std::size_t from = d.data[0];
            const std::uint32_t n = d.data[1] | std::uint32_t{d.data[2]} << 8;
            if (n != next[from]++) ++disordered;
            ++received;
        });
        o.queue_size = each * senders;
        const auto channel = s.server->create_channel(o);
        BOOST_REQUIRE(!channel->set_target(to->local_endpoint()));
        std::vector<std::thread> threads;
        for (std::size_t t = 0; t != senders; ++t)
            threads.emplace_back([&, t] {
                for (std::uint32_t n = 0; n != each; ++n) {
                    const std::array<std::uint8_t, 3> data{static_cast<std::uint8_t>(t),
                                                           static_cast<std::uint8_t>(n),
                                                           static_cast<std::uint8_t>(n >> 8)};
                    if (n % 64 == 0) // nothing is lost on the way
                        while (received + 128 < n) std::this_thread::yield();
                    if (n % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds{40});
                    std::ignore = channel->try_send(data);
                }
            });
        for (auto& t : threads) t.join();
        BOOST_TEST(eventually([&] { return received == senders * each; }));
        BOOST_TEST(disordered == 0U);
        check_accounts(channel->stats());
    }
}

BOOST_AUTO_TEST_CASE(close_drains_behind_it) {
    sender s;
    s.send("1");
    shim::on_send.fail(EAGAIN);
    let_gap_pass();
    s.send("2");
    s.send("3");
    shim::on_send.heal();
    s.channel->close();
    BOOST_TEST(s.arrived() == "123");
    check_accounts(s.channel->stats());
}
