#include <boost/test/unit_test.hpp>

#include "frame_receiver_fixture.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

namespace {

BOOST_AUTO_TEST_CASE_TEMPLATE(packets_come_in_order_with_their_bytes, Server, servers) {
    Server s;
    frame_receiver r{*s.server, on_loopback(), waiting_for(never)};
    packet_sender out{r};
    for (unsigned i = 0; i != 200; ++i) out.send(i, 1000 + i);
    for (unsigned i = 0; i != 200; ++i) {
        auto [ec, frame] = reception{r}.get();
        BOOST_REQUIRE(!ec);
        const auto& f = std::get<rtp_frame>(frame);
        BOOST_REQUIRE(f.lseq == i);
        BOOST_REQUIRE(id_of(f) == 1000 + i);
        BOOST_REQUIRE(f.owner.data().data() == f.packet.datagram().data());
        BOOST_REQUIRE((f.owner.received_at() == f.arrival));
        BOOST_REQUIRE((f.owner.source() == out.endpoint()));
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_gap_becomes_an_erasure_after_max_delay_and_not_before, Server,
                              servers) {
    Server s;
    constexpr duration max_delay = 30ms;
    frame_receiver r{*s.server, on_loopback(), waiting_for(max_delay)};
    packet_sender{r}.send_all({0, 1, 3});
    BOOST_TEST(next(r, 3) == "0 1 [2..2 +160]");
    auto [ec, frame] = reception{r}.get();
    BOOST_REQUIRE(!ec);
    BOOST_TEST(text_of(frame) == "3");
    BOOST_TEST((steady_clock::now() - std::get<rtp_frame>(frame).arrival >= max_delay));
    const auto stats = r.stats();
    BOOST_TEST(stats.jitter_buffer.erasures == 1U);
    BOOST_TEST(stats.jitter_buffer.erased == 1U);
}

BOOST_AUTO_TEST_CASE(successive_deadlines_are_kept) {
    own_thread s;
    frame_receiver r{*s.server, on_loopback(), waiting_for(10ms)};
    packet_sender out{r};
    out.send(0);
    std::string expected = "0";
    for (unsigned seq = 2; seq != 22; seq += 2) { // each after the one before has left
        out.send(seq);
        BOOST_TEST(next(r, 1) == expected);
        const std::string missing = std::to_string(seq - 1);
        BOOST_TEST(next(r, 1) == "[" + missing + ".." + missing + " +160]");
        expected = std::to_string(seq);
    }
    out.send_all({23, 25, 27}); // and three gaps at a time
    BOOST_TEST(next(r, 7) == "20 [21..22 +320] 23 [24..24 +160] 25 [26..26 +160] 27");
}

BOOST_AUTO_TEST_CASE(packets_out_of_order_are_put_in_order) {
    own_thread s;
    frame_receiver r{*s.server, on_loopback(), waiting_for(never)};
    packet_sender{r}.send_all({0, 2, 4, 3, 1, 6, 5});
    BOOST_TEST(next(r, 7) == "0 1 2 3 4 5 6");
}

BOOST_AUTO_TEST_CASE(duplicates_and_datagrams_that_are_not_rtp_are_counted) {
    own_thread s;
    frame_receiver r{*s.server, on_loopback(), waiting_for(never)};
    packet_sender out{r};
    out.send_all({0, 1, 1, 0});
    out.send_bytes({});                                        // nothing
    out.send_bytes({0, 1, 0, 0});                              // STUN
    out.send_bytes({0x80, 200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}); // RTCP
    out.send_bytes({0x80, 0, 0, 2});                           // RTP, too short
    out.send_bytes({0xb0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1});   // RTP, no room for its extension
    out.send(2);
    BOOST_TEST(next(r, 3) == "0 1 2");
    const auto stats = r.stats();
    BOOST_TEST(stats.other == 3U);
    BOOST_TEST(stats.stun == 1U);
    BOOST_TEST(stats.rtcp == 1U);
    BOOST_TEST(stats.jitter_buffer.invalid == 2U);
    BOOST_TEST(stats.jitter_buffer.received == 5U);
    BOOST_TEST(stats.jitter_buffer.duplicate == 1U);
    BOOST_TEST(stats.jitter_buffer.late == 1U);
    BOOST_TEST(stats.overrun == 0U);
    BOOST_TEST(stats.no_memory == 0U);
}

BOOST_AUTO_TEST_CASE(unawaited_frames_are_queued_and_the_oldest_dropped) {
    own_thread s;
    for (const unsigned size : {1U, 4U, 20U}) {
        auto options = waiting_for(never);
        options.queue_size = size;
        frame_receiver r{*s.server, on_loopback(), options};
        packet_sender out{r};
        for (unsigned i = 0; i != 30; ++i) out.send(i);
        BOOST_TEST(eventually([&] { return r.stats().jitter_buffer.received == 30; }));
        BOOST_TEST(r.stats().overrun == 30 - size);
        for (unsigned i = 30 - size; i != 30; ++i) BOOST_TEST(next(r, 1) == std::to_string(i));
        BOOST_TEST(r.stats().overrun == 30 - size);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(operations_complete_in_the_order_they_were_started, Server, servers) {
    Server s;
    frame_receiver r{*s.server, on_loopback(), waiting_for(never)};
    std::deque<reception> waiting;
    for (int i = 0; i != 20; ++i) waiting.emplace_back(r);
    packet_sender out{r};
    for (unsigned i = 0; i != 20; ++i) out.send(i);
    for (int i = 0; i != 20; ++i)
        BOOST_TEST(waiting[static_cast<std::size_t>(i)].text() == std::to_string(i));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(close_flushes_the_buffer_and_aborts_what_is_left, Server, servers) {
    Server s;
    frame_receiver r{*s.server, on_loopback(), waiting_for(never)};
    packet_sender{r}.send_all({0, 2, 4});
    BOOST_TEST(next(r, 1) == "0");
    std::deque<reception> waiting;
    for (int i = 0; i != 3; ++i) waiting.emplace_back(r);
    BOOST_TEST(eventually([&] { return r.stats().jitter_buffer.received == 3; }));
    for (const auto& w : waiting) BOOST_TEST(!w.ready());
    BOOST_TEST(r.close());
    BOOST_TEST(waiting[0].text() == "[1..1 +160]");
    BOOST_TEST(waiting[1].text() == "2");
    BOOST_TEST(waiting[2].text() == "[3..3 +160]");
    BOOST_TEST(next(r, 1) == "4"); // also later
    BOOST_TEST(next(r, 1) == aborted);
    BOOST_TEST(!r.close());
    BOOST_TEST(!r.channel().is_open());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(closing_the_channel_or_the_server_closes_the_receiver, Server,
                              servers) {
    Server s;
    frame_receiver by_channel{*s.server, on_loopback(), waiting_for(never)};
    reception first{by_channel};
    BOOST_TEST(by_channel.channel().close());
    BOOST_TEST(first.text() == aborted);

    frame_receiver by_server{*s.server, on_loopback(), waiting_for(never)};
    packet_sender{by_server}.send_all({5, 7});
    BOOST_TEST(eventually([&] { return by_server.stats().jitter_buffer.received == 2; }));
    reception second{by_server};
    s.server->shutdown();
    BOOST_TEST(second.text() == "5");
    BOOST_TEST(rest(by_server) == "[6..6 +160] 7"); // when the server's thread has ended
    s.server.reset();
    BOOST_TEST(next(by_server, 1) == aborted);
    BOOST_TEST(!by_server.close());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(destruction_completes_what_is_outstanding, Server, servers) {
    Server s;
    auto r = std::make_unique<frame_receiver>(*s.server, on_loopback(), waiting_for(never));
    reception a{*r}, b{*r};
    r.reset();
    BOOST_TEST(a.text() == aborted);
    BOOST_TEST(b.text() == aborted);
}

BOOST_AUTO_TEST_CASE(frames_outlive_receiver_and_server) {
    media_frame kept;
    {
        own_thread s;
        frame_receiver r{*s.server, on_loopback(), waiting_for(never)};
        packet_sender{r}.send(0, 0xabcdef);
        kept = reception{r}.get().second;
    }
    BOOST_TEST(id_of(std::get<rtp_frame>(kept)) == 0xabcdefU);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_slot_cancels_its_operation_and_no_frame_is_lost, Server, servers) {
    Server s;
    for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total}) {
        frame_receiver r{*s.server, on_loopback(), waiting_for(never)};
        asio::cancellation_signal signal;
        const auto cancelled = std::make_shared<std::promise<error_code>>();
        auto result = cancelled->get_future();
        reception first{r};
        r.async_receive(asio::bind_cancellation_slot(
            signal.slot(), [cancelled](error_code ec, media_frame) { cancelled->set_value(ec); }));
        reception third{r};
        signal.emit(type); // from a thread that is not the server's
        BOOST_REQUIRE(result.wait_for(patience) == std::future_status::ready);
        BOOST_TEST(result.get() == error::operation_aborted);
        signal.emit(type); // long done
        BOOST_TEST(!first.ready());
        packet_sender{r}.send_all({0, 1});
        BOOST_TEST(first.text() == "0");
        BOOST_TEST(third.text() == "1");
    }
}

asio::awaitable<std::string> collect(frame_receiver& r) {
    std::string all;
    for (;;) {
        const auto [ec, frame] = co_await r.async_receive(asio::as_tuple(asio::use_awaitable));
        if (ec) co_return all + ec.message();
        all += text_of(frame) + " ";
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_coroutine_awaits_frames, Server, servers) {
    Server s;
    for (const bool on_the_server : {true, false}) {
        frame_receiver r{*s.server, on_loopback(), waiting_for(10ms)};
        asio::io_context here;
        const asio::any_io_executor executor =
            on_the_server ? s.server->get_executor() : here.get_executor();
        const auto done = std::make_shared<std::promise<std::string>>();
        auto result = done->get_future();
        std::atomic<bool> at_home{false};
        asio::co_spawn(executor, collect(r), [&, done](std::exception_ptr, std::string all) {
            at_home = on_the_server || here.get_executor().running_in_this_thread();
            done->set_value(std::move(all));
        });
        // This context has nothing to do but to wait for the receiver.
        std::thread ours{[&] { here.run(); }};
        packet_sender{r}.send_all({0, 1, 3});
        BOOST_TEST(eventually([&] { return r.stats().jitter_buffer.erasures == 1; }));
        r.close();
        ours.join();
        BOOST_REQUIRE(result.wait_for(patience) == std::future_status::ready);
        BOOST_TEST(result.get() == "0 1 [2..2 +160] 3 " + aborted);
        BOOST_TEST(at_home);
    }
}

BOOST_AUTO_TEST_CASE(a_coroutine_awaits_a_frame_or_a_timeout) {
    using namespace asio::experimental::awaitable_operators;
    own_thread s;
    frame_receiver r{*s.server, on_loopback(), waiting_for(never)};
    asio::io_context here;
    std::string text;
    asio::co_spawn(
        here,
        [&]() -> asio::awaitable<void> {
            asio::steady_timer timer{here, 5ms};
            // A media_frame's alternatives, and one more: the timeout.
            const auto first = co_await (r.async_receive(asio::use_awaitable) ||
                                         timer.async_wait(asio::use_awaitable));
            text = first.index() == 3 ? "timeout" : "frame";
            packet_sender{r}.send(0);
            timer.expires_after(patience);
            const auto second = co_await (r.async_receive(asio::use_awaitable) ||
                                          timer.async_wait(asio::use_awaitable));
            if (const auto* f = std::get_if<1>(&second))
                text += " " + std::to_string(f->packet.seq());
        },
        asio::detached);
    here.run();
    BOOST_TEST(text == "timeout 0");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(many_receivers_share_one_timer, Server, servers) {
    Server s;
    std::deque<frame_receiver> receivers;
    std::deque<packet_sender> senders;
    for (int i = 0; i != 50; ++i) {
        receivers.emplace_back(*s.server, on_loopback(), waiting_for(1ms * (1 + i * 7 % 50)));
        senders.emplace_back(receivers.back());
    }
    for (auto& out : senders) out.send_all({0, 1, 3, 4, 7});
    for (auto& r : receivers) BOOST_TEST(next(r, 7) == "0 1 [2..2 +160] 3 4 [5..6 +320] 7");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_packet_comes_out_once_or_is_counted, Server, servers) {
    Server s;
    for (unsigned seed = 1; seed != 9; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
        auto options = waiting_for(1ms * below(4), 1 + below(40));
        options.queue_size = seed % 2 ? 1U << 20 : 1 + below(16);
        frame_receiver r{*s.server, on_loopback(), options};
        packet_sender out{r};
        std::set<std::uint32_t> ids;
        std::uint64_t frames = 0, gaps = 0;
        std::int64_t after = -1;
        const auto take = [&](const media_frame& frame) {
            if (const auto* rtp = std::get_if<rtp_frame>(&frame)) {
                BOOST_REQUIRE(ids.insert(id_of(*rtp)).second);
                BOOST_REQUIRE(rtp->lseq > after);
                after = rtp->lseq;
                ++frames;
            } else {
                BOOST_REQUIRE(std::get<erasure>(frame).lseq_start > after);
                after = std::get<erasure>(frame).lseq_end;
                ++gaps;
            }
        };
        constexpr std::uint32_t sent = 2000;
        unsigned seq = 65000;
        std::deque<reception> waiting;
        for (std::uint32_t id = 0; id != sent; ++id) {
            const unsigned fate = below(20);
            seq += fate == 0 ? 3 : fate == 1 ? 0 : 1;
            out.send(fate == 2 ? seq - below(8) : seq, id);
            if (below(3) == 0) waiting.emplace_back(r);
            if (below(64) == 0)
                while (!waiting.empty() && waiting.front().ready()) {
                    take(waiting.front().get().second);
                    waiting.pop_front();
                }
            if (id % 100 == 99)
                BOOST_REQUIRE(eventually([&] { return r.channel().stats().received == id + 1; }));
        }
        r.close();
        for (bool ended = false; !ended;) {
            if (waiting.empty()) waiting.emplace_back(r);
            const auto [ec, frame] = waiting.front().get();
            waiting.pop_front();
            if (ec)
                ended = true;
            else
                take(frame);
        }
        for (auto& w : waiting) BOOST_TEST(w.text() == aborted);
        const auto stats = r.stats();
        BOOST_TEST(stats.jitter_buffer.received == sent);
        BOOST_TEST(frames + gaps + stats.overrun == stats.jitter_buffer.received -
                                                        stats.jitter_buffer.dropped() +
                                                        stats.jitter_buffer.erasures);
        if (options.queue_size > sent) BOOST_TEST(stats.overrun == 0U);
    }
}

BOOST_AUTO_TEST_CASE(bad_arguments_are_refused) {
    own_thread s;
    const auto make = [&](const channel_options& c, const frame_receiver_options& o) {
        frame_receiver{*s.server, c, o};
    };
    auto options = waiting_for(1ms);
    for (const std::size_t size : {std::size_t{0}, (std::size_t{1} << 20) + 1}) {
        options.queue_size = size;
        BOOST_CHECK_THROW(make(on_loopback(), options), std::invalid_argument);
    }
    BOOST_CHECK_THROW(make(on_loopback(), waiting_for(1ms, 0)), std::invalid_argument);
    BOOST_CHECK_THROW(make(on_loopback(), waiting_for(-1ms)), std::invalid_argument);
    channel_options channel = on_loopback();
    channel.dscp = 64;
    BOOST_CHECK_THROW(make(channel, waiting_for(1ms)), std::invalid_argument);
    frame_receiver r{*s.server, on_loopback(), waiting_for(1ms)};
    channel = on_loopback();
    channel.bind = r.channel().local_endpoint();
    BOOST_CHECK_EXCEPTION(make(channel, waiting_for(1ms)), boost::system::system_error,
                          [](const auto& e) { return e.code() == error::address_in_use; });
    BOOST_CHECK_THROW((frame_receiver{*s.server, on_loopback(), waiting_for(1ms), nullptr}),
                      std::invalid_argument);
    s.server->shutdown();
    BOOST_CHECK_EXCEPTION(make(on_loopback(), waiting_for(1ms)), boost::system::system_error,
                          [](const auto& e) { return e.code() == error::operation_aborted; });
}

} // namespace
