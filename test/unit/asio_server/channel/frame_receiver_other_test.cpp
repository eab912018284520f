#include <boost/test/unit_test.hpp>

#include "frame_receiver_fixture.hpp"

#include <rtpsynth/rtp/datagram_kind.hpp>

#include <boost/asio/post.hpp>

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

// What a frame receiver does with datagrams that are not RTP.

namespace {

const std::vector<std::uint8_t> receiver_report{0x80, 201, 0, 1, 0, 0, 0, 9};
const std::vector<std::uint8_t> stun_binding{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
const std::vector<std::uint8_t> dtls_hello{22, 254, 253};
const std::vector<std::uint8_t> zrtp_hello{0x10, 0, 0, 0};
const std::vector<std::uint8_t> turn_data{0x40, 0, 0, 0};
const std::vector<std::uint8_t> nobodys{0xff, 0xff};

struct offered {
    datagram_kind kind;
    std::vector<std::uint8_t> bytes;
    udp::endpoint source;
};

// What the handler was called with.
class offers {
public:
    auto handler() {
        return [this](frame_receiver&, datagram_kind kind, const datagram_view& view) {
            const std::lock_guard lock{mutex_};
            all_.push_back({kind, {view.data.begin(), view.data.end()}, view.source});
        };
    }
    std::vector<offered> all() const {
        const std::lock_guard lock{mutex_};
        return all_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<offered> all_;
};

BOOST_AUTO_TEST_CASE_TEMPLATE(each_kind_is_offered_in_order_and_counted, Server, servers) {
    Server s;
    offers got;
    auto options = waiting_for(never);
    options.on_other = got.handler();
    frame_receiver r{*s.server, on_loopback(), options};
    packet_sender out{r};
    const std::vector<std::pair<datagram_kind, std::vector<std::uint8_t>>> sent{
        {datagram_kind::rtcp, receiver_report},
        {datagram_kind::stun, stun_binding},
        {datagram_kind::dtls, dtls_hello},
        {datagram_kind::zrtp, zrtp_hello},
        {datagram_kind::turn_channel, turn_data},
        {datagram_kind::unknown, nobodys},
        {datagram_kind::unknown, {}},
        {datagram_kind::rtcp, receiver_report}};
    out.send(0);
    for (const auto& [kind, bytes] : sent) out.send_bytes(bytes);
    out.send(1);
    BOOST_TEST(next(r, 2) == "0 1");
    BOOST_TEST(eventually([&] { return got.all().size() == sent.size(); }));
    const auto all = got.all();
    for (std::size_t i = 0; i != sent.size(); ++i) {
        BOOST_TEST((all[i].kind == sent[i].first));
        BOOST_TEST((all[i].bytes == sent[i].second));
        BOOST_TEST((all[i].source == out.endpoint()));
    }
    const auto stats = r.stats();
    BOOST_TEST(stats.other == 8U);
    BOOST_TEST(stats.rtcp == 2U);
    BOOST_TEST(stats.stun == 1U);
    BOOST_TEST(stats.dtls == 1U);
    BOOST_TEST(stats.zrtp == 1U);
    BOOST_TEST(stats.turn_channel == 1U);
    BOOST_TEST(stats.jitter_buffer.received == 2U);
    BOOST_TEST(r.channel().stats().received == 10U);
}

BOOST_AUTO_TEST_CASE(it_is_called_before_the_handler_of_the_same_turns_frames) {
    asio::io_context context;
    rtp_server server{context.get_executor(), immediate()};
    std::string calls;
    auto options = waiting_for(never);
    options.on_other = [&](frame_receiver&, datagram_kind, const datagram_view&) {
        calls += "other ";
    };
    frame_receiver r{server, on_loopback(), options,
                     [&](frame_receiver&, std::span<media_frame> frames) {
                         calls += text_of(frames.front()) + ' ';
                     }};
    packet_sender out{r};
    // All four are read in one turn.
    out.send_all({0, 1, 2});
    out.send_bytes(receiver_report);
    const auto until = steady_clock::now() + patience;
    while (r.stats().other != 1 && steady_clock::now() < until) context.run_one_for(10ms);
    BOOST_TEST(calls == "other 0 ");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(it_may_send_and_its_exceptions_are_reported, Server, servers) {
    std::atomic<int> told{0};
    server_options server = immediate();
    server.on_exception = [&](std::exception_ptr) { ++told; };
    Server s{server};
    const auto peer = s.server->create_channel(on_loopback());
    std::promise<std::string> answer;
    peer->async_receive([&](error_code, datagram d) { answer.set_value(text(d.data())); });
    auto options = waiting_for(never);
    options.on_other = [](frame_receiver& self, datagram_kind, const datagram_view& view) {
        std::ignore = self.channel().try_send_to(bytes("answer"), view.source);
        throw std::runtime_error{"thrown"};
    };
    frame_receiver r{*s.server, on_loopback(), options};
    BOOST_TEST(!peer->try_send_to(receiver_report, r.channel().local_endpoint()));
    auto result = answer.get_future();
    BOOST_REQUIRE(result.wait_for(patience) == std::future_status::ready);
    BOOST_TEST(result.get() == "answer");
    BOOST_TEST(eventually([&] { return told == 1; }));
    packet_sender{r}.send(0);
    BOOST_TEST(next(r, 1) == "0");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(no_call_begins_after_close_and_it_is_destroyed, Server, servers) {
    Server s;
    for (const bool destroy : {false, true}) {
        const auto alive = std::make_shared<int>();
        std::mutex mutex; // the main thread makes what the handler destroys
        std::unique_ptr<frame_receiver> r;
        std::atomic<int> calls{0};
        auto options = waiting_for(never);
        options.on_other = [&, alive](frame_receiver& self, datagram_kind, const datagram_view&) {
            ++calls;
            const std::lock_guard guard{mutex};
            if (destroy)
                r.reset();
            else
                self.close();
        };
        {
            const std::lock_guard guard{mutex};
            r = std::make_unique<frame_receiver>(*s.server, on_loopback(), options);
        }
        options = {};
        {
            const std::lock_guard guard{mutex};
            packet_sender out{*r};
            for (int i = 0; i != 20; ++i) out.send_bytes(receiver_report);
        }
        BOOST_TEST(eventually([&] { return alive.use_count() == 1; }));
        BOOST_TEST(calls == 1);
        const std::lock_guard guard{mutex}; // which use_count() is not
        r.reset();
    }
}

BOOST_AUTO_TEST_CASE(a_handler_that_was_never_called_is_destroyed) {
    own_thread s;
    const auto alive = std::make_shared<int>();
    auto options = waiting_for(never);
    options.on_other = [alive](frame_receiver&, datagram_kind, const datagram_view&) {};
    auto r = std::make_unique<frame_receiver>(*s.server, on_loopback(), options);
    options = {};
    BOOST_TEST(alive.use_count() == 2);
    r.reset();
    BOOST_TEST(alive.use_count() == 1);
}

} // namespace
