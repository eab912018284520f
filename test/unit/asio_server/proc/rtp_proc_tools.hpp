// What the tests of rtp_proc share.
#pragma once

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace rtp_proc_test {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using channel_ptr = std::shared_ptr<rtp_proc_channel>;
using next_call = std::optional<time_point>;

inline constexpr duration patience = 60s; // a second of work beside many others

inline time_point now() { return clock_type::now(); }

// False if it does not come true in good time.
inline bool comes_true(const std::function<bool()>& condition) {
    for (const auto end = now() + patience; !condition();) {
        if (now() > end) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

// Runs a context that only this thread runs until the condition holds.
inline bool run_until(boost::asio::io_context& context, const std::function<bool()>& condition) {
    context.restart();
    for (const auto end = now() + patience; !condition();) {
        if (now() > end) return false;
        context.run_one_for(1ms);
        if (context.stopped()) context.restart();
    }
    return true;
}

// Runs until nothing is outstanding, so that nothing can come any more; false if that takes long.
inline bool run_out(boost::asio::io_context& context) {
    context.restart();
    context.run_for(patience);
    return context.stopped();
}

inline void spin(duration d) {
    for (const auto end = now() + d; now() < end;) {
    }
}

// A context that threads run.
struct application {
    explicit application(int threads) {
        for (int i = 0; i != threads; ++i) pool.emplace_back([this] { context.run(); });
    }
    ~application() {
        work.reset();
        for (auto& t : pool) t.join();
    }
    boost::asio::io_context context;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        context.get_executor()};
    std::vector<std::thread> pool;
};

} // namespace rtp_proc_test
