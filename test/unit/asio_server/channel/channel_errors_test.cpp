// Every error that the system can report, injected.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "backend.hpp"
#include "socket_shim.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <deque>
#include <string_view>
#include <vector>

using namespace rtpsynth::asio_server;
using std::chrono::steady_clock;

namespace {

server_options seldom() { return {.tick = std::chrono::seconds{10}}; }

using shim::code;

/// Heals everything, also when a test failed.
struct healing {
    healing() = default;
    ~healing() {
        for (auto* f : {&shim::on_socket, &shim::on_bind, &shim::on_setsockopt, &shim::on_epoll_ctl,
                        &shim::on_asios_epoll_ctl, &shim::on_send, &shim::on_receive,
                        &shim::on_pthread_create})
            f->heal();
        shim::before_send = nullptr;
    }
    healing(const healing&) = delete;
    healing& operator=(const healing&) = delete;
};

constexpr auto errnos_of_sending = {ECONNREFUSED, EMSGSIZE,     ENOBUFS, EPERM,  ENETUNREACH,
                                    EHOSTUNREACH, ENETDOWN,     ENOMEM,  EIO,    EINVAL,
                                    EACCES,       EAFNOSUPPORT, EPIPE,   ENODEV, EOPNOTSUPP};

} // namespace

BOOST_AUTO_TEST_CASE(the_shim_intercepts_system_calls) {
    const healing after;
    async_pair p;
    shim::on_send.fail(EIO);
    shim::on_receive.fail(EIO);
    p.send(0, 2);
    BOOST_TEST(p.receiver->stats().receive_errors == 0);
    operation op;
    p.receiver->async_receive(op.handler());
    BOOST_REQUIRE(p.run_until([&] { return op.done; }));
    BOOST_TEST(shim::on_send.failed() == 1);
    BOOST_TEST(shim::on_receive.failed() == 1);
}

BOOST_AUTO_TEST_CASE(a_send_error_is_reported_and_counted_and_the_channel_goes_on) {
    const healing after;
    for (const int e : errnos_of_sending) {
        async_pair p;
        operation bad, good;
        shim::on_send.fail(e);
        p.sender->async_send(bytes("lost"), bad.handler());
        BOOST_REQUIRE(p.run_until([&] { return bad.done; }));
        BOOST_TEST(bad.ec == code(e));
        p.sender->async_send(bytes("found"), good.handler());
        BOOST_TEST(p.receive() == "found");
        BOOST_REQUIRE(p.run_until([&] { return good.done; }));
        BOOST_TEST(!good.ec);
        const channel_stats s = p.sender->stats();
        BOOST_TEST(s.send_errors == 1);
        BOOST_TEST(s.last_send_error == code(e));
        BOOST_TEST(s.sent == 1);
        BOOST_TEST(s.sent_bytes == 5);
        BOOST_TEST(!s.last_receive_error);
        check_accounts(s);
        BOOST_TEST(p.server.stats().channels.send_errors == 1);
        BOOST_TEST(p.server.stats().channels.last_send_error == code(e));
    }
}

// The run is given up, the datagrams are not: one by one tells which of them the error is about.
BOOST_AUTO_TEST_CASE(a_run_that_cannot_be_segmented_is_sent_one_by_one, *needs::segments()) {
    const healing after;
    for (const int e : {EINVAL, EMSGSIZE, EIO, EOPNOTSUPP, ENOPROTOOPT, EPERM, ECONNREFUSED,
                        ENETUNREACH, EHOSTUNREACH, ENOMEM}) {
        async_pair p{seldom()};
        std::deque<operation> ops(20);
        for (auto& op : ops) p.sender->async_send(bytes("seg"), op.handler());
        for (int i = 10; i != 30; ++i) BOOST_TEST(!p.sender->try_send(bytes(std::to_string(i))));
        const long before = shim::on_send.failed();
        shim::on_send.fail(e, shim::fault::for_good, 1);
        p.sender->close();
        BOOST_TEST(shim::on_send.failed() > before);
        shim::on_send.heal();
        for (int i = 0; i != 20; ++i) BOOST_TEST(p.receive() == "seg");
        for (int i = 10; i != 30; ++i) BOOST_TEST(p.receive() == std::to_string(i));
        settle(p.context);
        for (const auto& op : ops) BOOST_TEST((op.done && !op.ec));
        BOOST_TEST(p.sender->stats().send_errors == 0);
        check_accounts(p.sender->stats());
        check_accounts(p.receiver->stats(), 40);
    }
    // ... and where the device takes no segments, they are not tried for good.
    async_pair p{seldom()};
    for (int i = 0; i != 40; ++i) BOOST_TEST(!p.sender->try_send(bytes("x")));
    const long before = shim::on_send.failed();
    shim::on_send.fail(EIO, shim::fault::for_good, 1);
    p.sender->close();
    BOOST_TEST(shim::on_send.failed() == before + 1);
}

