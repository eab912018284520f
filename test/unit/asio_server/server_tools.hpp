// What the tests of asio_server share.
#pragma once

#include "this_process.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rtpsynth::asio_server {

using udp = boost::asio::ip::udp;
using boost::system::error_code;
namespace error = boost::asio::error;

/// Far longer than any machine needs.
inline constexpr std::chrono::seconds patience{60};

/// Waits until it holds.
inline bool eventually(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}

/// A loopback address of this process's own. Tests run beside each other, and many send to ports
/// that are closed by then: on 127.0.0.1 a neighbour's socket may have been given one meanwhile.
/// Under wine a socket sends from 127.0.0.1 whichever it is bound to; there CMake runs one at a
/// time.
inline boost::asio::ip::address_v4 own_loopback() {
#ifdef _WIN32
    return boost::asio::ip::address_v4::loopback();
#else
    return boost::asio::ip::address_v4{0x7f800000U | (this_process::id() & 0x7fffffU)};
#endif
}

inline channel_options on_loopback() { return {.bind = {own_loopback(), 0}}; }

/// A port for those that bind the same one again and again: below the range out of which Linux
/// gives ports to whoever asks for any, a neighbour's wildcard address included.
inline std::uint16_t own_port() {
    return static_cast<std::uint16_t>(10000 + this_process::id() % 20000);
}

inline channel_options on_own_port() { return {.bind = {own_loopback(), own_port()}}; }

inline channel_options on_loopback_v6() {
    return {.bind = {boost::asio::ip::address_v6::loopback(), 0}};
}

inline server_options immediate() { return {.tick = std::nullopt}; }

/// A channel on a port whose socket was just closed. wine frees the port a little later if another
/// thread is in select() with that socket, as Asio's is; other systems, at once.
template <class Handler>
std::shared_ptr<rtp_channel> reopen(rtp_server& server, const udp::endpoint& where,
                                    const Handler& handler) {
    std::shared_ptr<rtp_channel> channel;
    const auto is_open = [&] {
        try {
            channel = server.create_channel({.bind = where}, handler);
        } catch (const boost::system::system_error& e) {
#ifdef _WIN32
            if (e.code() == error::address_in_use) return false;
#endif
            throw;
        }
        return true;
    };
    BOOST_REQUIRE(eventually(is_open));
    return channel;
}

inline std::span<const std::uint8_t> bytes(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

inline std::string text(std::span<const std::uint8_t> s) { return {s.begin(), s.end()}; }

using this_process::descriptors, this_process::threads;

} // namespace rtpsynth::asio_server
