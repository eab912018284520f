// What the tests of voice_stream share.
#pragma once

#include "async_tools.hpp"
#include "server_tools.hpp"

#include <rtpsynth/asio_server/call/voice_stream.hpp>
#include <rtpsynth/asio_server/channel/port_range.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace rtpsynth::asio_server {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// A stream on the loopback interface that sends nothing by itself.
inline voice_stream_options silent_stream() {
    voice_stream_options o;
    o.channel = on_loopback();
    o.channel.queue_size = 256;
    o.sender.idle = idle_policy::nothing;
    return o;
}

inline voice_stream_options silent_stream_to(const udp::endpoint& peer) {
    voice_stream_options o = silent_stream();
    o.peer = peer;
    return o;
}

/// So long, a tone of 400 Hz.
inline std::vector<std::int16_t> tone(std::chrono::milliseconds length, std::uint32_t rate) {
    const auto samples = static_cast<std::uint64_t>(length.count()) * rate / 1000;
    std::vector<std::int16_t> pcm(static_cast<std::size_t>(samples));
    for (std::size_t i = 0; i != pcm.size(); ++i)
        pcm[i] = static_cast<std::int16_t>(
            8000 * std::sin(2 * 3.14159265358979 * 400 * static_cast<double>(i) / rate));
    return pcm;
}

/// Mean of the squares.
inline double power(std::span<const std::int16_t> pcm) {
    double sum = 0;
    for (const std::int16_t sample : pcm) sum += static_cast<double>(sample) * sample;
    return pcm.empty() ? 0 : sum / static_cast<double>(pcm.size());
}

/// A telephone that the test moves: a socket that waits.
class plain_phone {
public:
    plain_phone() { socket_.set_option(boost::asio::socket_base::receive_buffer_size{1 << 20}); }
    udp::endpoint endpoint() const {
        error_code e; // GCC 12 warns of the exception's text, made by libstdc++ (its bug 105329)
        return socket_.local_endpoint(e);
    }
    /// The next datagram; empty after a while without one.
    std::vector<std::uint8_t> receive(std::chrono::milliseconds wait = patience) {
        const auto until = steady_clock::now() + wait;
        std::vector<std::uint8_t> bytes(2048);
        socket_.non_blocking(true);
        for (;;) {
            error_code e;
            const std::size_t size = socket_.receive_from(boost::asio::buffer(bytes), from_, 0, e);
            if (!e) {
                bytes.resize(size);
                return bytes;
            }
            if (steady_clock::now() > until) return {};
            std::this_thread::sleep_for(1ms);
        }
    }
    const udp::endpoint& from() const { return from_; }
    void send(std::span<const std::uint8_t> bytes, const udp::endpoint& to) {
        socket_.send_to(boost::asio::buffer(bytes.data(), bytes.size()), to);
    }
    /// A packet of PCMU, 20 ms of a level.
    void send_rtp(const udp::endpoint& to, unsigned seq, std::uint32_t ssrc, bool marker = false,
                  std::uint8_t type = 0) {
        std::array<std::uint8_t, rtp_header_size + 160> p{};
        p.fill(0xa0);
        p[0] = 0x80;
        p[1] = static_cast<std::uint8_t>((marker ? 0x80 : 0) | type);
        rtpsynth::detail::store_be16(&p[2], static_cast<std::uint16_t>(seq));
        rtpsynth::detail::store_be32(&p[4], 160 * seq);
        rtpsynth::detail::store_be32(&p[8], ssrc);
        send(p, to);
    }

private:
    boost::asio::io_context context_;
    udp::socket socket_{context_, udp::endpoint{own_loopback(), 0}};
    udp::endpoint from_;
};

inline rtp_packet_view view_of(const std::vector<std::uint8_t>& packet) {
    const auto view = rtp_packet_view::parse(packet);
    BOOST_REQUIRE(view.has_value());
    return *view;
}

/// The next event, as text.
inline std::string text_of(const voice_event& event) {
    struct {
        std::string operator()(std::monostate) const { return "none"; }
        std::string operator()(const played_item& e) const {
            return "played " + std::to_string(e.item) + " " + std::to_string(e.samples);
        }
        std::string operator()(const digit_pressed& e) const {
            return std::string{"pressed "} + e.digit;
        }
        std::string operator()(const digit_released& e) const {
            return std::string{"released "} + e.digit;
        }
        std::string operator()(const source_changed& e) const {
            return (e.first ? "first " : "changed ") + std::to_string(e.ssrc);
        }
        std::string operator()(const network_quiet&) const { return "quiet"; }
        std::string operator()(const source_left& e) const { return "left " + e.reason; }
    } text;
    return std::visit(text, event);
}

inline std::string next_event(voice_stream& stream) {
    const auto [ec, event] = get(stream.async_read_event(to_future));
    return ec ? ec.message() : text_of(event);
}

inline const std::string aborted = error_code{error::operation_aborted}.message();

} // namespace rtpsynth::asio_server