// One of a run fails: that one is lost, its neighbours are not.
BOOST_AUTO_TEST_CASE(an_error_in_the_middle_of_a_run) {
    const healing after;
    async_pair p{seldom()};
    std::deque<operation> ops(10);
    for (std::size_t i = 0; i != 10; ++i)
        p.sender->async_send(bytes(std::string_view{"0123456789"}.substr(i, 1)), ops[i].handler());
    int single = 0;
    shim::before_send = [&](std::size_t size) {
        if (size > 1)
            shim::on_send.fail(EPERM);
        else if (single++ % 2)
            shim::on_send.fail(EHOSTUNREACH);
    };
    p.sender->close();
    for (const auto* s : {"0", "2", "4", "6", "8"}) BOOST_TEST(p.receive() == s);
    settle(p.context);
    for (std::size_t i = 0; i != 10; ++i)
        BOOST_TEST(ops[i].ec == (i % 2 ? code(EHOSTUNREACH) : error_code{}));
    BOOST_TEST(p.sender->stats().send_errors == 5);
    check_accounts(p.sender->stats());
}

BOOST_AUTO_TEST_CASE(a_full_socket_is_waited_for) {
    const healing after;
    for (const int e : {EAGAIN, EINTR}) {
        async_pair p;
        shim::on_send.fail(e, 5);
        operation op;
        p.sender->async_send(bytes("0"), op.handler());
        for (int i = 1; i != 100; ++i) BOOST_TEST(!p.sender->try_send(bytes(std::to_string(i))));
        for (int i = 0; i != 100; ++i) BOOST_TEST(p.receive() == std::to_string(i));
        BOOST_REQUIRE(p.run_until([&] { return op.done; }));
        BOOST_TEST(!op.ec);
        BOOST_TEST(shim::on_send.spent());
        BOOST_TEST(p.sender->stats().send_errors == 0);
        check_accounts(p.sender->stats());
    }
}

BOOST_AUTO_TEST_CASE(sends_to_a_blocked_socket_can_be_cancelled) {
    const healing after;
    async_pair p{immediate(), 3};
    const long before = shim::on_send.failed();
    shim::on_send.fail(EAGAIN, shim::fault::for_good);
    boost::asio::cancellation_signal signal;
    operation first, second, third;
    p.sender->async_send(bytes("1"),
                         boost::asio::bind_cancellation_slot(signal.slot(), first.handler()));
    p.sender->async_send(bytes("2"), second.handler());
    BOOST_TEST(!p.sender->try_send(bytes("stays")));
    p.sender->async_send(bytes("3"), third.handler()); // waits for room
    BOOST_REQUIRE(p.run_until([&] { return shim::on_send.failed() > before; }));
    signal.emit(boost::asio::cancellation_type::total);
    BOOST_REQUIRE(p.run_until([&] { return first.done; }));
    BOOST_TEST(first.ec == error::operation_aborted);
    BOOST_TEST(!second.done);
    p.sender->cancel();
    BOOST_REQUIRE(p.run_until([&] { return second.done && third.done; }));
    BOOST_TEST(second.ec == error::operation_aborted);
    BOOST_TEST(third.ec == error::operation_aborted);
    BOOST_TEST(p.queued() == 1);
    for (int i = 0; i != 2; ++i) BOOST_TEST(!p.sender->try_send(bytes("too")));
    BOOST_TEST(p.sender->try_send(bytes("no")) == error::would_block);
    shim::on_send.heal();
    for (const auto* s : {"stays", "too", "too"}) BOOST_TEST(p.receive() == s);
    const channel_stats s = p.sender->stats();
    BOOST_TEST(s.cancelled == 2);
    BOOST_TEST(s.sent == 3);
    check_accounts(s);
}

