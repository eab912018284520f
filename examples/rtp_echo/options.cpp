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
    "Sends every UDP datagram back to where it came from, until SIGINT or SIGTERM ends it\n"
    "with a table of totals. It answers everybody who can reach it.\n";

constexpr std::string_view epilogue =
    "A port of 0 is one of the system's choice; with --channels, the first of N in a row.\n"
    "The line \"listening on ...\" says which, and that all sockets are open.\n"
    "\n"
    "Exit status: 0 if it was ended by a signal, 1 if it cannot listen or print, 2 if the\n"
    "command line is wrong.\n";

void check_ports(const program_options& options) {
    for (const common::endpoint_argument& bind : options.binds) {
        if (options.channels > 1 && bind.ports() > 1)
            throw std::invalid_argument("'" + to_string(bind) +
                                        "' says how many channels already; --channels is for "
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
        throw std::invalid_argument("'" + given[common::plain_arguments].as<strings>().front() +
                                    "' is no option");
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
         "where to listen: an address or a name, an IPv6 address in brackets, and a port or a "
         "range FIRST-LAST of them, a channel on each; may be given several times")
        ("channels,n", text()->value_name("N")->default_value("1"),
         "channels on consecutive ports from that of each --bind on")
        ("tick-hz", text()->value_name("HZ")->default_value("0"),
         "send on so many ticks a second instead of at once, which 0 means")
        ("stats", text()->value_name("SECONDS"),
         "print a line of statistics so often; without it only a terminal shows one, each second")
        ("rcvbuf", text()->value_name("BYTES")->default_value("4194304"),
         "receive buffer of each socket; without CAP_NET_ADMIN the system allows "
         "net.core.rmem_max at most")
        ("version", "print the version and end")
        ("help,h", "print this help and end");
    // clang-format on
    return common::parse_command_line({"rtp_echo", introduction, epilogue}, visible, argc, argv,
                                      exit_status, from);
}

} // namespace echo
