/// \file
/// Records a call by async_read, which returns gapless audio even if packets are lost, until the
/// caller sends a BYE. This program has both ends of the call.

#include <rtpsynth/asio_server/call/voice_stream.hpp>
#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <iostream>
#include <vector>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using asio_server::voice_stream;

/// Appends received audio of 16 kHz until the caller has left and the audio that it sent has ended.
asio::awaitable<void> record(voice_stream& call, const bool& left,
                             std::vector<std::int16_t>& recording) {
    std::vector<std::int16_t> pcm(call.tick_samples());
    for (;;) {
        const auto tick = co_await call.async_read(pcm, asio::use_awaitable);
        if (left && tick.kind == rtpsynth::playout_kind::silence) co_return;
        // Missing ticks are replaced by silence.
        recording.resize(recording.size() + tick.skipped * pcm.size());
        recording.insert(recording.end(), pcm.begin(), pcm.end());
    }
}

asio::awaitable<void> speak(voice_stream& phone) {
    const std::vector<std::int16_t> speech(8000, 5000); // a second
    co_await phone.async_play(speech, 1, asio::use_awaitable);
    co_await phone.async_drain(asio::use_awaitable);
    phone.close("that was all");
}

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor(), {.tick = std::nullopt});
    asio_server::voice_stream_options options;
    options.channel.bind = asio_server::resolve("127.0.0.1", 0);

    asio_server::voice_stream_options recorder = options;
    recorder.playout.rate = 16000; // independent of the codec's rate
    bool left = false;
    recorder.on_event = [&](voice_stream&, const asio_server::voice_event& event) {
        if (std::get_if<asio_server::source_left>(&event)) left = true;
    };
    std::vector<std::int16_t> recording;
    voice_stream call(server, recorder);
    options.peer = call.local_endpoint();
    voice_stream phone(server, options);
    const auto done = [&](std::exception_ptr) { server.shutdown(); };
    asio::co_spawn(context, record(call, left, recording), done);
    asio::co_spawn(context, speak(phone), asio::detached);
    context.run();

    const auto loud = std::count_if(recording.begin(), recording.end(),
                                    [](std::int16_t sample) { return sample > 2500; });
    std::cout << (recording.size() >= 16000 ? "a second or more was recorded" : "too short") << ", "
              << (loud > 12000 ? "most of it speech" : "most of it silence") << '\n';
}
