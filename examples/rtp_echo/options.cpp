#include "options.hpp"

#include "common/command_line.hpp"
#include "common/number_argument.hpp"

#include <boost/program_options.hpp>

#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

namespace echo {
namespace {

namespace po = boost::program_options;

constexpr std::string_view introduction =
    "Usage: rtp_echo [OPTION]...\n"
    "Sends every UDP datagram back to its sender until SIGINT or SIGTERM, then prints a table\n"
    "of totals. It answers everybody who can reach it.\n";

constexpr std::string_view epilogue =
    "With port 0 the system chooses a free port, or with --channels the first of N free\n"
    "ones in a row. The line \"listening on ...\" names them; all sockets are open by then.\n"
    "\n"
    "With --rtcp it does not echo RTCP, but sends each sender, which is an address and port,\n"
    "reports on its RTP. With --srtp it refuses RTP and RTCP that are not protected with the\n"
    "key, and protects its answers with the same key. It keeps up to 16384 senders, and\n"
    "forgets one that has been silent for 15 s.\n"
    "\n"
    "Exit status: 0 if ended by a signal, 1 if it cannot listen or print, 2 if the command\n"
    "line is wrong.\n";

void check_ports(const program_options& options) {
    for (const common::endpoint_argument& bind : options.binds) {
        if (options.channels > 1 && bind.ports() > 1)
            throw std::invalid_argument("'" + to_string(bind) +
                                        "' gives the number of channels already; --channels needs "
                                        "binds with one port");
        if (bind.first_port != 0 && bind.first_port + options.channels_of(bind) - 1 > 65535)
            throw std::invalid_argument("from port " + std::to_string(bind.first_port) + " on, " +
                                        std::to_string(options.channels) +
                                        " channels go beyond port 65535");
    }
}

program_options from(const po::variables_map& given) {
    using strings = std::vector<std::string>;
    if (given.count(common::plain_arguments))
        throw std::invalid_argument("unexpected argument '" +
                                    given[common::plain_arguments].as<strings>().front() + "'");
    const auto number = [&](const char* name, std::uint32_t least, std::uint32_t most,
                            std::string_view what) {
        return common::number_argument(given[name].as<std::string>(), least, most, what);
    };
    program_options result;
    for (const std::string& text : given["bind"].as<strings>())
        result.binds.push_back(common::parse_endpoint(text, common::port_zero::allowed));
    result.channels = number("channels", 1, 65535, "number of channels (1..65535)");
    check_ports(result);
    const auto ticks = number("tick-hz", 0, 1'000'000, "tick frequency (0..1000000 Hz)");
    if (ticks != 0) result.tick = rtpsynth::duration(std::chrono::seconds(1)) / ticks;
    if (given.count("stats")) {
        const double seconds = common::decimal_argument(given["stats"].as<std::string>(), 0.1,
                                                        86400, "interval (0.1..86400 s)");
        result.stats = std::chrono::milliseconds(std::llround(seconds * 1000));
    }
    if (given.count("metrics")) {
        result.metrics =
            common::parse_endpoint(given["metrics"].as<std::string>(), common::port_zero::allowed);
        if (result.metrics->ports() > 1)
            throw std::invalid_argument("metrics are served on one port, not on '" +
                                        to_string(*result.metrics) + "'");
    }
    result.rtcp = common::rtcp_argument_of(given);
    result.srtp = common::srtp_argument_of(given);
    result.receive_buffer_size =
        static_cast<int>(number("rcvbuf", 1, 1U << 30, "buffer size (1..1073741824 bytes)"));
    return result;
}

} // namespace

std::size_t program_options::all_channels() const noexcept {
    std::size_t all = 0;
    for (const common::endpoint_argument& bind : binds) all += channels_of(bind);
    return all;
}

std::optional<program_options> parse_options(int argc, char** argv, int& exit_status) {
    using strings = std::vector<std::string>;
    po::options_description visible("Options", 80, 40);
    const auto text = [] { return po::value<std::string>(); };
    // clang-format off
    visible.add_options()
        ("bind,b", po::value<strings>()->value_name("HOST:PORT")
                       ->default_value({"0.0.0.0:5004"}, "0.0.0.0:5004"),
         "listen on this address or name (IPv6 in brackets) and port, or on each port of a range "
         "FIRST-LAST; may be given several times")
        ("channels,n", text()->value_name("N")->default_value("1"),
         "open N channels on consecutive ports, starting at each --bind port")
        ("tick-hz", text()->value_name("HZ")->default_value("0"),
         "send on HZ ticks a second; 0 sends at once")
        ("stats", text()->value_name("SECONDS"),
         "print a line of statistics at this interval; default: each second, on a terminal only")
        ("metrics", text()->value_name("HOST:PORT"),
         "serve metrics for Prometheus at http://HOST:PORT/metrics; with port 0 the system chooses "
         "one, which the line \"metrics at ...\" names")
        ("rcvbuf", text()->value_name("BYTES")->default_value("4194304"),
         "receive buffer of each socket; without CAP_NET_ADMIN, at most net.core.rmem_max");
    common::add_rtcp_options(visible);
    common::add_srtp_options(visible);
    visible.add_options()
        ("version", "print the version and end")
        ("help,h", "print this help and end");
    // clang-format on
    return common::parse_command_line({"rtp_echo", introduction, epilogue}, visible, argc, argv,
                                      exit_status, from);
}

} // namespace echo
