/// \file
/// Runs all streams, from the first packet to the last echo.
#pragma once

#include "answers/load_log.hpp"
#include "common/progress_bar.hpp"
#include "options.hpp"
#include "traffic/audio_loop.hpp"
#include "traffic/load_stream.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/base/timer_wheel.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace load {

/// Time and counters of a run.
struct run_costs {
    rtpsynth::duration sending{}; ///< from the first packet until after the last one
    rtpsynth::duration cpu{};     ///< CPU time meanwhile
    rtpsynth::asio_server::channel_stats channels;
    bool interrupted = false;
};

/// Sends and receives on the thread that calls run(). Streams are spread evenly over a packet time:
/// stream i of N sends i/N of it after the first.
class load_run {
public:
    /// Opens all sockets.
    /// \throws boost::system::system_error, std::runtime_error, std::bad_alloc
    load_run(const program_options& options, const audio_loop& audio);

    /// Returns when the last packet has come back, or a second after it was sent. SIGINT and
    /// SIGTERM end the sending early. Call it once.
    /// \throws std::bad_alloc
    void run();

    const load_log& log() const noexcept { return log_; }
    const std::vector<std::unique_ptr<load_stream>>& streams() const noexcept { return streams_; }
    const run_costs& costs() const noexcept { return costs_; }

private:
    void open_streams();
    void pump();
    void end_sending();
    void await_stragglers();
    void await_signal();
    void show_progress();

    const program_options& options_;
    load_log log_;
    boost::asio::io_context context_{1};
    rtpsynth::asio_server::rtp_server server_;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer progress_timer_;
    boost::asio::signal_set signals_;
    std::optional<common::progress_bar> progress_;
    std::vector<std::unique_ptr<load_stream>> streams_;
    rtpsynth::timer_wheel wheel_; // of streams_
    std::size_t sending_ = 0;     // streams with packets left to send
    bool sent_all_ = false;
    rtpsynth::time_point give_up_{}; // when to stop waiting for stragglers
    rtpsynth::duration cpu_before_{};
    run_costs costs_;
};

} // namespace load
