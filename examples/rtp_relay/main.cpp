/// \file
/// rtp_relay: a media relay that a SIP proxy drives by the rtpproxy protocol. The main thread
/// executes commands; the servers' threads forward packets.

#include "common/command_line.hpp"
#include "common/host.hpp"
#include "common/metrics_endpoint.hpp"
#include "options.hpp"
#include "relay_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <iostream>
#include <new>
#include <optional>
#include <string_view>

namespace {

constexpr std::string_view program = "rtp_relay";

namespace asio = boost::asio;

/// A handler without memory leaves run(); the others go on.
void run(asio::io_context& context) {
    while (!context.stopped()) {
        try {
            context.run();
        } catch (const std::bad_alloc&) {
        }
    }
}

/// The ports of all media, and their sockets.
std::size_t sockets(const relay::program_options& options) {
    const std::size_t ports = options.last_port - options.first_port + std::size_t{1};
    return ports * (options.listen.size() + options.external.size());
}

/// Returns the exit status.
int serve(const relay::program_options& options) {
    common::allow_sockets(sockets(options), "ports");
    asio::io_context context{1};
    // Before the sockets: whoever reads "commands at" may send a signal at once.
    asio::signal_set signals(context, SIGINT, SIGTERM);
    relay::relay_server server(context, options);
    std::cout << "commands at " << server.commands_at() << "\nmedia at " << server.media_at()
              << std::endl;
    std::optional<common::metrics_endpoint> metrics;
    if (options.metrics) {
        metrics.emplace(context, options.metrics->host, options.metrics->first_port,
                        [&server] { return server.metrics(); });
        std::cout << "metrics at " << metrics->url() << std::endl;
    }
    if (!common::output_complete(program)) return 1; // nobody can read that line
    signals.async_wait([&](const boost::system::error_code&, int) {
        signals.clear(); // a second signal ends the program at once
        context.stop();
    });
    run(context);
    std::cout << server.totals() << std::flush;
    return common::output_complete(program) ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    return common::run_program(program, argc, argv, relay::parse_options, serve);
}
