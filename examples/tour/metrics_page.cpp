/// \file
/// An echo server whose counters Prometheus reads: a page over HTTP, by Boost.Beast, on the same
/// io_context. A caller, and a client who reads the page, are here too.

#include <rtpsynth/asio_server.hpp>
#include <rtpsynth/metrics.hpp>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace rtpsynth::asio_server;
using asio::ip::tcp;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable); // the server survives errors

/// Serves clients one at a time, for 5 s each at most, until the acceptor is closed.
asio::awaitable<void> serve(tcp::acceptor& acceptor, const rtp_server& server) {
    while (acceptor.is_open()) {
        auto [not_accepted, socket] = co_await acceptor.async_accept(as_result);
        if (not_accepted) { // perhaps no descriptor is free now
            asio::steady_timer pause(acceptor.get_executor(), std::chrono::milliseconds{100});
            co_await pause.async_wait(as_result);
            continue;
        }
        boost::beast::tcp_stream client(std::move(socket));
        client.expires_after(std::chrono::seconds{5});
        boost::beast::flat_buffer input;
        http::request<http::empty_body> request;
        const auto [error, size] = co_await http::async_read(client, input, request, as_result);
        if (error) continue; // not HTTP, too long or too slow
        http::response<http::string_body> reply(http::status::not_found, request.version());
        if (request.method() == http::verb::get && request.target() == "/metrics") {
            rtpsynth::metrics_page page;
            add_metrics(page, server.stats()); // and what else you count
            reply = {http::status::ok, request.version(), page.text()};
            reply.set(http::field::content_type, page.content_type);
        }
        reply.prepare_payload();
        co_await http::async_write(client, reply, as_result);
    }
}

int main() {
    asio::io_context context;
    rtp_server server(context.get_executor(), {.tick = std::nullopt});
    const channel_options options{.bind = resolve("127.0.0.1", 0)};
    const auto echo =
        server.create_channel(options, [](rtp_channel& channel, const datagram_view& datagram) {
            static_cast<void>(channel.try_send_to(datagram.data, datagram.source));
        });
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0}); // or 9464
    asio::co_spawn(context, serve(acceptor, server), asio::detached);

    std::atomic<bool> answered = false;
    const auto caller = server.create_channel(options, [&](rtp_channel&, const datagram_view&) {
        answered = true;
        answered.notify_one();
    });
    if (caller->try_send_to(std::array<std::uint8_t, 172>{}, echo->local_endpoint())) return 1;
    std::jthread prometheus([&, endpoint = acceptor.local_endpoint()] {
        answered.wait(false);
        tcp::iostream page(endpoint);
        page << "GET /metrics HTTP/1.0\r\n\r\n" << std::flush;
        for (std::string line; std::getline(page, line);)
            if (line.starts_with("rtpsynth_server_datagrams_")) std::cout << line << '\n';
        asio::post(context, [&] { server.shutdown(), acceptor.close(); });
    });
    context.run();
}
