/// \file
/// A voice bot on the application's own io_context. It greets a caller, is interrupted by a key
/// press, answers and hangs up. This program has both ends of the call.

#include <rtpsynth/asio_server/call/voice_stream.hpp>
#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cmath>
#include <iostream>
#include <vector>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using asio_server::voice_stream;

/// A tone of 24 kHz audio, in place of the output of a speech synthesiser.
std::vector<std::int16_t> speech(int seconds) {
    std::vector<std::int16_t> pcm(static_cast<std::size_t>(seconds) * 24000);
    for (std::size_t i = 0; i != pcm.size(); ++i)
        pcm[i] = static_cast<std::int16_t>(8000 * std::sin(0.1 * static_cast<double>(i)));
    return pcm;
}

asio::awaitable<void> bot(voice_stream& call) {
    const auto greeting = speech(8);
    co_await call.async_play(greeting, 1, asio::use_awaitable); // fits into the queue
    for (;;) {
        const auto event = co_await call.async_read_event(asio::use_awaitable);
        if (const auto* key = std::get_if<asio_server::digit_pressed>(&event)) {
            const auto heard = call.clear();
            if (heard && heard->samples != 0 && heard->length() < std::chrono::seconds{8})
                std::cout << "item " << heard->item << " was interrupted by " << key->digit << '\n';
            const auto answer = speech(1);
            co_await call.async_play(answer, 2, asio::use_awaitable);
            call.end_item();
        } else if (const auto* played = std::get_if<rtpsynth::played_item>(&event)) {
            const auto length =
                std::chrono::duration_cast<std::chrono::milliseconds>(played->length());
            std::cout << "item " << played->item << " was played, " << length.count() << " ms\n";
            call.close("that was all");
            co_return;
        }
    }
}

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor(), {.tick = std::nullopt});
    asio_server::voice_stream_options options;
    options.channel.bind = asio_server::resolve("127.0.0.1", 0);
    options.sender.input_rate = 24000;

    asio_server::voice_stream_options caller = options;
    caller.on_event = [&](voice_stream& self, const asio_server::voice_event& event) {
        if (std::get_if<asio_server::source_changed>(&event))
            static_cast<void>(self.send_digits("1")); // presses a key when it hears the bot
        if (const auto* bye = std::get_if<asio_server::source_left>(&event)) {
            std::cout << "the bot has left: " << bye->reason << '\n';
            server.shutdown();
        }
    };
    voice_stream phone(server, caller);
    options.peer = phone.local_endpoint(); // as the SDP of a call names it
    voice_stream call(server, options);
    if (phone.set_peer(call.local_endpoint())) return 1;
    asio::co_spawn(context, bot(call), asio::detached);
    context.run();
}
