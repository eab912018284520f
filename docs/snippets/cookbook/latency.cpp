/// \file
/// Latency: from a microphone to a loudspeaker over the loopback interface, and what a slow handler
/// does to it.

#include <rtpsynth/asio_server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <span>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

int main() {
    asio::io_context context;
    rtp_server server(context.get_executor(), {.tick = std::nullopt});
    voice_stream_options options;
    options.channel.bind = resolve("127.0.0.1", 0);

    clock_type::time_point spoken; // the latest click
    std::vector<clock_type::duration> delays;
    voice_stream_options ear = options;
    bool was_loud = false;
    ear.on_audio = [&](voice_stream&, const audio_tick&, std::span<const std::int16_t> pcm) {
        const bool is_loud = *std::max_element(pcm.begin(), pcm.end()) > 5000;
        if (is_loud && !was_loud) delays.push_back(clock_type::now() - spoken);
        was_loud = is_loud; // a click may lie in two ticks
    };
    voice_stream listener(server, ear);
    options.peer = listener.local_endpoint();
    voice_stream speaker(server, options);

    // A microphone, 20 ms at a time: a click every half a second.
    const auto speak = [&]() -> asio::awaitable<void> {
        asio::steady_timer timer(context, clock_type::now());
        for (int i = 1; i <= 175; ++i) {
            timer.expires_at(timer.expiry() + 20ms);
            co_await timer.async_wait(asio::use_awaitable);
            std::array<std::int16_t, 160> pcm{};
            if (i % 25 == 0 && i <= 150) {
                pcm.fill(10000);
                spoken = clock_type::now();
            }
            co_await speaker.async_play(pcm, 1, asio::use_awaitable);
            if (i == 150) std::this_thread::sleep_for(50ms); // what a handler must never do
        }
    };
    const auto microseconds = [](rtpsynth::duration d) {
        return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
    };
    asio::co_spawn(context, speak(), [&](std::exception_ptr) { server.shutdown(); });
    context.run();

    std::sort(delays.begin(), delays.end());
    if (delays.empty()) return 1;
    std::cout << "mouth to ear: " << microseconds(delays[delays.size() / 2]) << " us\n"
              << "of which playout: " << microseconds(listener.stats().playout.mean_delay)
              << " us\n";
    std::cout << "latest tick: " << microseconds(speaker.stats().most_late) << " us\n";
}
