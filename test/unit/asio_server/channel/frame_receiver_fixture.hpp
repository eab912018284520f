/// \file
/// What the frame receiver's tests share: a sender of numbered packets, and what comes out as text.
#pragma once

#include "server_tools.hpp"

#include <rtpsynth/asio_server/channel/frame_receiver.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <future>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace rtpsynth::asio_server {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

inline constexpr duration never = 1h; // as max_delay: longer than any test

// Every kind of server the tests are to hold for.
struct own_thread {
    std::unique_ptr<rtp_server> server;
    explicit own_thread(const server_options& o = {}) : server{std::make_unique<rtp_server>(o)} {}
};

struct two_threads_of_the_application {
    boost::asio::io_context context;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        context.get_executor()};
    std::unique_ptr<rtp_server> server;
    std::array<std::thread, 2> threads;

    explicit two_threads_of_the_application(const server_options& o = {})
        : server{std::make_unique<rtp_server>(context.get_executor(), o)} {
        for (auto& t : threads) t = std::thread{[this] { context.run(); }};
    }
    ~two_threads_of_the_application() {
        server.reset();
        work.reset();
        for (auto& t : threads) t.join();
    }
};

using servers = std::tuple<own_thread, two_threads_of_the_application>;

inline frame_receiver_options waiting_for(duration max_delay, unsigned capacity = 50) {
    return {.jitter_buffer = {.capacity = capacity, .max_delay = max_delay}};
}

// Its socket is not connected, so that a receiver that has closed is no error here.
class packet_sender {
public:
    explicit packet_sender(const frame_receiver& to) : packet_sender(to.channel()) {}
    explicit packet_sender(const rtp_channel& to) : to_{to.local_endpoint()} {}

    // 160 units a packet; the payload says which datagram it was.
    void send(unsigned seq, std::uint32_t id = 0, std::uint32_t ssrc = 1) {
        std::array<std::uint8_t, rtp_header_size + 4> p{0x80};
        rtpsynth::detail::store_be16(&p[2], static_cast<std::uint16_t>(seq));
        rtpsynth::detail::store_be32(&p[4], 160 * seq);
        rtpsynth::detail::store_be32(&p[8], ssrc);
        rtpsynth::detail::store_be32(&p[12], id);
        socket_.send_to(boost::asio::buffer(p), to_);
    }
    void send_all(std::initializer_list<unsigned> seqs) {
        for (const unsigned seq : seqs) send(seq);
    }
    void send_bytes(const std::vector<std::uint8_t>& bytes) {
        socket_.send_to(boost::asio::buffer(bytes), to_);
    }
    udp::endpoint endpoint() const {
        error_code e; // GCC 12 warns of the exception's text, made by libstdc++ (its bug 105329)
        return socket_.local_endpoint(e);
    }

private:
    boost::asio::io_context context_;
    udp::socket socket_{context_, udp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
    udp::endpoint to_;
};

inline std::uint32_t id_of(const rtp_frame& f) {
    return rtpsynth::detail::load_be32(f.packet.payload().data());
}

// "7" for a packet, "[8..9 +320]" for an erasure.
inline std::string text_of(const media_frame& f) {
    if (const auto* rtp = std::get_if<rtp_frame>(&f)) return std::to_string(rtp->packet.seq());
    if (const auto* gap = std::get_if<erasure>(&f))
        return "[" + std::to_string(gap->lseq_start) + ".." + std::to_string(gap->lseq_end) + " +" +
               std::to_string(gap->ts_diff) + "]";
    return "none";
}

// An async_receive, and what became of it.
class reception {
public:
    explicit reception(frame_receiver& r) {
        auto result = std::make_shared<std::promise<outcome>>();
        done_ = result->get_future();
        r.async_receive([result](error_code ec, media_frame f) {
            result->set_value({ec, std::move(f)});
        });
    }

    bool ready() const { return done_.wait_for(0s) == std::future_status::ready; }
    std::pair<error_code, media_frame> get() {
        BOOST_REQUIRE(done_.wait_for(patience) == std::future_status::ready);
        return done_.get();
    }
    // The frame, or the error's message.
    std::string text() {
        const auto [ec, frame] = get();
        BOOST_TEST(ec.failed() == std::holds_alternative<std::monostate>(frame));
        return ec ? ec.message() : text_of(frame);
    }

private:
    using outcome = std::pair<error_code, media_frame>;
    std::future<outcome> done_;
};

inline const std::string aborted = error_code{error::operation_aborted}.message();

// The next n, one after the other.
inline std::string next(frame_receiver& r, int n) {
    std::string all;
    for (int i = 0; i != n; ++i) all += (i == 0 ? "" : " ") + reception{r}.text();
    return all;
}

// Until the receiver has ended.
inline std::string rest(frame_receiver& r) {
    std::string all;
    for (std::string t; (t = reception{r}.text()) != aborted;) all += (all.empty() ? "" : " ") + t;
    return all;
}

} // namespace rtpsynth::asio_server
