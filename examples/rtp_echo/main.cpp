/// \file
/// rtp_echo: sends every datagram back to its sender. The server's own thread serves the channels;
/// an io_context, run by the main thread, signals, the line of statistics and the
/// metrics.

#include "common/command_line.hpp"
#include "common/host.hpp"
#include "common/metrics_endpoint.hpp"
#include "echo_server.hpp"
#include "options.hpp"
#include "report.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <string_view>

namespace {

constexpr std::string_view program = "rtp_echo";

using namespace echo;
namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

/// Prints a line each period, without drift.
class ticker {
public:
    ticker(asio::io_context& context, rtpsynth::duration period, const echo_server& server,
           report& to)
        : timer_(context, clock::now()), period_(period), server_(server), report_(to) {
        wait();
    }

private:
    void wait() {
        timer_.expires_at(timer_.expiry() + period_);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (error) return;
            report_.print_line(server_.totals(), clock::now());
            wait();
        });
    }

    asio::steady_timer timer_;
    rtpsynth::duration period_;
    const echo_server& server_;
    report& report_;
};

/// Returns the exit status.
int run(const program_options& options) {
    common::allow_sockets(options.all_channels(), "channels");
    asio::io_context context{1};
    // Before the sockets: whoever reads "listening on" may send a signal at once.
    asio::signal_set signals(context, SIGINT, SIGTERM);
    echo_server server(options);
    const auto channels = server.totals().channels;
    std::cout << "listening on " << server.addresses();
    if (channels > 1) std::cout << " (" << channels << " channels)";
    std::cout << std::endl;
    std::optional<common::metrics_endpoint> metrics;
    if (options.metrics) {
        metrics.emplace(context, options.metrics->host, options.metrics->first_port,
                        [&server] { return server.metrics(); });
        std::cout << "metrics at " << metrics->url() << std::endl;
    }
    if (!common::output_complete(program)) return 1; // nobody can read that line

    signals.async_wait([&](const boost::system::error_code&, int) {
        signals.clear(); // a second signal ends the program at once
        server.shutdown();
        context.stop();
    });
    const bool terminal = isatty(STDOUT_FILENO);
    report report(std::cout, terminal, clock::now());
    std::optional<ticker> ticks;
    if (options.stats || terminal)
        ticks.emplace(context, options.stats.value_or(std::chrono::seconds(1)), server, report);
    context.run();
    report.print_totals(server.totals(), clock::now());
    return common::output_complete(program) ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    return common::run_program(program, argc, argv, parse_options, run);
}
