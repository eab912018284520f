#include <boost/test/unit_test.hpp>

#include "frame_receiver_fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <span>
#include <thread>

using namespace rtpsynth::asio_server;

// The parent's thread holds the receiver's lock when the process forks, sooner or later: each
// packet comes after a gap and is handed out by the timer.
BOOST_AUTO_TEST_CASE(a_child_lets_go_of_a_receiver_that_was_busy) {
    rtp_server server{immediate()};
    std::atomic<unsigned> frames{0};
    std::optional<frame_receiver> receiver;
    receiver.emplace(server, on_loopback(), waiting_for(100us),
                     [&](frame_receiver&, std::span<media_frame> some) {
                         frames += static_cast<unsigned>(some.size());
                     });
    std::atomic<bool> done{false};
    std::thread sender{[&] {
        packet_sender out{receiver->channel()};
        for (unsigned seq = 0; !done; seq += 2) out.send(seq);
    }};
    BOOST_TEST(eventually([&] { return frames > 100; }));
    for (int i = 0; i != 100; ++i) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::alarm(30); // rather than hang
            receiver.reset();
            ::_exit(0);
        }
        BOOST_REQUIRE(pid > 0);
        int status = -1;
        BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
        BOOST_REQUIRE(status == 0);
    }
    const unsigned before = frames;
    BOOST_TEST(eventually([&] { return frames > before; }));
    done = true;
    sender.join();
}