BOOST_AUTO_TEST_CASE(close_gives_up_on_a_blocked_socket) {
    const healing after;
    async_pair p{seldom(), 2};
    std::deque<operation> ops(4); // two of them wait for room
    for (auto& op : ops) p.sender->async_send(bytes("x"), op.handler());
    shim::on_send.fail(EAGAIN, shim::fault::for_good);
    const auto begin = steady_clock::now();
    BOOST_TEST(p.sender->close());
    BOOST_TEST((steady_clock::now() - begin >= std::chrono::milliseconds{90}));
    shim::on_send.heal();
    settle(p.context);
    for (const auto& op : ops) BOOST_TEST(op.ec == error::would_block);
    BOOST_TEST(p.sender->stats().send_errors == 4);
    BOOST_TEST(p.sender->stats().last_send_error == error::would_block);
    check_accounts(p.sender->stats());
}

// As Windows does, once for each datagram sent before.
BOOST_AUTO_TEST_CASE(what_became_of_other_datagrams_is_no_error_of_this_one,
                     *needs::portable_sockets()) {
    const healing after;
    for (const int e : {ECONNRESET, ENETRESET}) {
        for (const int times : {1, 2, 50}) {
            async_pair p;
            operation op;
            shim::on_send.fail(e, times);
            p.sender->async_send(bytes("0"), op.handler());
            BOOST_TEST(p.receive() == "0");
            BOOST_REQUIRE(p.run_until([&] { return op.done; }));
            BOOST_TEST(!op.ec);
            BOOST_TEST(shim::on_send.spent());
            BOOST_TEST(p.sender->stats().send_errors == 0);
            check_accounts(p.sender->stats());
        }
    }
    // It does not try for good.
    async_pair p;
    operation op;
    shim::on_send.fail(ECONNRESET, shim::fault::for_good);
    p.sender->async_send(bytes("0"), op.handler());
    BOOST_REQUIRE(p.run_until([&] { return op.done; }));
    BOOST_TEST(op.ec == error::connection_reset);
    BOOST_TEST(p.sender->stats().send_errors == 1);
    check_accounts(p.sender->stats());
}

BOOST_AUTO_TEST_CASE(errors_of_receiving_complete_one_operation_each) {
    const healing after;
    for (const int e : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, ENOMEM, ENOBUFS, EIO,
                        EPERM, EINVAL, EFAULT, ENOTCONN}) {
        async_pair p;
        int turns = 0;
        std::deque<operation> ops(4);
        for (auto& op : ops) p.receiver->async_receive(op.handler(&turns));
        shim::on_receive.fail(e, 3);
        p.send(0, 3);
        BOOST_REQUIRE(p.run_until([&] { return turns == 4; }));
        for (std::size_t i = 0; i != 4; ++i) {
            BOOST_TEST(ops[i].turn == static_cast<int>(i));
            BOOST_TEST(ops[i].ec == (i < 3 ? code(e) : error_code{}));
        }
        BOOST_TEST(text(ops[3].got.data()) == "0"); // nothing was lost
        BOOST_TEST(p.receive() == "1");
        BOOST_TEST(p.receive() == "2");
        const channel_stats s = p.receiver->stats();
        BOOST_TEST(s.receive_errors == 3);
        BOOST_TEST(s.last_receive_error == code(e));
        BOOST_TEST(!s.last_send_error);
        BOOST_TEST(p.server.stats().channels.last_receive_error == code(e));
        check_accounts(s, 3);
    }
    std::vector nothing_of_the_kind{EAGAIN, EINTR};
    // Of a datagram sent before, on Windows.
    if (capabilities.name == std::string_view{"portable"})
        nothing_of_the_kind.insert(nothing_of_the_kind.end(), {ECONNRESET, ENETRESET});
    for (const int e : nothing_of_the_kind) {
        async_pair p;
        operation op;
        p.receiver->async_receive(op.handler());
        shim::on_receive.fail(e, 3);
        p.send(0, 1);
        BOOST_REQUIRE(p.run_until([&] { return op.done; }));
        BOOST_TEST(!op.ec);
        BOOST_TEST(shim::on_receive.spent());
        BOOST_TEST(p.receiver->stats().receive_errors == 0);
        check_accounts(p.receiver->stats(), 1);
    }
}

