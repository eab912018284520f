#include "options.hpp"

#include "common/command_line.hpp"
#include "common/number_argument.hpp"

#include <rtpsynth/asio_server/server/rtp_server_pool.hpp>

#include <boost/program_options.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace relay {
namespace {

namespace po = boost::program_options;
using strings = std::vector<std::string>;

constexpr std::size_t longest_path = 107; // of a Unix socket

constexpr std::string_view introduction =
    "Usage: rtp_relay [OPTION]...\n"
    "Relays the media of calls for a SIP proxy (Kamailio, OpenSIPS, Sippy B2BUA), which drives it\n"
    "by the rtpproxy protocol, until SIGINT or SIGTERM.\n";

constexpr std::string_view epilogue =
    "The lines \"commands at ...\" and \"media at ...\" say that it is ready. The protocol has no\n"
    "authentication: only the proxy may be able to reach the commands' address.\n"
    "\n"
    "Without --external there is one network. With it, the modifiers I and E of a command name\n"
    "the network of each side. ADVERTISED, an address, is what a proxy writes into the SDP: for\n"
    "a relay behind NAT. With 0.0.0.0 the proxy writes its own address.\n"
    "\n"
    "Exit status: 0 if ended by a signal, 1 if it cannot listen or print, 2 if the command\n"
    "line is wrong.\n";

control_address parse_control(const std::string& text) {
    constexpr std::string_view udp = "udp:", unix_socket = "unix:";
    if (text.starts_with(udp)) {
        auto at = common::parse_endpoint(std::string_view(text).substr(udp.size()),
                                         common::port_zero::allowed);
        if (at.ports() > 1)
            throw std::invalid_argument("commands are taken on one port, not on '" + text + "'");
        return {std::move(at), {}};
    }
    const std::string path = text.starts_with(unix_socket) ? text.substr(unix_socket.size())
                             : text.starts_with('/')       ? text
                                                           : "";
    if (path.empty())
        throw std::invalid_argument("'" + text + "' is not udp:HOST:PORT or unix:PATH");
    if (path.size() > longest_path)
        throw std::invalid_argument("'" + path + "' is longer than 107 bytes");
    return {std::nullopt, path};
}

listen_address parse_listen(const std::string& text) {
    const std::size_t equals = text.find('=');
    boost::system::error_code error;
    listen_address result{boost::asio::ip::make_address(text.substr(0, equals), error), {}};
    if (error) throw std::invalid_argument("'" + text.substr(0, equals) + "' is not an address");
    if (equals != text.npos) {
        result.advertised = text.substr(equals + 1);
        const auto advertised = boost::asio::ip::make_address(result.advertised, error);
        if (error || advertised.is_v6() != result.address.is_v6())
            throw std::invalid_argument("'" + result.advertised + "' is not an address of IPv" +
                                        (result.address.is_v6() ? "6" : "4"));
    } else if (!result.address.is_unspecified()) {
        result.advertised = result.address.to_string();
    }
    return result;
}

std::vector<listen_address> parse_addresses(const po::variables_map& given, const char* option) {
    std::vector<listen_address> result;
    if (!given.count(option)) return result;
    for (const std::string& text : given[option].as<strings>()) {
        result.push_back(parse_listen(text));
        for (std::size_t i = 0; i + 1 < result.size(); ++i)
            if (result[i].address.is_v6() == result.back().address.is_v6())
                throw std::invalid_argument(std::string("--") + option +
                                            " takes one address of IPv4 and one of IPv6");
    }
    return result;
}

void parse_ports(const std::string& text, program_options& result) {
    const std::size_t dash = text.find('-');
    if (dash == text.npos)
        throw std::invalid_argument("'" + text + "' is not a range of ports, FIRST-LAST");
    const auto port = [&](std::string_view number) {
        return common::number_argument<std::uint16_t>(number, 1, 65535, "port (1..65535)");
    };
    result.first_port = port(std::string_view(text).substr(0, dash));
    result.last_port = port(std::string_view(text).substr(dash + 1));
    const int first_even = result.first_port + result.first_port % 2;
    if (result.last_port < first_even + 3)
        throw std::invalid_argument("'" + text + "' has no two pairs of ports, which a call needs");
}

std::optional<std::filesystem::path> directory(const po::variables_map& given, const char* option) {
    if (!given.count(option)) return std::nullopt;
    std::filesystem::path path = given[option].as<std::string>();
    std::error_code error;
    if (!std::filesystem::is_directory(path, error))
        throw std::invalid_argument("'" + path.string() + "' is not a directory");
    return path;
}

program_options from(const po::variables_map& given) {
    if (given.count(common::plain_arguments))
        throw std::invalid_argument("unexpected argument '" +
                                    given[common::plain_arguments].as<strings>().front() + "'");
    program_options result;
    for (const std::string& text : given["control"].as<strings>())
        result.control.push_back(parse_control(text));
    result.listen = parse_addresses(given, "listen");
    result.external = parse_addresses(given, "external");
    parse_ports(given["ports"].as<std::string>(), result);
    const double seconds = common::decimal_argument(given["timeout"].as<std::string>(), 0.5, 86400,
                                                    "timeout (0.5..86400 s)");
    result.timeout = std::chrono::milliseconds(std::llround(seconds * 1000));
    result.recordings = directory(given, "recordings");
    result.prompts = directory(given, "prompts");
    result.threads = std::max(1U, std::thread::hardware_concurrency());
    if (given.count("threads"))
        result.threads = common::number_argument<std::size_t>(
            given["threads"].as<std::string>(), 1, rtpsynth::asio_server::rtp_server_pool::max_size,
            "number of threads (1..1024)");
    if (given.count("dscp"))
        result.dscp = common::number_argument<std::uint8_t>(given["dscp"].as<std::string>(), 0, 63,
                                                            "code point (0..63)");
    if (given.count("metrics")) {
        result.metrics =
            common::parse_endpoint(given["metrics"].as<std::string>(), common::port_zero::allowed);
        if (result.metrics->ports() > 1)
            throw std::invalid_argument("metrics are served on one port, not on '" +
                                        to_string(*result.metrics) + "'");
    }
    return result;
}

} // namespace

