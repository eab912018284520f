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
    "Sends RTP streams to an echo server such as rtp_echo and tells what comes back: loss,\n"
    "round trip, jitter. Each stream has a UDP socket of its own.\n";

constexpr std::string_view epilogue =
    "Impairment acts on what is sent, in this program; what it drops is not counted as lost.\n"
    "The last packets are waited for for up to a second. SIGINT ends the sending early.\n"
    "\n"
    "Late and concealed packets: each stream has a playout clock that never adapts. The first\n"
    "packet that comes back is played --max-delay later, every other one as long after it as\n"
    "their timestamps say. A packet that comes after its turn is late; a turn whose packet is\n"
    "late or missing is concealed.\n"
    "\n"
    "What came back of each stream, the first that holds:\n"
    "  echoed       its own packets: SSRC, sequence number and timestamp as they were sent\n"
    "  renumbered   RTP with another SSRC, sequence number or timestamp, as from a B2BUA or\n"
    "               SBC. Lost are the packets that its own numbers skip and, if it lasts over\n"
    "               0.5 s less than what was sent, those of that time. No round trip is known\n"
    "  unusable     datagrams of which nothing can be measured: RTCP, STUN, malformed RTP, ...\n"
    "  closed       nothing; ICMP says that the port is closed (connection refused)\n"
    "  unreachable  nothing; another error that the system or ICMP reports\n"
    "  elsewhere    nothing; but datagrams came from another address or port than the target\n"
    "  silent       nothing, and no error\n"
    "  unsent       nothing was sent, for instance since --loss dropped all of it\n"
    "\n"
    "Exit status: 0 if something was sent, every stream that sent was echoed or renumbered and\n"
    "not more packets were lost than --max-loss allows; 1 if not, or if something failed; 2 if\n"
    "the command line is wrong.\n";

rtpsynth::duration from_seconds(double seconds) {
    return rtpsynth::duration{std::llround(seconds * 1e9)};
}

codec codec_argument(const std::string& text) {
    if (text == "pcmu" || text == "PCMU") return codec::pcmu;
    if (text == "pcma" || text == "PCMA") return codec::pcma;
    throw std::invalid_argument("'" + text + "' is no codec (pcmu, pcma)");
}

program_options from(const po::variables_map& given) {
    using strings = std::vector<std::string>;
    if (given.count(common::plain_arguments))
        throw std::invalid_argument("'" + given[common::plain_arguments].as<strings>().front() +
                                    "' is no option");
    if (!given.count("target"))
        throw std::invalid_argument("--target HOST:PORT is missing: where the streams go");
    const auto text = [&](const char* name) { return given[name].as<std::string>(); };
    const auto percent = [&](const char* name, const char* what) {
        return decimal_argument(text(name), 0, 100, std::string(what) + " (0..100 %)");
    };
    program_options result;
    result.target = common::parse_endpoint(text("target"));
    result.streams = number_argument(text("streams"), 1, 50'000, "number of streams (1..50000)");
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
         "where the streams go: an address or a name, an IPv6 address in brackets; over a range "
         "of ports they are spread evenly")
        ("streams,n", text("N")->default_value("10"), "how many streams")
        ("ptime", text("MS")->default_value("20"), "media in a packet")
        ("codec", text("NAME")->default_value("pcmu"), "pcmu or pcma")
        ("duration,d", text("SECONDS")->default_value("10"), "how long each stream sends")
        ("wav", text("FILE"),
         "what they send, over and over: WAV, FLAC, AU, AIFF, Ogg or MP3, mixed down to mono and "
         "resampled to 8000 Hz; - is standard input; without it a soft tone")
        ("max-delay", text("MS")->default_value("60"),
         "playout delay: from the arrival of a stream's first packet to its turn to be played")
        ("loss", text("PERCENT")->default_value("0"), "packets that are not sent on purpose")
        ("reorder", text("PERCENT")->default_value("0"),
         "packets that are sent behind the one after them")
        ("duplicate", text("PERCENT")->default_value("0"), "packets that are sent twice")
        ("jitter", text("MS")->default_value("0"),
         "delay each packet by a random time up to this, in order")
        ("seed", text("N")->default_value("1"), "of what is done to which packet")
        ("max-loss", text("PERCENT")->default_value("0"), "the run fails if more are lost")
        ("json", "print one JSON object instead of the summary")
        ("plot", text("FILE"), "write the round trips and the loss over time as SVG")
        ("version", "print the version and end")
        ("help,h", "print this help and end");
    // clang-format on
    return common::parse_command_line({"rtp_load", introduction, epilogue}, visible, argc, argv,
                                      exit_status, from);
}

} // namespace load
