#include "options.hpp"

#include "audio/audio_format.hpp"
#include "common/command_line.hpp"
#include "common/number_argument.hpp"

#include <boost/program_options.hpp>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace replay {
namespace {

namespace po = boost::program_options;
using common::number_argument;

constexpr std::string_view introduction =
    "Usage: rtp_replay [OPTION]... FILE\n"
    "Finds the RTP streams in a capture (pcap or pcapng, also gzip; - reads standard\n"
    "input), runs each through receiver statistics and a jitter buffer, and prints the\n"
    "results. Decodes tunnels, IP fragments and TCP connections; what it could not use is\n"
    "counted below the table.\n";

constexpr std::string_view epilogue =
    "Exit status: 0 if RTP was found and all went well, 1 if the capture cannot be read\n"
    "or holds no RTP, 2 if the command line is wrong.\n";

std::uint32_t ssrc_number(std::string_view text) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    return number_argument(hex ? text.substr(2) : text, 0, 0xffff'ffff,
                           "SSRC (0x12345678 or decimal)", hex ? 16 : 10);
}

void read_clock(const std::string& text, clock_rate_map& rates) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
        throw std::invalid_argument("--clock takes PT=RATE, such as 96=90000");
    const std::string_view view = text;
    const auto type = number_argument(view.substr(0, equals), 0, 127, "payload type (0..127)");
    rates[static_cast<std::uint8_t>(type)] =
        number_argument(view.substr(equals + 1), 1, 1'000'000'000, "clock rate (1..1000000000 Hz)");
}

program_options from(const po::variables_map& given) {
    using strings = std::vector<std::string>;
    program_options result;
    if (!given.count(common::plain_arguments)) throw std::invalid_argument("no capture file given");
    const auto& files = given[common::plain_arguments].as<strings>();
    if (files.size() != 1) throw std::invalid_argument("only one capture file can be read");
    result.file = files.front();
    result.json = given.count("json") != 0;
    if (given.count("port"))
        for (const std::string& text : given["port"].as<strings>())
            result.finder.ports.insert(
                static_cast<std::uint16_t>(number_argument(text, 1, 65535, "port (1..65535)")));
    if (given.count("clock"))
        for (const std::string& text : given["clock"].as<strings>())
            read_clock(text, result.finder.resolver.clock_rates);
    if (given.count("ssrc")) result.ssrc = ssrc_number(given["ssrc"].as<std::string>());
    if (given.count("wav")) {
        result.wav = given["wav"].as<std::string>();
        if (result.wav.empty()) throw std::invalid_argument("--wav takes a file name");
        format_named(result.wav); // throws if its format is not known
        std::error_code ignored;
        const auto status = std::filesystem::status(result.file, ignored);
        if (result.file == "-" ||
            (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)))
            throw std::invalid_argument("--wav reads the capture twice, so it must be a regular "
                                        "file, and '" +
                                        result.file + "' is not");
        result.all_ssrcs = given.count("all-ssrcs") != 0;
        result.as_sent = given.count("as-sent") != 0;
        result.stereo = given.count("stereo") != 0;
        if (result.as_sent && given.count("as-heard"))
            throw std::invalid_argument("--as-sent and --as-heard exclude each other");
        if (result.as_sent && result.stereo)
            throw std::invalid_argument(
                "--stereo writes what was heard, and so excludes --as-sent");
    } else {
        for (const char* option : {"all-ssrcs", "as-heard", "as-sent", "ssrc", "stereo"})
            if (given.count(option))
                throw std::invalid_argument(std::string("--") + option + " needs --wav");
    }
    result.finder.buffer.capacity = number_argument(given["capacity"].as<std::string>(), 1, 16383,
                                                    "capacity (1..16383 packets)");
    if (given.count("max-delay"))
        result.finder.buffer.max_delay = std::chrono::milliseconds(number_argument(
            given["max-delay"].as<std::string>(), 0, 3'600'000, "delay (0..3600000 ms)"));
    return result;
}

} // namespace

std::optional<program_options> parse_options(int argc, char** argv, int& exit_status) {
    po::options_description visible("Options", 80, 40);
    const auto text = [] { return po::value<std::string>(); };
    const auto texts = [] { return po::value<std::vector<std::string>>(); };
    // clang-format off
    visible.add_options()
        ("port,p", texts()->value_name("PORT"),
         "take every packet from or to this UDP port that parses as RTP, and no others, instead "
         "of detecting streams; may be given several times")
        ("clock", texts()->value_name("PT=RATE"),
         "clock rate in Hz of a payload type; overrides SDP in the capture and RFC 3551; may be "
         "given several times")
        ("json", "print one JSON object instead of a table")
        ("wav", text()->value_name("FILE"),
         "decode a stream to this audio file, 16-bit PCM at the rate of its codec: PCMU, PCMA, G722, "
         "L16 or opus; WAV, or FLAC, AU or AIFF by the extension .flac, .au or .aiff")
        ("ssrc", text()->value_name("SSRC"),
         "the stream for --wav; default: the one with most packets")
        ("as-heard",
         "with --wav: as its receiver heard it, through an adaptive jitter buffer that conceals what "
         "is lost or late (default)")
        ("as-sent",
         "with --wav: on the sender's timeline, with silence for missing packets; G.711 only")
        ("stereo",
         "with --wav: the stream on the left, and the other direction of the call on the right")
        ("all-ssrcs",
         "with --wav: the other streams between the same addresses and ports as well")
        ("capacity", text()->value_name("N")->default_value("20"),
         "packets the jitter buffer holds before it gives up on a gap")
        ("max-delay", text()->value_name("MS"),
         "longest time a packet may wait in the jitter buffer; default: until it is full")
        ("version", "print the version and end")
        ("help,h", "print this help and end");
    // clang-format on
    return common::parse_command_line({"rtp_replay", introduction, epilogue}, visible, argc, argv,
                                      exit_status, from);
}

} // namespace replay
