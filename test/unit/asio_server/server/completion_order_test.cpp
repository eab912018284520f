#include <boost/test/unit_test.hpp>

#include "channel/frame_receiver_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <future>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

// Operations complete in the order in which they were started, while several threads start, cancel
// and complete them.

namespace {

// Where all handlers of a test run.
struct handlers {
    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    asio::strand<asio::io_context::executor_type> strand{context.get_executor()};
    std::vector<std::thread> threads;

    handlers() {
        for (int i = 0; i != 2; ++i) threads.emplace_back([this] { context.run(); });
    }
    ~handlers() {
        work.reset();
        for (auto& t : threads) t.join();
    }
};

// Receives from two threads, with most operations cancelled, until all of `last` numbers have come.
class reception_race {
public:
    // start(handler) begins an operation; number_of(value) is what was received.
    template <class Start, class NumberOf>
    void run(unsigned last, Start start, NumberOf number_of) {
        std::thread other{[&] {
            while (!ended_) {
                if (outstanding_ < 4) begin(start, number_of, {});
                std::this_thread::yield();
            }
        }};
        std::minstd_rand random{1};
        std::deque<std::shared_ptr<asio::cancellation_signal>> signals;
        while (!ended_) {
            for (auto n = random() % 4; n-- != 0 && outstanding_ < 64;) {
                signals.push_back(std::make_shared<asio::cancellation_signal>());
                asio::post(app_.strand, [&, s = signals.back()] { begin(start, number_of, s); });
            }
            while (signals.size() > 3) {
                if (random() % 4 != 0)
                    asio::post(app_.strand, [s = signals.front()] {
                        s->emit(asio::cancellation_type::terminal);
                    });
                signals.pop_front();
            }
            std::this_thread::yield();
            ended_ = got_ == last || !progresses();
        }
        other.join();
        // What was posted refers to this function's variables.
        std::promise<void> all_begun;
        asio::post(app_.strand, [&] { all_begun.set_value(); });
        all_begun.get_future().wait();
        BOOST_TEST(got_ == last);
        BOOST_TEST(out_of_order_ == 0);
    }
    unsigned got() const { return got_; }
    bool ended() const { return ended_; }
    // After the receiver was closed.
    bool all_completed() {
        return eventually([&] { return outstanding_ == 0; });
    }

private:
    template <class Start, class NumberOf>
    void begin(Start& start, NumberOf& number_of, std::shared_ptr<asio::cancellation_signal> s) {
        ++outstanding_;
        auto slot = s ? s->slot() : asio::cancellation_slot{};
        start(asio::bind_cancellation_slot(
            slot, asio::bind_executor(app_.strand, [this, number_of, s](error_code ec, auto value) {
                if (!ec) {
                    const std::int64_t number = number_of(value);
                    out_of_order_ += number <= latest_;
                    latest_ = number;
                    ++got_;
                }
                --outstanding_;
            })));
    }
    bool progresses() {
        const auto now = steady_clock::now();
        if (got_ != seen_) {
            seen_ = got_;
            until_ = now + patience;
        }
        return now < until_;
    }

    std::atomic<unsigned> got_{0};
    std::atomic<int> outstanding_{0}, out_of_order_{0};
    std::atomic<bool> ended_{false};
    std::int64_t latest_ = -1; // in the strand
    unsigned seen_ = 0;
    steady_clock::time_point until_ = steady_clock::now() + patience;
    handlers app_;
};

// Sends numbers, some ahead of what was received.
template <class Send>
std::thread keep_sending(const reception_race& race, unsigned last, Send send) {
    return std::thread{[&race, last, send] {
        for (unsigned i = 0; i != last && !race.ended(); ++i) {
            while (i > race.got() + 24 && !race.ended()) std::this_thread::yield();
            send(i);
        }
    }};
}

BOOST_AUTO_TEST_CASE_TEMPLATE(datagrams_are_received_in_order, Server, servers) {
    constexpr unsigned last = 10'000;
    Server s;
    const auto rx = s.server->create_channel(on_loopback());
    reception_race race;
    asio::io_context context;
    udp::socket socket{context, udp::v4()};
    auto sender = keep_sending(race, last, [&](unsigned i) {
        socket.send_to(asio::buffer(&i, sizeof i), rx->local_endpoint());
    });
    race.run(
        last, [&](auto handler) { rx->async_receive(std::move(handler)); },
        [](const datagram& d) {
            unsigned i = 0;
            std::memcpy(&i, d.data().data(), sizeof i);
            return i;
        });
    sender.join();
    rx->close();
    BOOST_TEST(race.all_completed());
    BOOST_TEST(rx->stats().received == last);
    BOOST_TEST(rx->stats().overflow == 0U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(frames_are_received_in_order, Server, servers) {
    constexpr unsigned last = 10'000;
    Server s;
    frame_receiver rx{*s.server, on_loopback(), waiting_for(never)};
    reception_race race;
    packet_sender out{rx};
    auto sender = keep_sending(race, last, [&](unsigned i) { out.send(i); });
    race.run(
        last, [&](auto handler) { rx.async_receive(std::move(handler)); },
        [](const media_frame& f) { return std::get<rtp_frame>(f).lseq; });
    sender.join();
    rx.close();
    BOOST_TEST(race.all_completed());
    BOOST_TEST(rx.stats().overrun == 0U);
}

// What the executor sends and what close() sends on another thread.
BOOST_AUTO_TEST_CASE_TEMPLATE(datagrams_are_sent_in_order, Server, servers) {
    constexpr int sends = 64;
    Server s{immediate()};
    const auto rx = s.server->create_channel(on_loopback(), [](rtp_channel&, datagram_view) {});
    handlers app;
    int out_of_order = 0;
    for (int round = 0; round != 300; ++round) {
        channel_options options = on_loopback();
        options.queue_size = 16;
        const auto tx = s.server->create_channel(options);
        BOOST_REQUIRE(!tx->set_target(rx->local_endpoint()));
        std::atomic<int> completed{0};
        int latest = -1; // in the strand
        std::thread closer;
        for (int i = 0; i != sends; ++i) {
            if (i == round % sends) closer = std::thread{[&] { tx->close(); }};
            tx->async_send(bytes("x"), asio::bind_executor(app.strand, [&, i](error_code ec) {
                               if (!ec) {
                                   out_of_order += i <= latest;
                                   latest = i;
                               }
                               ++completed;
                           }));
        }
        closer.join();
        BOOST_REQUIRE(eventually([&] { return completed == sends; }));
    }
    BOOST_TEST(out_of_order == 0);
}

} // namespace