// With a handler, and with the neighbours served meanwhile.
BOOST_AUTO_TEST_CASE(a_socket_that_only_fails_neither_spins_nor_dies) {
    const healing after;
    for (const bool handler : {true, false}) {
        async_pair p;
        std::vector<std::string> got;
        const auto take = [&](rtp_channel&, const datagram_view& d) {
            got.push_back(text(d.data));
        };
        const auto channel = handler ? p.server.create_channel(on_loopback(), take)
                                     : p.server.create_channel(on_loopback());
        const auto receive = [&] {
            channel->async_receive([&](error_code ec, const datagram& d) {
                if (!ec) got.push_back(text(d.data()));
            });
        };
        BOOST_REQUIRE(!p.sender->set_target(channel->local_endpoint()));
        const long before = shim::on_receive.failed();
        shim::on_receive.fail(EIO, shim::fault::for_good);
        if (!handler) receive();
        p.send(1, 1);
        const auto begin = steady_clock::now();
        const auto end = begin + std::chrono::milliseconds{300};
        BOOST_TEST(p.run_until(
            [&] { return steady_clock::now() > end && shim::on_receive.failed() - before > 8; }));
        const long failed = shim::on_receive.failed() - before;
        // Eight in a row, and 10 ms of rest.
        BOOST_TEST(failed <=
                   8 * ((steady_clock::now() - begin) / std::chrono::milliseconds{10} + 2));
        BOOST_TEST(channel->stats().receive_errors == static_cast<std::uint64_t>(failed));
        BOOST_REQUIRE(
            !p.sender->set_target(p.sender->local_endpoint())); // sends, and others, go on
        p.send(2, 1);
        shim::on_receive.heal();
        if (!handler) receive();
        BOOST_REQUIRE(p.run_until([&] { return got.size() == 1; }));
        BOOST_TEST(got[0] == "1");
        check_accounts(channel->stats(), 1);
    }
}

// Without its events a channel would wait for good.
BOOST_AUTO_TEST_CASE(epoll_ctl_may_fail_to_change_what_is_watched, *needs::epoll_and_poll()) {
    const healing after;
    for (const int e : {ENOMEM, ENOSPC}) {
        async_pair p;
        operation op;
        const long before = shim::on_epoll_ctl.failed();
        shim::on_epoll_ctl.fail(e, 3, EPOLL_CTL_MOD);
        p.receiver->async_receive(op.handler()); // begins to read
        BOOST_TEST(shim::on_epoll_ctl.failed() == before + 1);
        p.send(0, 1);
        BOOST_REQUIRE(p.run_until([&] { return op.done; }));
        BOOST_TEST(text(op.got.data()) == "0");
        shim::on_send.fail(EAGAIN, 2); // of the thread that sends, and of the flush that follows
        shim::on_epoll_ctl.fail(e, 3, EPOLL_CTL_MOD);
        BOOST_REQUIRE(!p.sender->try_send(bytes("1")));
        BOOST_TEST(p.receive() == "1");
        BOOST_TEST(shim::on_epoll_ctl.spent());
    }
}