std::optional<program_options> parse_options(int argc, char** argv, int& exit_status) {
    po::options_description visible("Options", 80, 40);
    const auto text = [] { return po::value<std::string>(); };
    // clang-format off
    visible.add_options()
        ("control,c", po::value<strings>()->value_name("ADDRESS")
                          ->default_value({"udp:127.0.0.1:22222"}, "udp:127.0.0.1:22222"),
         "take commands at udp:HOST:PORT (IPv6 in brackets; with port 0 the system chooses) or at "
         "the Unix socket unix:PATH; may be given several times")
        ("listen,l", po::value<strings>()->value_name("ADDRESS[=ADVERTISED]")
                         ->default_value({"0.0.0.0"}, "0.0.0.0"),
         "relay media at this address; may be given for IPv4 and for IPv6")
        ("external,e", po::value<strings>()->value_name("ADDRESS[=ADVERTISED]"),
         "the same for a second network")
        ("ports,p", text()->value_name("FIRST-LAST")->default_value("10000-19999"),
         "use these ports for media; a call takes four for each of its media")
        ("timeout,t", text()->value_name("SECONDS")->default_value("60"),
         "end a call of which neither side was heard for this time, to an eighth more")
        ("recordings", text()->value_name("DIRECTORY"), "write recordings to this directory")
        ("prompts", text()->value_name("DIRECTORY"), "play prompts of this directory")
        ("threads", text()->value_name("N"), "of media; default: one for each processor")
        ("dscp", text()->value_name("N"),
         "differentiated services code point of media; telephony usually has 46")
        ("metrics", text()->value_name("HOST:PORT"),
         "serve metrics for Prometheus at http://HOST:PORT/metrics; with port 0 the system chooses "
         "one, which the line \"metrics at ...\" names")
        ("version", "print the version and end")
        ("help,h", "print this help and end");
    // clang-format on
    return common::parse_command_line({"rtp_relay", introduction, epilogue}, visible, argc, argv,
                                      exit_status, from);
}

} // namespace relay
