// A client of a metrics_endpoint whose io_context the same thread runs, between the calls of the
// client: what happens before what is not left to a scheduler.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace http_client {

namespace asio = boost::asio;
using asio::ip::tcp;

/// The port of `http://127.0.0.1:PORT/metrics`
inline std::uint16_t port_of(const std::string& url) {
    return static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
}

class client {
public:
    /// Connects.
    client(asio::io_context& server, const std::string& url) : server_(server) {
        socket_.connect({asio::ip::address_v4::loopback(), port_of(url)});
        socket_.non_blocking(true);
        socket_.set_option(tcp::no_delay{true});
    }

    /// Has the server do what it can do.
    void serve() {
        if (server_.poll() == 0) std::this_thread::sleep_for(std::chrono::microseconds{100});
    }

    /// False if the server has closed the connection.
    bool send(std::string_view text) {
        while (!text.empty()) {
            boost::system::error_code error;
            text.remove_prefix(socket_.write_some(asio::buffer(text), error));
            if (error == asio::error::would_block)
                serve();
            else if (error)
                return false;
        }
        return true;
    }
    void send_end() { socket_.shutdown(tcp::socket::shutdown_send); }

    /// Takes what is there. False at the end, and after a reset.
    bool read_some() {
        char text[65536];
        boost::system::error_code error;
        received_.append(text, socket_.read_some(asio::buffer(text), error));
        return !error || error == asio::error::would_block;
    }

    /// All up to the end.
    const std::string& read_all() {
        while (read_some()) serve();
        return received_;
    }

    const std::string& received() const noexcept { return received_; }
    void close() { socket_.close(); }

private:
    asio::io_context& server_;
    asio::io_context own_;
    tcp::socket socket_{own_};
    std::string received_;
};

struct answer {
    std::string status, head, body;
};

/// \throws std::runtime_error for what is not one answer, whole
inline answer parse(const std::string& text, bool is_head_only = false) {
    const std::size_t end = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.1 ") || end == std::string::npos)
        throw std::runtime_error{"no answer: " + text.substr(0, 100)};
    answer a{text.substr(9, text.find("\r\n") - 9), text.substr(0, end + 2), text.substr(end + 4)};
    const std::string field = "\r\nContent-Length: ";
    const std::size_t at = a.head.find(field);
    if (at == std::string::npos) throw std::runtime_error{"no length: " + a.head};
    const std::size_t size = std::stoul(a.head.substr(at + field.size()));
    if (a.body.size() != (is_head_only ? 0 : size)) throw std::runtime_error{"another length"};
    if (a.head.find("\r\nConnection: close\r\n") == std::string::npos)
        throw std::runtime_error{"it does not say that it closes"};
    return a;
}

} // namespace http_client
