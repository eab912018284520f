#include <boost/test/unit_test.hpp>

#include "frame_receiver_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

// Frames by way of a handler, and the ends that a receiver can come to.

namespace {

// What a handler was called with, one entry a call.
class record {
public:
    void add(std::span<media_frame> frames) {
        std::string call;
        for (const auto& f : frames) call += (call.empty() ? "" : " ") + text_of(f);
        const std::lock_guard lock{mutex_};
        calls_.push_back(call);
    }
    std::vector<std::string> calls() const {
        const std::lock_guard lock{mutex_};
        return calls_;
    }
    // All calls' frames.
    std::string text() const {
        std::string all;
        for (const auto& c : calls()) all += (all.empty() ? "" : " ") + c;
        return all;
    }
    auto handler() {
        return [this](frame_receiver&, std::span<media_frame> frames) { add(frames); };
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> calls_;
};

BOOST_AUTO_TEST_CASE_TEMPLATE(frames_go_to_the_handler, Server, servers) {
    Server s;
    record got;
    frame_receiver r{*s.server, on_loopback(), waiting_for(300ms), got.handler()};
    packet_sender out{r};
    out.send_all({0, 2, 1, 4});
    BOOST_TEST(eventually([&] { return got.text() == "0 1 2 [3..3 +160] 4"; }));
    for (const auto& call : got.calls()) BOOST_TEST(!call.empty());
    const auto calls = got.calls().size();
    for (unsigned seq = 5; seq != 105; ++seq) out.send(seq);
    BOOST_TEST(eventually([&] { return got.text().ends_with(" 103 104"); }));
    BOOST_TEST(got.calls().size() <= calls + 100);
    BOOST_TEST(r.stats().overrun == 0U);
    BOOST_TEST(reception{r}.text() == error_code{error::operation_not_supported}.message());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(frames_of_one_turn_come_in_one_call, Server, servers) {
    Server s;
    record got;
    frame_receiver r{*s.server, on_loopback(), waiting_for(never, 10), got.handler()};
    packet_sender out{r};
    out.send_all({0, 2, 3, 5});
    BOOST_TEST(eventually([&] { return r.stats().jitter_buffer.received == 4; }));
    BOOST_TEST(eventually([&] { return got.text() == "0"; }));
    out.send(1);
    BOOST_TEST(eventually([&] { return got.calls().size() == 2; }));
    BOOST_TEST(got.calls()[1] == "1 2 3");
    r.close();
    BOOST_TEST(eventually([&] { return got.calls().size() == 3; }));
    BOOST_TEST(got.calls()[2] == "[4..4 +160] 5");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_handler_may_take_the_frames_and_use_the_receiver, Server, servers) {
    Server s;
    std::mutex mutex;
    std::vector<media_frame> taken;
    const auto peer = s.server->create_channel(on_loopback());
    std::promise<std::uint64_t> answered;
    peer->async_receive(
        [&](error_code ec, datagram d) { answered.set_value(ec ? 0 : d.data().size()); });
    {
        frame_receiver r{*s.server, on_loopback(), waiting_for(never),
                         [&](frame_receiver& self, std::span<media_frame> frames) {
                             const std::lock_guard lock{mutex};
                             for (auto& f : frames) taken.push_back(std::move(f));
                             std::ignore =
                                 self.channel().try_send_to(bytes("frame"), peer->local_endpoint());
                             if (self.stats().jitter_buffer.received == 0) taken.clear();
                         }};
        packet_sender out{r};
        for (unsigned i = 0; i != 10; ++i) out.send(i, 70 + i);
        BOOST_TEST(eventually([&] {
            const std::lock_guard lock{mutex};
            return taken.size() == 10;
        }));
        auto result = answered.get_future();
        BOOST_REQUIRE(result.wait_for(patience) == std::future_status::ready);
        BOOST_TEST(result.get() == 5U);
    }
    s.server->shutdown();
    for (unsigned i = 0; i != 10; ++i) BOOST_TEST(id_of(std::get<rtp_frame>(taken[i])) == 70 + i);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_a_handler_throws_is_reported_and_it_is_called_again, Server,
                              servers) {
    std::atomic<int> told{0};
    server_options options;
    options.on_exception = [&](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (const std::runtime_error& error) {
            told += std::string{error.what()} == "thrown";
        }
    };
    Server s{options};
    record got;
    frame_receiver r{*s.server, on_loopback(), waiting_for(5ms),
                     [&](frame_receiver&, std::span<media_frame> frames) {
                         got.add(frames);
                         throw std::runtime_error{"thrown"};
                     }};
    packet_sender out{r};
    out.send(0);
    BOOST_TEST(eventually([&] { return got.text() == "0"; }));
    out.send(2); // comes from the timer
    BOOST_TEST(eventually([&] { return got.text() == "0 [1..1 +160] 2"; }));
    out.send(3);
    BOOST_TEST(eventually([&] { return told == 3; }));
    BOOST_TEST(s.server->stats().handler_exceptions == 3U);
}

BOOST_AUTO_TEST_CASE(without_on_exception_it_leaves_run) {
    asio::io_context context;
    rtp_server server{context.get_executor()};
    frame_receiver r{server, on_loopback(), waiting_for(never),
                     [](frame_receiver&, std::span<media_frame>) { throw 7; }};
    packet_sender{r}.send(0);
    BOOST_CHECK_EXCEPTION(context.run_for(patience), int, [](int i) { return i == 7; });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_handler_may_destroy_its_receiver, Server, servers) {
    Server s;
    for (const bool by_the_timer : {false, true}) {
        std::mutex mutex; // the main thread makes what the handler destroys
        std::unique_ptr<frame_receiver> r;
        const auto alive = std::make_shared<int>();
        std::atomic<bool> well{false}; // after that
        record got;
        std::unique_lock lock{mutex};
        r = std::make_unique<frame_receiver>(
            *s.server, on_loopback(), waiting_for(5ms),
            [&, alive](frame_receiver& self, std::span<media_frame> frames) {
                got.add(frames);
                if (by_the_timer && text_of(frames.front()) == "0") return;
                const std::lock_guard guard{mutex};
                r.reset();
                well = !self.channel().is_open() && alive.use_count() >= 2;
            });
        packet_sender out{*r};
        lock.unlock();
        out.send(0);
        if (by_the_timer) {
            BOOST_TEST(eventually([&] { return !got.calls().empty(); }));
            out.send_all({2, 4});
        }
        BOOST_TEST(eventually([&] { return alive.use_count() == 1; })); // the handler is gone
        const auto calls = got.calls();
        BOOST_TEST(calls.size() == (by_the_timer ? 2U : 1U));
        const std::lock_guard guard{mutex}; // which use_count() is not
        BOOST_TEST(!r);
        BOOST_TEST(well);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_handler_that_closes_is_called_with_the_flushed_frames, Server,
                              servers) {
    Server s;
    record got;
    std::atomic<int> closed{0};
    frame_receiver r{*s.server, on_loopback(), waiting_for(never, 10),
                     [&](frame_receiver& self, std::span<media_frame> frames) {
                         got.add(frames);
                         if (text_of(frames.back()) == "1") closed += self.close();
                     }};
    packet_sender{r}.send_all({0, 3, 5, 1});
    BOOST_TEST(eventually([&] { return got.text() == "0 1 [2..2 +160] 3 [4..4 +160] 5"; }));
    BOOST_TEST(closed == 1);
    BOOST_TEST(!r.close());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(server_shutdown_closes_the_receiver, Server, servers) {
    Server s;
    record got;
    const auto alive = std::make_shared<int>();
    frame_receiver r{*s.server, on_loopback(), waiting_for(never),
                     [&got, alive](frame_receiver&, std::span<media_frame> f) { got.add(f); }};
    packet_sender{r}.send_all({9, 11});
    BOOST_TEST(eventually([&] { return r.stats().jitter_buffer.received == 2; }));
    s.server->shutdown();
    BOOST_TEST(eventually([&] { return got.text() == "9 [10..10 +160] 11"; }));
    BOOST_TEST(eventually([&] { return alive.use_count() == 1; }));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_handler_that_keeps_its_receiver_goes_when_that_is_closed, Server,
                              servers) {
    Server s;
    for (const bool used : {false, true}) {
        auto cell = std::make_shared<std::unique_ptr<frame_receiver>>();
        const std::weak_ptr<void> watch = cell;
        record got;
        *cell = std::make_unique<frame_receiver>(
            *s.server, on_loopback(), waiting_for(never),
            [&got, cell](frame_receiver&, std::span<media_frame> f) { got.add(f); });
        frame_receiver& r = **cell;
        cell.reset();
        BOOST_TEST(!watch.expired());
        if (used) {
            packet_sender{r}.send(0);
            BOOST_TEST(eventually([&] { return got.text() == "0"; }));
        }
        r.close();
        BOOST_TEST(eventually([&] { return watch.expired(); }));
    }
}

BOOST_AUTO_TEST_CASE(no_call_comes_after_destruction_on_the_executor) {
    asio::io_context context;
    rtp_server server{context.get_executor()};
    std::optional<frame_receiver> r;
    int calls = 0;
    r.emplace(server, on_loopback(), waiting_for(1ms),
              [&](frame_receiver&, std::span<media_frame>) {
                  BOOST_TEST(r.has_value());
                  ++calls;
              });
    packet_sender out{*r};
    out.send_all({0, 2});
    BOOST_TEST(eventually([&] {
        context.poll();
        return calls == 2;
    }));
    out.send_all({3, 5});
    BOOST_TEST(eventually([&] {
        context.poll_one();
        return r->stats().jitter_buffer.received == 4;
    }));
    const int before = calls;
    r.reset(); // 5 waits in the jitter buffer, and its timer is armed
    server.shutdown();
    context.run(); // to its end: nothing is outstanding
    BOOST_TEST(calls == before);
}

BOOST_AUTO_TEST_CASE(a_context_that_never_runs_again_does_no_harm) {
    const auto alive = std::make_shared<int>();
    {
        asio::io_context context;
        rtp_server server{context.get_executor()};
        frame_receiver idle{server, on_loopback(), waiting_for(1ms)};
        frame_receiver r{server, on_loopback(), waiting_for(never),
                         [alive](frame_receiver&, std::span<media_frame>) {}};
        packet_sender{r}.send_all({1, 3});
        BOOST_TEST(eventually([&] {
            context.poll();
            return r.stats().jitter_buffer.received == 2;
        }));
        idle.async_receive([alive](error_code, media_frame) { BOOST_ERROR("nobody runs it"); });
    }
    BOOST_TEST(alive.use_count() == 1);
}

// Everything at once: packets, gaps, timers, operations, cancellation, close and destruction.
BOOST_AUTO_TEST_CASE_TEMPLATE(many_threads_at_once, Server, servers) {
    Server s;
    std::atomic<std::uint64_t> started{0}, completed{0}, waited{0}, stuck{0};
    // Slots live as long as their operations.
    std::array<std::deque<std::deque<asio::cancellation_signal>>, 4> all_signals;
    {
        std::vector<std::thread> threads;
        for (unsigned t = 0; t != 4; ++t)
            threads.emplace_back([&, t] {
                std::mt19937 random{t};
                const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
                for (int round = 0; round != 40; ++round) {
                    const auto options = waiting_for(100us * below(10), 1 + below(10));
                    std::unique_ptr<frame_receiver> r;
                    const auto calls = std::make_shared<std::atomic<int>>(0);
                    const bool by_handler = below(2);
                    if (by_handler)
                        r = std::make_unique<frame_receiver>(
                            *s.server, on_loopback(), options,
                            [calls](frame_receiver& self, std::span<media_frame> frames) {
                                calls->fetch_add(static_cast<int>(frames.size()));
                                if (self.stats().jitter_buffer.received > 40) self.close();
                            });
                    else
                        r = std::make_unique<frame_receiver>(*s.server, on_loopback(), options);
                    packet_sender out{*r};
                    auto& signals = all_signals[t].emplace_back();
                    const unsigned last = 20 + below(40);
                    for (unsigned seq = 0; seq < last; seq += 1 + below(3) / 2) {
                        out.send(seq);
                        ++started;
                        r->async_receive(asio::bind_cancellation_slot(
                            signals.emplace_back().slot(),
                            [&](error_code, media_frame) { ++completed; }));
                        if (below(4) == 0)
                            signals[below(static_cast<unsigned>(signals.size()))].emit(
                                asio::cancellation_type::terminal);
                    }
                    if (by_handler && below(4) == 0) {
                        ++waited;
                        if (!eventually([&] { return *calls > 0; })) ++stuck;
                    }
                    if (below(2)) r->close();
                    r.reset();
                }
            });
        for (auto& t : threads) t.join();
    }
    BOOST_TEST(eventually([&] { return completed == started; }));
    BOOST_TEST(started > 0U);
    BOOST_TEST(waited > 0U);
    BOOST_TEST(stuck == 0U);
    BOOST_TEST(s.server->stats().open_channels == 0U);
}

} // namespace
