#include <boost/test/unit_test.hpp>

#include "call/relay_fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>

using namespace rtpsynth::asio_server;

// The parent's thread holds the relay's lock when the process forks, sooner or later.
BOOST_AUTO_TEST_CASE(a_child_lets_go_of_a_relay_that_was_busy) {
    rtp_server server{immediate()};
    phone bob;
    rtp_relay_options o = relay_on_loopback();
    o.b.peer = bob.endpoint();
    o.media_timeout = 100ms;
    std::optional<rtp_relay> relay{std::in_place, server, o};
    const udp::endpoint to = relay->local_endpoint(leg_a);
    std::atomic<bool> done{false};
    std::thread sender{[&] {
        phone alice;
        for (unsigned seq = 0; !done; ++seq) {
            alice.send(to, rtp_of(1, seq));
            while (bob.receive()) {
            }
        }
    }};
    BOOST_TEST(eventually([&] { return relay->stats(leg_a).forwarded > 100; }));
    for (int i = 0; i != 50; ++i) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::alarm(30); // rather than hang
            relay.reset();
            ::_exit(0);
        }
        BOOST_REQUIRE(pid > 0);
        int status = -1;
        BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
        BOOST_REQUIRE(status == 0);
    }
    const auto before = relay->stats(leg_a).forwarded;
    BOOST_TEST(eventually([&] { return relay->stats(leg_a).forwarded > before; }));
    done = true;
    sender.join();
}
