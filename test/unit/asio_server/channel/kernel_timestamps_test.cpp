// channel_options::kernel_timestamps: of CLOCK_REALTIME in the kernel, of CLOCK_MONOTONIC here.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "backend.hpp"
#include "latch.hpp"
#include "socket_shim.hpp"

#include <mutex>

using namespace rtpsynth::asio_server;
using std::chrono::steady_clock;

namespace {

constexpr auto slack = std::chrono::milliseconds{1}; // two clocks are read one after the other

/// While it lives, the kernel stamps what arrives. It begins to do so a moment after the first
/// socket of the machine has asked for it, and stamps what came before when it is read.
class stamping {
public:
    stamping() {
        channel_options options = on_loopback();
        options.kernel_timestamps = true;
        channel_ = server_.create_channel(options);
        BOOST_REQUIRE(!channel_->set_target(channel_->local_endpoint()));
        BOOST_REQUIRE(eventually([this] { return stamps_what_arrives(); }));
    }

private:
    bool stamps_what_arrives() {
        const auto before = channel_->stats().sent;
        BOOST_REQUIRE(!channel_->try_send(bytes("x")));
        BOOST_REQUIRE(run_until(context_, [&] { return channel_->stats().sent > before; }));
        const auto sent = steady_clock::now();
        std::this_thread::sleep_for(3 * slack);
        operation op;
        channel_->async_receive(op.handler()); // nothing is read before
        BOOST_REQUIRE(run_until(context_, [&] { return op.done; }));
        return op.got.received_at() <= sent + slack;
    }

    boost::asio::io_context context_;
    rtp_server server_{context_.get_executor(), immediate()};
    std::shared_ptr<rtp_channel> channel_;
};

} // namespace

BOOST_AUTO_TEST_CASE(received_at_is_when_the_datagram_arrived_not_when_it_was_read,
                     *needs::kernel_timestamps()) {
    const stamping kernel;
    rtp_server server{immediate()};
    std::mutex mutex;
    std::vector<rtpsynth::time_point> times;
    channel_options options = on_loopback();
    options.kernel_timestamps = true;
    latch go{1};
    const auto receiver = server.create_channel(options, [&](rtp_channel&, const datagram_view& d) {
        go.wait();
        const std::lock_guard lock{mutex};
        times.push_back(d.received_at);
    });
    rtp_server other{immediate()};
    const auto sender = other.create_channel(on_loopback(), [](auto&, const datagram_view&) {});
    BOOST_REQUIRE(!sender->set_target(receiver->local_endpoint()));
    const auto before = steady_clock::now();
    BOOST_REQUIRE(!sender->try_send(bytes("x")));
    BOOST_REQUIRE(!sender->try_send(bytes("y")));
    BOOST_REQUIRE(eventually([&] { return sender->stats().sent == 2; }));
    const auto sent = steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    go.count_down();
    BOOST_REQUIRE(eventually([&] {
        const std::lock_guard lock{mutex};
        return times.size() == 2;
    }));
    for (const auto at : times) {
        BOOST_TEST((at >= before - slack));
        BOOST_TEST((at <= sent + slack));
    }
}

BOOST_AUTO_TEST_CASE(a_thread_that_loses_the_processor_between_the_clocks_is_not_misled,
                     *needs::kernel_timestamps()) {
    const stamping kernel;
    async_pair p;
    channel_options options = on_loopback();
    options.kernel_timestamps = true;
    const auto receiver = p.server.create_channel(options);
    BOOST_REQUIRE(!p.sender->set_target(receiver->local_endpoint()));
    for (const int pauses : {0, 1, 3}) {
        const auto before = steady_clock::now();
        p.send(0, 1);
        const auto sent = steady_clock::now();
        shim::pauses_after_realtime = pauses;
        operation op;
        receiver->async_receive(op.handler());
        BOOST_REQUIRE(p.run_until([&] { return op.done; }));
        BOOST_TEST(shim::pauses_after_realtime == 0);
        BOOST_TEST((op.got.received_at() >= before - slack));
        BOOST_TEST((op.got.received_at() <= sent + slack));
    }
}
