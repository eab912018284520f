// What cannot be created, since the system says so; and that it leaves nothing behind.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "backend.hpp"
#include "socket_shim.hpp"

#ifndef _WIN32
#    include <sys/resource.h>
#endif

using namespace rtpsynth::asio_server;
using std::chrono::steady_clock;

namespace {

auto says(int e) {
    return
        [e](const boost::system::system_error& thrown) { return thrown.code() == shim::code(e); };
}

struct flag {
    bool& gone;
    ~flag() { gone = true; }
};

/// \p fail has the creation of a channel fail with \p e; after that one can be created.
void check_creation(rtp_server& server, const channel_options& options, int e,
                    const std::function<void()>& fail) {
    BOOST_TEST_CONTEXT(std::generic_category().message(e)) {
        const long before = descriptors();
        const std::size_t open = server.stats().open_channels;
        bool gone = false;
        auto handler = [held = std::shared_ptr<flag>{new flag{gone}}](rtp_channel&,
                                                                      const datagram_view&) {};
        fail();
        BOOST_CHECK_EXCEPTION(server.create_channel(options, std::move(handler)),
                              boost::system::system_error, says(e));
        BOOST_TEST(gone);
        BOOST_TEST(descriptors() == before);
        BOOST_TEST(server.stats().open_channels == open);
        server.create_channel(options)->close();
        BOOST_TEST(descriptors() == before);
        BOOST_TEST(server.stats().open_channels == open);
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(a_channel_that_cannot_be_created_leaves_nothing_behind) {
    rtp_server server{immediate()};
    const auto kept = server.create_channel(on_loopback());
    for (const int e : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT})
        check_creation(server, on_loopback(), e, [e] { shim::on_socket.fail(e); });
    for (const int e : {EACCES, EADDRINUSE, EADDRNOTAVAIL, ENOMEM})
        check_creation(server, on_loopback(), e, [e] { shim::on_bind.fail(e); });
    channel_options all = on_loopback_v6();
    all.receive_buffer_size = all.send_buffer_size = 1000;
    std::vector<int> names{SO_RCVBUF, SO_SNDBUF, IPV6_V6ONLY};
    if (capabilities.dscp) {
        all.dscp = 46;
        names.insert(names.end(), {IPV6_TCLASS, IP_TOS});
    }
    if ((all.reuse_port = capabilities.reuse_port)) names.push_back(SO_REUSEPORT);
    if ((all.kernel_timestamps = capabilities.kernel_timestamps)) names.push_back(SO_TIMESTAMPNS);
    for (const int name : names) {
        int times = 1;
#ifdef _WIN32 // where Asio sets this one first, and goes on if it cannot
        if (name == IPV6_V6ONLY) times = 2;
#endif
        check_creation(server, all, ENOPROTOOPT,
                       [=] { shim::on_setsockopt.fail(ENOPROTOOPT, times, name); });
    }
    BOOST_TEST(kept->is_open());
    BOOST_REQUIRE(!kept->set_target(kept->local_endpoint()));
    BOOST_REQUIRE(!kept->try_send(bytes("x")));
    BOOST_TEST(text(get(kept->async_receive(boost::asio::use_future)).data()) == "x");
}

BOOST_AUTO_TEST_CASE(a_channel_that_cannot_be_watched_leaves_nothing_behind,
                     *needs::epoll_and_poll()) {
    rtp_server server{immediate()};
    for (const int e : {ENOSPC, ENOMEM, EPERM})
        check_creation(server, on_loopback(), e,
                       [e] { shim::on_epoll_ctl.fail(e, 1, EPOLL_CTL_ADD); });
}

// An option that backend or system does not have is refused; none is ignored.
BOOST_AUTO_TEST_CASE(options_that_are_lacking_are_refused) {
    rtp_server server{immediate()};
    const auto check = [&](bool has, const channel_options& options, int e = EOPNOTSUPP) {
        if (has)
            BOOST_TEST(server.create_channel(options)->is_open());
        else
            BOOST_CHECK_EXCEPTION(server.create_channel(options), boost::system::system_error,
                                  says(e));
    };
    check(capabilities.dscp, {.dscp = 46});
    check(capabilities.reuse_port, {.reuse_port = true});
    check(capabilities.kernel_timestamps, {.kernel_timestamps = true},
          detail::capabilities.kernel_timestamps ? ENOPROTOOPT : EOPNOTSUPP);
    check(capabilities.report_unreachable, {.report_unreachable = true});
    check(true, {.coalesce = true});
}

BOOST_AUTO_TEST_CASE(a_kernel_without_coalescing_is_good_enough) {
    for (const int e : {ENOPROTOOPT, EOPNOTSUPP}) {
        rtp_server server{immediate()};
        channel_options options = on_loopback();
        options.coalesce = true;
        if (capabilities.coalesce) shim::on_setsockopt.fail(e, 1, UDP_GRO);
        const auto channel = server.create_channel(options);
        BOOST_TEST(shim::on_setsockopt.spent());
        BOOST_REQUIRE(!channel->set_target(channel->local_endpoint()));
        for (int i = 0; i != 10; ++i) BOOST_REQUIRE(!channel->try_send(bytes(std::to_string(i))));
        for (int i = 0; i != 10; ++i)
            BOOST_TEST(text(get(channel->async_receive(boost::asio::use_future)).data()) ==
                       std::to_string(i));
        check_accounts(channel->stats(), 10);
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_be_created_leaves_nothing_behind) {
    boost::asio::io_context context;
    { const rtp_server warm{immediate()}, reactor{context.get_executor()}; }
    settle(context);
    const long descriptors_before = descriptors();
    const long threads_before = threads();
    shim::on_pthread_create.fail(EAGAIN);
    BOOST_CHECK_EXCEPTION(rtp_server{}, boost::system::system_error, says(EAGAIN));
    BOOST_TEST(shim::on_pthread_create.spent());
    BOOST_TEST(descriptors() == descriptors_before);
    for (const int e : {ENOSPC, ENOMEM}) {
        if (!shim::asio_has_epoll) break;
        shim::on_asios_epoll_ctl.fail(e, 1, EPOLL_CTL_ADD);
        BOOST_CHECK_EXCEPTION(rtp_server{context.get_executor()}, boost::system::system_error,
                              says(e));
        BOOST_TEST(descriptors() == descriptors_before);
    }
    BOOST_TEST(eventually([&] { return threads() <= threads_before; }));
}

// GCC's UBSan needs a descriptor itself, to look at the exception, and complains without one.
// Windows has no limit that could be set.
#if !defined(__SANITIZE_ADDRESS__) && !defined(_WIN32)
BOOST_AUTO_TEST_CASE(descriptors_run_out_at_each_step) {
    boost::asio::io_context context;
    { const rtp_server warm{immediate()}, reactor{context.get_executor()}; }
    settle(context);
    const long descriptors_before = descriptors();
    const long threads_before = threads();
    rlimit limit;
    BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlim_t highest = [&] {
        const int fd = ::dup(0);
        ::close(fd);
        return static_cast<rlim_t>(fd);
    }();
    for (const bool own_thread : {true, false}) {
        int failures = 0;
        for (rlim_t spare = 0; spare != 20; ++spare) {
            const rlimit low{highest + spare, limit.rlim_max};
            std::unique_ptr<rtp_server> server;
            BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
            int e = 0;
            try {
                server = own_thread ? std::make_unique<rtp_server>()
                                    : std::make_unique<rtp_server>(context.get_executor());
                const auto channel = server->create_channel(on_loopback());
            } catch (const boost::system::system_error& thrown) {
                e = thrown.code().value();
            }
            server.reset();
            BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
            BOOST_TEST((e == 0 || e == EMFILE));
            failures += e != 0;
            settle(context);
            BOOST_TEST(descriptors() == descriptors_before);
        }
        BOOST_TEST(failures >= capabilities.descriptors_of_server + 1); // and the channel's
        BOOST_TEST(failures < 20);
    }
    BOOST_TEST(eventually([&] { return threads() <= threads_before; }));
}
#endif

// More is queued than leaves in one go; what another channel queues meanwhile waits for its tick.
BOOST_AUTO_TEST_CASE(a_long_queue_does_not_send_other_channels_packets_early) {
    using namespace std::chrono_literals;
    async_pair p{{.tick = 2s}, 1000};
    steady_clock::time_point first{}, last{}, other{};
    const auto late = p.server.create_channel(on_loopback());
    BOOST_REQUIRE(!late->set_target(late->local_endpoint()));
    shim::before_send = [&](std::size_t size) {
        if (size == 5) {
            other = steady_clock::now();
            return;
        }
        last = steady_clock::now();
        if (first != steady_clock::time_point{}) return;
        first = last;
        BOOST_TEST(!late->try_send(bytes("later")));
    };
    for (int i = 0; i != 1000; ++i) BOOST_REQUIRE(!p.sender->try_send(bytes("x")));
    BOOST_REQUIRE(p.run_until([&] { return late->stats().sent == 1; }));
    shim::before_send = nullptr;
    BOOST_TEST(p.sender->stats().sent == 1000);
    BOOST_TEST((last <= other));
    BOOST_TEST((other - first >= 1s));
    BOOST_TEST(p.server.stats().ticks == 2);
}

namespace {

/// Channels of which each has three datagrams queued for a peer.
struct full_channels {
    static constexpr std::size_t count = 50;
    rtp_server server{{.tick = std::chrono::seconds{10}}};
    std::vector<std::shared_ptr<rtp_channel>> all;
    udp::endpoint peer{boost::asio::ip::address_v4::loopback(), 9};

    full_channels() {
        for (std::size_t i = 0; i != count; ++i) {
            all.push_back(server.create_channel(on_loopback()));
            for (int k = 0; k != 3; ++k) BOOST_REQUIRE(!all.back()->try_send_to(bytes("x"), peer));
        }
    }
    ~full_channels() {
        shim::on_send.heal();
        shim::in_place_of_poll = nullptr;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(shutdown_waits_once_for_all_channels_that_are_blocked,
                     *needs::epoll_and_poll()) {
    full_channels f;
    shim::on_send.fail(EAGAIN, shim::fault::for_good);
    std::chrono::milliseconds waited{0};
    shim::in_place_of_poll = [&](int timeout) {
        waited += std::chrono::milliseconds{timeout};
        std::this_thread::sleep_for(std::chrono::milliseconds{timeout});
        return 0;
    };
    f.server.shutdown();
    BOOST_TEST(waited.count() > 0);
    BOOST_TEST(waited.count() <= 100);
    for (const auto& channel : f.all) {
        BOOST_TEST(channel->stats().send_errors == 3U);
        check_accounts(channel->stats());
    }
}

BOOST_AUTO_TEST_CASE(a_signal_does_not_end_the_waiting, *needs::epoll_and_poll()) {
    full_channels f;
    shim::on_send.fail(EAGAIN, shim::fault::for_good);
    shim::in_place_of_poll = [&](int) {
        shim::on_send.heal();
        errno = EINTR;
        return -1;
    };
    f.server.shutdown();
    BOOST_TEST(f.server.stats().channels.sent == 3 * full_channels::count);
    BOOST_TEST(f.server.stats().channels.send_errors == 0U);
}

BOOST_AUTO_TEST_CASE(shutdown_sends_every_queue_once_the_kernel_has_room,
                     *needs::epoll_and_poll()) {
    full_channels f;
    shim::on_send.fail(EAGAIN, shim::fault::for_good);
    shim::in_place_of_poll = [&](int) {
        shim::on_send.heal();
        return 1;
    };
    f.server.shutdown();
    BOOST_TEST(f.server.stats().channels.sent == 3 * full_channels::count);
    BOOST_TEST(f.server.stats().channels.send_errors == 0U);
}
