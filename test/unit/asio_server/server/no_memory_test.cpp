#include <boost/test/unit_test.hpp>

#include "allocation_fault.hpp"
#include "channel/frame_receiver_fixture.hpp"

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <thread>
#include <tuple>

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

// Want of memory, at each allocation there is: nothing ends the program, nothing hangs, and what
// was accepted is accounted for.

using memory::done;

namespace {

// Plays a scenario with the first allocation refused, then with the second, and so on until there
// are no more; and all of that again with many in a row. A scenario is made before the shortage,
// runs in it, and is checked after it.
template <class Scenario, class... Args>
void with_each_refused(Args... args) {
    for (const long in_a_row : {0L, 1L, 30L})
        for (long n = 0, refused = in_a_row; refused != 0 || n == 0; n += 1 + in_a_row / 10)
            BOOST_TEST_CONTEXT("allocation " << n << " and what follows, " << in_a_row
                                             << " times") {
                Scenario scenario{args...};
                {
                    const memory::shortage shortage{n, in_a_row};
                    scenario.run();
                    refused = memory::refused;
                }
                scenario.check();
                BOOST_REQUIRE(n < 5000);
            }
}

// Gives it a little time, and no memory.
template <class Condition>
void wait_a_little(Condition holds) {
    for (int i = 0; i != 24 && !holds(); ++i) std::this_thread::sleep_for(500us);
}

// Starts operations and counts those that complete.
struct operations {
    int started = 0;
    std::atomic<int> completed{0}, succeeded{0};

    template <class Start>
    void start(Start begin) {
        started += done([&] {
            begin([this](error_code ec, const auto&...) {
                succeeded += !ec;
                ++completed;
            });
        });
    }
    bool all_completed() const { return completed == started; }
};

// A channel with operations and one that sends back to it what it gets.
struct channels {
    explicit channels(std::optional<duration> tick) : options{.tick = tick} {}

    void run() {
        if (!done([&] { server.emplace(options); })) return;
        done([&] {
            echo =
                server->create_channel(on_loopback(), [](rtp_channel& c, const datagram_view& d) {
                    std::ignore = c.try_send_to(d.data, d.source);
                });
        });
        channel_options small = on_loopback();
        small.queue_size = 4;
        done([&] { channel = server->create_channel(small); });
        if (!channel || !echo) return;
        std::ignore = channel->set_target(echo->local_endpoint());
        for (int i = 0; i != 8; ++i) {
            receives.start([&](auto h) { channel->async_receive(std::move(h)); });
            sends.start([&](auto h) { channel->async_send(byte, std::move(h)); });
            std::ignore = channel->try_send(byte);
        }
        wait_a_little([&] { return sends.all_completed() && receives.succeeded > 4; });
        channel->cancel();
        receives.start([&](auto h) { channel->async_receive(std::move(h)); });
        late = channel;
        if (tickless()) server->shutdown();
    }
    void check() {
        if (!channel || !echo) return;
        BOOST_TEST(eventually([&] { return sends.all_completed(); }));
        BOOST_TEST(eventually([&] {
            const auto s = channel->stats();
            return s.accepted == s.sent + s.send_errors + s.cancelled;
        }));
        if (!tickless()) { // it goes on
            BOOST_TEST(eventually([&] {
                std::ignore = channel->try_send(byte);
                return echo->stats().received > 20;
            }));
        }
        channel->close();
        BOOST_TEST(eventually([&] {
            // What is completed after the end of the server's thread needs memory at the time.
            late->async_receive([](error_code, const datagram&) {});
            return receives.all_completed();
        }));
        BOOST_TEST(static_cast<std::uint64_t>(receives.succeeded) == channel->stats().received);
        server->shutdown();
        check_accounts(server->stats().channels);
        BOOST_TEST(server->stats().open_channels == 0U);
    }
    static void check_accounts(const channel_stats& s) {
        BOOST_TEST(s.accepted == s.sent + s.send_errors + s.cancelled);
    }
    bool tickless() const { return !options.tick; }

    static constexpr std::array<std::uint8_t, 1> byte{7};
    server_options options;
    operations sends, receives; // outlive the server
    std::optional<rtp_server> server;
    std::shared_ptr<rtp_channel> echo, channel, late;
};

// A frame receiver that gets packets, gaps and RTCP.
struct frames {
    explicit frames(bool handler) : by_handler{handler} {}

