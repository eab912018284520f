#include "relay_server.hpp"

#include <rtpsynth/asio_server/metrics/server_metrics.hpp>
#include <rtpsynth/metrics/page.hpp>

#include <boost/asio/bind_allocator.hpp>

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <new>
#include <utility>
#include <variant>

namespace relay {
namespace {

using clock = std::chrono::steady_clock;
using count = unsigned long long;

/// Checks are spread over time, however many calls there are.
constexpr auto check_period = std::chrono::milliseconds(100);

/// In the address of a notify socket, the address of the client that has sent the command.
constexpr std::string_view client_address = "%%CC_IP%%";

[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...) {
    char line[256];
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return line;
}

std::string names(const std::vector<listen_address>& addresses) {
    std::string result;
    for (const listen_address& a : addresses) {
        if (!result.empty()) result += ", ";
        result += a.address.to_string();
        if (!a.advertised.empty() && a.advertised != a.address.to_string())
            result += '=' + a.advertised;
    }
    return result;
}

} // namespace

relay_server::relay_server(boost::asio::io_context& context, const program_options& options)
    : options_(options),
      notifier_(context),
      maker_(context, options),
      book_(maker_, options.timeout,
            [this](const timeout_notice& n) { notifier_.send(n.socket, n.text); }),
      check_(context) {
    const auto handler = [this](std::string_view line, const std::string& client) {
        return execute(line, client);
    };
    for (const control_address& at : options.control) {
        if (at.udp)
            udp_.push_back(std::make_unique<udp_commands>(context, *at.udp, handler));
        else
            unix_.push_back(std::make_unique<unix_commands>(context, at.path, handler));
    }
    check();
}

std::string relay_server::execute(std::string_view line, const std::string& client) {
    if (!is_waiting_) check();
    const auto parsed = parse_command(line);
    if (const auto* error = std::get_if<protocol_error>(&parsed)) return book_.refuse(*error);
    command what = std::get<command>(parsed);
    std::string socket(what.notify_socket);
    if (const std::size_t at = socket.find(client_address); at != socket.npos && !client.empty()) {
        const bool is_v6 = client.find(':') != client.npos;
        socket.replace(at, client_address.size(), is_v6 ? '[' + client + ']' : client);
        what.notify_socket = socket;
    }
    return book_.execute(what, clock::now());
}

void relay_server::check() noexcept {
    check_.expires_after(check_period);
    try {
        check_.async_wait(boost::asio::bind_allocator(
            common::operation_allocator<void>{*memory_},
            [this, memory = memory_](const boost::system::error_code& error) {
                is_waiting_ = false;
                if (error) return;
                check();
                book_.check(clock::now());
            }));
        is_waiting_ = true;
    } catch (const std::bad_alloc&) { // the next command tries again
    }
}

std::string relay_server::commands_at() const {
    std::string result;
    const auto add = [&](const std::string& address) {
        if (!result.empty()) result += ", ";
        result += address;
    };
    for (const auto& server : udp_) add(server->address());
    for (const auto& server : unix_) add(server->address());
    return result;
}

std::string relay_server::media_at() const {
    std::string result = names(options_.listen);
    if (!options_.external.empty()) result += ", external " + names(options_.external);
    return result + ", ports " + std::to_string(options_.first_port) + '-' +
           std::to_string(options_.last_port);
}

std::string relay_server::metrics() const {
    rtpsynth::metrics_page page;
    add_metrics(page, maker_.servers());
    for (const auto& [name, ports] : maker_.ports()) add_metrics(page, ports, {{"at", name}});
    const auto total = [&](const char* name, const char* help, std::uint64_t value) {
        page.counter(name, help, value);
    };
    page.gauge("rtp_relay_calls", "Calls now", static_cast<double>(book_.calls()));
    page.gauge("rtp_relay_media", "Media of calls now", static_cast<double>(book_.media_count()));
    page.gauge("rtp_relay_prompts", "Prompts that are played now",
               static_cast<double>(maker_.playing()));
    const call_totals& calls = book_.totals();
    const media_counters packets = book_.packets();
    total("rtp_relay_media_total", "Media of calls since the start", calls.calls);
    total("rtp_relay_media_timed_out_total", "Media that ended since nobody was heard",
          calls.timed_out);
    total("rtp_relay_packets_received_total", "RTP packets of all media", packets.received);
    total("rtp_relay_packets_forwarded_total", "RTP packets forwarded to the other side",
          packets.forwarded);
    total("rtp_relay_commands_total", "Commands executed or refused", calls.commands);
    total("rtp_relay_command_errors_total", "Commands whose answer was an error", calls.errors);
    std::uint64_t repeated = 0, ignored = 0;
    for (const auto& server : udp_) {
        repeated += server->repeated();
        ignored += server->ignored();
    }
    total("rtp_relay_commands_repeated_total", "Commands that a client sent again", repeated);
    total("rtp_relay_commands_ignored_total", "Datagrams without a cookie or a command", ignored);
    total("rtp_relay_notices_sent_total", "Notices of timeouts sent", notifier_.totals().sent);
    total("rtp_relay_notices_failed_total", "Notices of timeouts that could not be sent",
          notifier_.totals().failed);
    total("rtp_relay_recording_lost_total", "Packets that a slow or full disk did not record",
          maker_.recording_lost());
    return page.text();
}

std::string relay_server::totals() const {
    const call_totals& calls = book_.totals();
    const media_counters packets = book_.packets();
    const auto servers = maker_.servers().stats();
    return text("%-12s %12llu  %llu now, %llu timed out\n", "Media", count{calls.calls},
                count{book_.media_count()}, count{calls.timed_out}) +
           text("%-12s %12llu  %llu with an error\n", "Commands", count{calls.commands},
                count{calls.errors}) +
           text("%-12s %12llu\n", "Received", count{packets.received}) +
           text("%-12s %12llu\n", "Forwarded", count{packets.forwarded}) +
           text("%-12s %12llu  dropped by the kernel: receive buffer full\n", "Overflow",
                count{servers.channels.overflow});
}

} // namespace relay
