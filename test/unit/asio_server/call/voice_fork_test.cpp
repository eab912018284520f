// voice_stream: a child of fork() lets go of what it inherited.
#include "voice_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

namespace rtpsynth::asio_server {

// The server's thread holds the stream's lock when the process forks, sooner or later.
BOOST_AUTO_TEST_CASE(a_child_lets_go_of_a_stream_that_was_busy) {
    rtp_server server{immediate()};
    plain_phone phone;
    voice_stream_options o = silent_stream_to(phone.endpoint());
    o.sender.ptime = 1ms;
    o.sender.idle = idle_policy::silence;
    std::optional<voice_stream> stream;
    stream.emplace(server, o);
    int unread = 0;
    stream->async_read_event([&](error_code, voice_event) { ++unread; });
    const auto sent = [&] { return stream->stats().sender.packets(); };
    BOOST_TEST(eventually([&] { return sent() > 20; }));
    for (int i = 0; i != 50; ++i) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::alarm(30); // rather than hang
            if (i % 2 != 0 && (!stream->close() || stream->is_open())) ::_exit(1);
            stream.reset();
            ::_exit(0);
        }
        BOOST_REQUIRE(pid > 0);
        int status = -1;
        BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
        BOOST_REQUIRE(status == 0);
    }
    const auto before = sent();
    BOOST_TEST(eventually([&] { return sent() > before; }));
    BOOST_TEST(unread == 0);
}

} // namespace rtpsynth::asio_server
