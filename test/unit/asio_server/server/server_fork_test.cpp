// A server after fork().
#include <boost/test/unit_test.hpp>

#include "any_server.hpp"
#include "backend.hpp"

#include <boost/asio/bind_executor.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <tuple>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

namespace {

/// Two channels that keep a datagram going to and fro.
struct ping_pong {
    // A last call may outlast all this.
    const std::shared_ptr<std::atomic<int>> count = std::make_shared<std::atomic<int>>();
    std::shared_ptr<rtp_channel> a, b;

    explicit ping_pong(rtp_server& server) {
        const auto echo = [n = count](rtp_channel& c, const datagram_view& d) {
            ++*n;
            std::ignore = c.try_send_to(d.data, d.source);
        };
        a = server.create_channel(on_loopback(), echo);
        b = server.create_channel(on_loopback(), echo);
        std::ignore = a->try_send_to(bytes("ball"), b->local_endpoint());
    }
    bool goes_on() {
        return eventually([this, at = count->load()] { return *count > at + 20; });
    }
};

/// A thread of the parent's may have held a reference, and the lock with which to find it.
constexpr int descriptor_left = 100;

/// What a child of fork() does; its exit status. No assertions here: they are the parent's.
int child(std::unique_ptr<any_server>& s, std::unique_ptr<ping_pong>& game,
          std::shared_ptr<rtp_channel>& waiting) {
    ::alarm(90); // rather than hang
    const long before = descriptors();
    waiting->close();
    waiting.reset();
    game.reset();
    s->server.reset();
    static_cast<void>(s.release()); // its threads are not here
    const bool all_closed = descriptors() == before - 3 - capabilities.descriptors_of_server;
    for (const bool own_thread : {true, false}) {
        asio::io_context context;
        std::unique_ptr<rtp_server> server;
        if (own_thread)
            server = std::make_unique<rtp_server>(immediate());
        else
            server = std::make_unique<rtp_server>(context.get_executor());
        auto mine = std::make_unique<ping_pong>(*server);
        if (own_thread ? !mine->goes_on() : !run_until(context, [&] { return *mine->count > 20; }))
            return 3;
        server->shutdown();
        if (mine->a->is_open()) return 4;
    }
    return all_closed ? 0 : descriptor_left;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_child_of_fork_starts_anew_and_the_parent_goes_on) {
    int left_open = 0;
    for (const bool own_thread : {true, false})
        for (int round = 0; round != 5; ++round) {
            auto s = std::make_unique<any_server>(own_thread);
            auto game = std::make_unique<ping_pong>(*s->server);
            auto waiting = s->server->create_channel(on_loopback());
            asio::io_context bound; // only this operation keeps it from running out of work
            operation op;
            waiting->async_receive(asio::bind_executor(bound, op.handler()));
            BOOST_REQUIRE(game->goes_on());
            const pid_t pid = ::fork();
            if (pid == 0) ::_exit(child(s, game, waiting));
            BOOST_REQUIRE(pid > 0);
            int status = -1;
            BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
            BOOST_TEST(WIFEXITED(status));
            left_open += WEXITSTATUS(status) == descriptor_left;
            BOOST_TEST((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == descriptor_left));
            BOOST_TEST(game->goes_on());
            BOOST_TEST(game->a->is_open());
            const auto more = s->server->create_channel(on_loopback());
            std::ignore =
                more->try_send_to(bytes("to the one that waits"), waiting->local_endpoint());
            BOOST_REQUIRE(run_out(bound));
            BOOST_TEST(op.done);
            BOOST_TEST(!op.ec);
            s->server->shutdown();
            check_accounts(s->server->stats().channels);
        }
    BOOST_TEST(left_open <= 5);
}
