#include "report.hpp"

#include "common/host.hpp"

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <ostream>
#include <string>

namespace echo {
namespace {

using common::cpu_time;
using rtpsynth::duration;

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }

/// 0 for an empty period.
double per_second(double amount, duration period) {
    return period > duration::zero() ? amount / seconds(period) : 0;
}

[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...) {
    char line[256];
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return line;
}

using count = unsigned long long;

std::string row(const char* name, std::uint64_t datagrams, std::uint64_t bytes, duration active) {
    return text("%-10s %12llu %15llu %12.0f %11.3f\n", name, count{datagrams}, count{bytes},
                per_second(static_cast<double>(datagrams), active),
                per_second(8e-6 * static_cast<double>(bytes), active));
}

std::string row(const char* name, std::uint64_t datagrams, const std::string& why) {
    const std::string note = datagrams ? "  " + why : "";
    return text("%-10s %12llu", name, count{datagrams}) + note + '\n';
}

// With --rtcp or --srtp.
std::string refused_and_reports(const echo_totals& totals) {
    std::string rows;
    if (totals.has_refused)
        rows += row("Refused", totals.refused,
                    "malformed, of another SRTP key, or from too many senders");
    if (totals.has_rtcp)
        rows += row("Reports", totals.rtcp_sent,
                    "RTCP sent; " + std::to_string(totals.rtcp_received) + " received");
    return rows;
}

} // namespace

report::report(std::ostream& out, bool terminal, rtpsynth::time_point start)
    : out_(out),
      terminal_(terminal),
      start_(start),
      start_cpu_(cpu_time()),
      last_time_(start),
      last_cpu_(start_cpu_) {}

void report::print_line(const echo_totals& totals, rtpsynth::time_point now) {
    const duration period = now - last_time_;
    const duration cpu = cpu_time();
    const auto in = static_cast<double>(totals.received - last_.received);
    const auto out = static_cast<double>(totals.sent - last_.sent);
    const std::string line =
        text("%6.1f s: %.0f/s in, %.0f/s out, %llu received, %llu lost, CPU %.1f %%",
             seconds(now - start_), per_second(in, period), per_second(out, period),
             count{totals.received}, count{totals.lost()},
             100 * per_second(seconds(cpu - last_cpu_), period));
    // Line wrapping is switched off: the beginning of a wrapped line could not be overwritten.
    if (terminal_)
        out_ << "\r\033[?7l" << line << "\033[K\033[?7h" << std::flush;
    else
        out_ << line << std::endl;
    last_ = totals;
    last_time_ = now;
    last_cpu_ = cpu;
}

void report::print_totals(const echo_totals& totals, rtpsynth::time_point now) {
    if (terminal_) out_ << "\r\033[K";
    const duration ran = now - start_;
    const duration cpu = cpu_time() - start_cpu_;
    out_ << text("%zu channel%s, %.1f s, CPU %.2f s (%.1f %%)\n\n", totals.channels,
                 totals.channels == 1 ? "" : "s", seconds(ran), seconds(cpu),
                 100 * per_second(seconds(cpu), ran))
         << "              Datagrams           Bytes  Datagrams/s      Mbit/s\n"
         << row("Received", totals.received, totals.received_bytes, totals.active)
         << row("Sent", totals.sent, totals.sent_bytes, totals.active)
         << row("Rejected", totals.rejected, "queue full, or source that cannot be answered")
         << refused_and_reports(totals)
         << row("Overflow", totals.overflow,
                text("dropped by the kernel: receive buffer of %zu bytes full",
                     totals.receive_buffer))
         << row("Errors", totals.errors, "the last: " + totals.last_error) << std::flush;
}

} // namespace echo
