/// \file
/// Cookbook: things that happen at their times, by the thousand.

#include <rtpsynth/asio_server.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using namespace std::chrono_literals;
using rtpsynth::time_point;

int main() {
    asio::io_context context;
    asio_server::rtp_proc proc(context.get_executor());
    std::vector<std::shared_ptr<asio_server::rtp_proc_channel>> schedules;

    // A thousand streams, five packets each, one every 20 ms.
    int packets = 0;
    for (int stream = 0; stream < 1000; ++stream)
        schedules.push_back(proc.create_channel(
            [&packets, left = 5](time_point now,
                                 time_point deadline) mutable -> std::optional<time_point> {
                if (deadline == time_point{}) deadline = now; // the first call, made at once
                ++packets;
                if (--left == 0) return std::nullopt; // the end
                return deadline + 20ms;               // keeps the pace; now + 20ms would drift
            }));

    // Looks ten times a second whether they are done, and then ends all that is scheduled.
    schedules.push_back(
        proc.create_channel([&](time_point now, time_point deadline) -> std::optional<time_point> {
            if (packets == 5000) {
                proc.shutdown();
                return std::nullopt;
            }
            return (deadline == time_point{} ? now : deadline) + 100ms;
        }));

    context.run();
    std::cout << packets << " packets sent\n"
              << "a call began at most " << proc.stats().lateness.max() / 1us << " us late\n";
}