    void run() {
        if (!done([&] { server.emplace(immediate()); })) return;
        if (!done([&] { make_receiver(); })) return;
        const udp::endpoint to = receiver->channel().local_endpoint();
        for (unsigned seq = 0; seq != 12; ++seq) {
            if (!by_handler) receives.start([&](auto h) { receiver->async_receive(std::move(h)); });
            if (seq % 4 == 1) continue;
            std::array<std::uint8_t, rtp_header_size> p{0x80};
            p[1] = seq % 4 == 2 ? 200 : 0; // RTCP
            p[3] = static_cast<std::uint8_t>(seq);
            sent += socket.send_to(asio::buffer(p), to) == p.size();
        }
        wait_a_little([&] {
            return others == 3 && (by_handler ? handed_out > 10 : receives.all_completed());
        });
    }
    void make_receiver() {
        auto with = waiting_for(1ms);
        with.on_other = [this](frame_receiver&, datagram_kind, const datagram_view&) { ++others; };
        if (by_handler)
            receiver = std::make_unique<frame_receiver>(
                *server, on_loopback(), with,
                [this, kept = held](frame_receiver&, std::span<media_frame> some) {
                    handed_out += some.size();
                });
        else
            receiver = std::make_unique<frame_receiver>(*server, on_loopback(), with);
    }
    void check() {
        if (!receiver) return;
        BOOST_TEST(eventually([&] { return receiver->channel().stats().received == sent; }));
        receiver->close();
        BOOST_TEST(eventually([&] { return receives.all_completed(); }));
        const auto s = receiver->stats();
        BOOST_TEST(sent ==
                   s.jitter_buffer.received + s.jitter_buffer.invalid + s.other + s.no_memory);
        BOOST_TEST(eventually([&] { return others == static_cast<int>(s.other); }));
        receiver.reset();
        BOOST_TEST(eventually([&] { return held.use_count() == 1; }));
        server->shutdown();
    }

    bool by_handler;
    std::shared_ptr<int> held = std::make_shared<int>();
    asio::io_context context;
    udp::socket socket{context, udp::v4()};
    std::uint64_t sent = 0;
    std::atomic<int> others{0};
    std::atomic<std::size_t> handed_out{0};
    operations receives;
    std::optional<rtp_server> server;
    std::unique_ptr<frame_receiver> receiver;
};

// Schedules, some of them overdue, that go on.
struct schedules {
    void run() {
        if (!done([&] { proc.emplace(); })) return;
        for (std::size_t i = 0; i != all.size(); ++i)
            done([&] {
                all[i] = proc->create_channel([this, i, kept = held](time_point now, time_point) {
                    ++calls[i];
                    return i == 0 ? time_point{} : now + 300us;
                });
            });
        wait_a_little([&] { return calls.back() > 10; });
        if (all[1]) all[1]->close();
    }
    void check() {
        if (!proc) return;
        for (std::size_t i = 0; i != all.size(); ++i)
            if (all[i] && all[i]->is_open())
                BOOST_TEST(eventually([&, at = calls[i].load()] { return calls[i] > at + 2; }));
        proc->shutdown();
        BOOST_TEST(eventually([&] { return held.use_count() == 1; }));
    }

    std::shared_ptr<int> held = std::make_shared<int>();
    std::array<std::atomic<int>, 4> calls{};
    std::array<std::shared_ptr<rtp_proc_channel>, 4> all;
    std::optional<rtp_proc> proc;
};

BOOST_AUTO_TEST_CASE(channels_without_a_tick) { with_each_refused<channels>(std::nullopt); }
BOOST_AUTO_TEST_CASE(channels_with_a_tick) { with_each_refused<channels>(duration{1ms}); }
BOOST_AUTO_TEST_CASE(frames_that_are_awaited) { with_each_refused<frames>(false); }
BOOST_AUTO_TEST_CASE(frames_by_handler) { with_each_refused<frames>(true); }
BOOST_AUTO_TEST_CASE(proc) { with_each_refused<schedules>(); }

} // namespace
