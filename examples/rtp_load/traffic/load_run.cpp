#include "traffic/load_run.hpp"

#include "common/host.hpp"

#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace load {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::size_t burst = 32;        // packets to send before reading what has arrived
constexpr auto least_pause = 100us;      // fewer, larger batches when many streams are due
constexpr auto head_start = 10ms;        // from the decision to send to the first packet
constexpr auto straggler_time = 1s;      // how long to wait after the last packet
constexpr auto straggler_interval = 5ms; // between checks for what has arrived
constexpr auto progress_interval = 200ms;

/// Interval of the timeline: about a hundred points or fewer, with several packets of each stream
/// in each.
rtpsynth::duration interval_for(const program_options& options) {
    rtpsynth::duration interval = 100ms;
    for (const int factor : {2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10'000}) {
        if (options.time <= 100 * interval && 4 * options.packet_time() <= interval) break;
        interval = factor * 100ms;
    }
    return interval;
}

} // namespace

load_run::load_run(const program_options& options, const audio_loop& audio)
    : options_(options),
      log_(interval_for(options)),
      server_(context_.get_executor(), {.tick = std::nullopt}),
      timer_(server_.get_executor()),
      progress_timer_(server_.get_executor()),
      signals_(server_.get_executor(), SIGINT, SIGTERM),
      wheel_(clock::now()) {
    common::allow_sockets(options.streams, "streams");
    for (std::size_t i = 0; i != options.streams; ++i)
        streams_.push_back(std::make_unique<load_stream>(options, audio, i, log_));
    open_streams();
}

void load_run::open_streams() {
    const auto& target = options_.target;
    boost::system::error_code unknown;
    auto endpoint = rtpsynth::asio_server::resolve(
        target.host, target.first_port, rtpsynth::asio_server::address_family::any, unknown);
    if (unknown) throw std::runtime_error(target.host + ": " + unknown.message());
    for (std::size_t i = 0; i != streams_.size(); ++i) {
        endpoint.port(static_cast<std::uint16_t>(target.first_port + i % target.ports()));
        try {
            streams_[i]->open(server_, endpoint);
        } catch (const boost::system::system_error& e) {
            throw std::runtime_error("cannot open socket " + std::to_string(i + 1) + " of " +
                                     std::to_string(streams_.size()) + ": " + e.code().message());
        }
    }
}

void load_run::run() {
    log_.start = clock::now() + head_start;
    sending_ = streams_.size();
    const auto count = static_cast<rtpsynth::duration::rep>(streams_.size());
    for (rtpsynth::duration::rep i = 0; i != count; ++i) {
        load_stream& stream = *streams_[static_cast<std::size_t>(i)];
        stream.start(log_.start + i * options_.packet_time() / count);
        wheel_.arm(stream, stream.due());
    }
    await_signal();
    progress_.emplace();
    if (progress_->shown()) show_progress();
    cpu_before_ = common::cpu_time();
    pump();
    context_.run();
    progress_.reset();
    for (const auto& stream : streams_) {
        stream->leave(clock::now());
        stream->finish();
    }
    costs_.channels = server_.stats().channels;
    server_.shutdown();
}

/// Sends what is due.
void load_run::pump() {
    if (sent_all_) return;
    const auto progress =
        wheel_.advance(clock::now(), burst, [this](rtpsynth::timer_wheel::timer& timer) {
            auto& stream = static_cast<load_stream&>(timer);
            stream.send_next(clock::now());
            if (stream.done())
                --sending_;
            else
                wheel_.arm(stream, stream.due());
        });
    if (sending_ == 0) {
        end_sending();
    } else if (progress.more) {
        boost::asio::post(server_.get_executor(), [this] { pump(); });
    } else {
        timer_.expires_at(std::max(*wheel_.next_deadline(), clock::now() + least_pause));
        timer_.async_wait([this](boost::system::error_code error) {
            if (!error) pump();
        });
    }
}

void load_run::end_sending() {
    const auto now = clock::now();
    sent_all_ = true;
    costs_.cpu = common::cpu_time() - cpu_before_;
    const auto share = options_.packet_time() / // of the last packet
                       static_cast<rtpsynth::duration::rep>(streams_.size());
    costs_.sending = std::max<rtpsynth::duration>(now - log_.start, {}) + share;
    give_up_ = now + straggler_time;
    await_stragglers();
}

void load_run::await_stragglers() {
    const traffic_counts& counts = log_.counts;
    const bool all_back = counts.returned == counts.packets && counts.received >= counts.sent;
    if (all_back || clock::now() >= give_up_) {
        progress_timer_.cancel();
        signals_.cancel();
        context_.stop();
        return;
    }
    timer_.expires_after(straggler_interval);
    timer_.async_wait([this](boost::system::error_code) { await_stragglers(); });
}

void load_run::await_signal() {
    signals_.async_wait([this](boost::system::error_code error, int) {
        if (error) return;
        await_signal();
        if (sent_all_) { // impatient
            give_up_ = clock::now();
            return;
        }
        costs_.interrupted = true;
        timer_.cancel();
        for (const auto& stream : streams_) stream->stop(clock::now());
        end_sending();
    });
}

void load_run::show_progress() {
    const double past = std::chrono::duration<double>(clock::now() - log_.start).count();
    const double all = std::chrono::duration<double>(options_.time).count();
    char note[100];
    std::snprintf(note, sizeof note, "%llu sent, %llu back, %.0f s left",
                  static_cast<unsigned long long>(log_.counts.sent),
                  static_cast<unsigned long long>(log_.counts.received + log_.counts.renumbered),
                  std::max(0.0, std::ceil(all - past)));
    progress_->update(past / all, note);
    progress_timer_.expires_after(progress_interval);
    progress_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) show_progress();
    });
}

} // namespace load
