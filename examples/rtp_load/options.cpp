#include "options.hpp"

#include "common/command_line.hpp"
#include "common/number_argument.hpp"

#include <boost/program_options.hpp>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace load {
namespace {

namespace po = boost::program_options;
using common::decimal_argument;
using common::number_argument;

constexpr std::string_view introduction =
    "Usage: rtp_load --target HOST:PORT[-PORT] [OPTION]...\n"
    "Sends RTP streams to an echo server such as rtp_echo and measures what comes back: loss,\n"
    "round trip, jitter. Each stream has its own UDP socket.\n";

constexpr std::string_view epilogue =
    "Impairments are applied by this program before it sends; packets that it drops do not\n"
    "count as lost. After sending it waits up to a second for the last packets. SIGINT ends\n"
    "the sending early.\n"
    "\n"
    "Late and concealed packets: each stream has a playout clock that does not adapt. The first\n"
    "packet that comes back is played --max-delay later, every other one relative to it by its\n"
    "timestamp. A packet that arrives after its playout time is late; a playout time whose\n"
    "packet is late or missing is concealed.\n"
    "\n"
    "With --rtcp each stream sends reports, and the summary shows what the peer reports:\n"
    "loss, jitter and round trip. With --srtp the target must have the same key, or echo\n"
    "every datagram unchanged.\n"
    "\n"
    "Each stream is counted under the first of these that applies:\n"
    "  echoed       its packets came back with SSRC, sequence number and timestamp unchanged\n"
    "  renumbered   RTP with another SSRC, sequence number or timestamp came back, as from a\n"
    "               B2BUA or SBC. Lost packets are gaps in its own sequence numbers and, if it\n"
    "               is over 0.5 s shorter than what was sent, the packets of that time. The\n"
    "               round trip is unknown\n"
    "  unusable     only datagrams that cannot be measured: RTCP, STUN, malformed RTP, ...\n"
    "  closed       nothing; ICMP reports that the port is closed (connection refused)\n"
    "  unreachable  nothing; the system or ICMP reports another error\n"
    "  elsewhere    nothing from the target; datagrams from another address or port\n"
    "  silent       nothing, and no error\n"
    "  unsent       nothing was sent, for instance because --loss dropped every packet\n"
    "\n"
    "Exit status: 0 if packets were sent, every stream that sent was echoed or renumbered, and\n"
    "loss did not exceed --max-loss; 1 if not, or on an error; 2 if the command line is wrong.\n";

rtpsynth::duration from_seconds(double seconds) {
    return rtpsynth::duration{std::llround(seconds * 1e9)};
}

codec codec_argument(const std::string& text) {
    if (text == "pcmu" || text == "PCMU") return codec::pcmu;
    if (text == "pcma" || text == "PCMA") return codec::pcma;
    throw std::invalid_argument("'" + text + "' is not a supported codec (pcmu, pcma)");
}

program_options from(const po::variables_map& given) {
    using strings = std::vector<std::string>;
    if (given.count(common::plain_arguments))
        throw std::invalid_argument("unexpected argument '" +
                                    given[common::plain_arguments].as<strings>().front() + "'");
    if (!given.count("target"))
        throw std::invalid_argument("--target HOST:PORT is missing: where the streams go");
    const auto text = [&](const char* name) { return given[name].as<std::string>(); };
    const auto percent = [&](const char* name, const char* what) {
        return decimal_argument(text(name), 0, 100, std::string(what) + " (0..100 %)");
    };
    program_options result;
    result.target = common::parse_endpoint(text("target"));
    result.streams = number_argument(text("streams"), 1, 50'000, "number of streams (1..50000)");
    if (given.count("source-port")) {
        result.source_port =
            number_argument<std::uint16_t>(text("source-port"), 1, 65535, "port (1..65535)");
        if (result.source_port + result.streams - 1 > 65535)
            throw std::invalid_argument("from port " + text("source-port") + " on, " +
                                        text("streams") + " streams go beyond port 65535");
    }
    result.ptime = static_cast<int>(number_argument(text("ptime"), 1, 180,
                                                    "packet time (1..180 ms, so that a packet fits "
                                                    "an Ethernet frame)"));
    result.codec = codec_argument(text("codec"));
    result.time = from_seconds(
        decimal_argument(text("duration"), 0.001, 86'400, "duration (0.001..86400 s)"));
    if (result.packets() == 0)
        throw std::invalid_argument("a duration of " + text("duration") +
                                    " s is shorter than one packet of " + text("ptime") + " ms");
    if (given.count("wav")) result.wav = text("wav");
    if (given.count("plot")) result.plot = text("plot");
    for (const char* file : {"wav", "plot"})
        if (given.count(file) && text(file).empty())
            throw std::invalid_argument(std::string("--") + file + " takes a file name");
    std::error_code ignored;
    if (given.count("wav") && std::filesystem::equivalent(result.wav, result.plot, ignored))
        throw std::invalid_argument("--wav and --plot name the same file");
    result.max_delay =
        from_seconds(decimal_argument(text("max-delay"), 0, 2'000, "delay (0..2000 ms)") / 1000);
    result.impairment.loss = percent("loss", "loss");
    result.impairment.reorder = percent("reorder", "share of reordered packets");
    result.impairment.duplicate = percent("duplicate", "share of duplicated packets");
    result.impairment.jitter =
        from_seconds(decimal_argument(text("jitter"), 0, 2'000, "jitter (0..2000 ms)") / 1000);
    result.impairment.seed = number_argument<std::uint64_t>(
        text("seed"), 0, std::numeric_limits<std::uint64_t>::max(), "seed (0..2^64-1)");
    result.max_loss = percent("max-loss", "loss");
    result.rtcp = common::rtcp_argument_of(given);
    result.srtp = common::srtp_argument_of(given);
    result.json = given.count("json") != 0;
    return result;
}

} // namespace

std::optional<program_options> parse_options(int argc, char** argv, int& exit_status) {
    po::options_description visible("Options", 80, 40);
    const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    // clang-format off
    visible.add_options()
        ("target,t", text("HOST:PORT[-PORT]"),
         "send to this address or name (IPv6 in brackets); streams are spread evenly over a range "
         "of ports")
        ("streams,n", text("N")->default_value("10"), "number of streams")
        ("source-port", text("PORT"),
         "send the first stream from this port and the others from the following ones; default: "
         "the system chooses")
        ("ptime", text("MS")->default_value("20"), "milliseconds of audio per packet")
        ("codec", text("NAME")->default_value("pcmu"), "pcmu or pcma")
        ("duration,d", text("SECONDS")->default_value("10"), "how long each stream sends")
        ("wav", text("FILE"),
         "audio to send in a loop: WAV, FLAC, AU, AIFF, Ogg or MP3, mixed down to mono and "
         "resampled to 8000 Hz; - reads standard input; default: a quiet tone")
        ("max-delay", text("MS")->default_value("60"),
         "playout delay, from the arrival of a stream's first packet until it is played")
        ("loss", text("PERCENT")->default_value("0"), "packets to drop instead of sending")
        ("reorder", text("PERCENT")->default_value("0"),
         "packets to send after the one that follows them")
        ("duplicate", text("PERCENT")->default_value("0"), "packets to send twice")
        ("jitter", text("MS")->default_value("0"),
         "delay each packet by a random time up to this, keeping the order")
        ("seed", text("N")->default_value("1"), "seed of the impairments' random choices");
    common::add_rtcp_options(visible);
    common::add_srtp_options(visible);
    visible.add_options()
        ("max-loss", text("PERCENT")->default_value("0"), "fail if more packets than this are lost")
        ("json", "print one JSON object instead of the summary")
        ("plot", text("FILE"), "write the distribution of round trips, and loss over time, as SVG")
        ("version", "print the version and end")
        ("help,h", "print this help and end");
    // clang-format on
    return common::parse_command_line({"rtp_load", introduction, epilogue}, visible, argc, argv,
                                      exit_status, from);
}

} // namespace load
