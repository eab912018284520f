/// \file
/// An echo server, and streams of 50 packets/s through it.
#pragma once

#include "server_bench.hpp"

#include <rtpsynth/base/duration_histogram.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <tuple>

namespace server_bench {

/// A context of the application's with its thread.
class application {
public:
    ~application() {
        work_.reset();
        thread_.join();
    }
    boost::asio::io_context& context() noexcept { return context_; }

private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        context_.get_executor()};
    std::thread thread_{[this] { context_.run(); }};
};

/// Adds \p n channels that answer each datagram to its sender.
inline std::vector<udp::endpoint> add_echoes(rtp_server& server, std::size_t n, channels& all) {
    std::vector<udp::endpoint> endpoints;
    for (std::size_t i = 0; i != n; ++i) {
        all.push_back(
            server.create_channel(on_loopback(), [](rtp_channel& c, const datagram_view& d) {
                std::ignore = c.try_send_to(d.data, d.source);
            }));
        endpoints.push_back(all.back()->local_endpoint());
    }
    return endpoints;
}

/// A stream to each target from a channel of its own. The streams' phases are spread evenly over a
/// packet's time, and a packet that could not leave when it was due leaves as soon as it can: the
/// number of packets is what was asked for. One thread sends and receives.
class stream_load {
public:
    stream_load(const std::vector<udp::endpoint>& targets, std::uint64_t packets)
        : packets_{packets} {
        for (const udp::endpoint& to : targets) {
            all_.push_back(
                server_.create_channel(on_loopback(), [this](rtp_channel&, const datagram_view& d) {
                    round_trip_.record(steady::now() - packet::stamp_of(d.data));
                    received_.store(received_.load(std::memory_order_relaxed) + 1,
                                    std::memory_order_relaxed);
                }));
            std::ignore = all_.back()->set_target(to);
        }
    }
    ~stream_load() {
        on_executor(server_, [this] { // where no handler runs
            timer_.cancel();
            packets_ = 0;
            server_.shutdown();
        });
    }

    void start() {
        on_executor(server_, [this] {
            start_ = steady::now();
            send_due();
        });
    }
    /// When the last packet is due.
    time_point due() {
        return on_executor(server_, [this] { return start_; }) +
               ptime * packets_ / static_cast<std::int64_t>(all_.size());
    }
    bool complete() const noexcept { return received_ == packets_; }
    std::uint64_t received() const noexcept { return received_; }
    rtp_server& server() noexcept { return server_; }
    /// Once it is complete, or given up.
    duration_histogram round_trip() {
        return on_executor(server_, [this] { return round_trip_; });
    }

private:
    void send_due() {
        const auto n = static_cast<std::int64_t>(all_.size());
        const time_point now = steady::now();
        const auto due = static_cast<std::uint64_t>(n * (now - start_).count() / ptime.count()) + 1;
        packet p;
        for (; next_ < std::min(due, packets_); ++next_) {
            p.stamp(steady::now());
            std::ignore = all_[next_ % all_.size()]->try_send(p.bytes);
        }
        if (next_ >= packets_) return;
        timer_.expires_at(start_ + (now - start_) / 1ms * 1ms + 1ms);
        timer_.async_wait([this](boost::system::error_code ec) {
            if (!ec) send_due();
        });
    }

    application application_;
    rtp_server server_{application_.context().get_executor(), {.tick = std::nullopt}};
    boost::asio::steady_timer timer_{server_.get_executor()};
    channels all_;
    std::uint64_t packets_;
    std::uint64_t next_ = 0;
    time_point start_{};
    duration_histogram round_trip_;
    std::atomic<std::uint64_t> received_{0};
};

} // namespace server_bench
