#include "common/rtcp_argument.hpp"

#include "common/number_argument.hpp"

#include <rtpsynth/base/random.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

namespace common {
namespace {

namespace po = boost::program_options;

std::uint64_t draw64() {
    return std::uint64_t{rtpsynth::system_random32()} << 32 | rtpsynth::system_random32();
}

// Random, so that it does not identify anybody (RFC 7022).
std::string draw_name() {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(draw64()));
    return text;
}

} // namespace

void add_rtcp_options(po::options_description& visible) {
    const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    // clang-format off
    visible.add_options()
        ("rtcp", "exchange RTCP reports, on the port of RTP (rtcp-mux, RFC 5761)")
        ("rtcp-interval", text("SECONDS")->default_value("5"),
         "mean time between two reports of a stream (0.1..5); half of it before the first one");
    // clang-format on
}

std::optional<rtcp_argument> rtcp_argument_of(const po::variables_map& given) {
    const double seconds = decimal_argument(given["rtcp-interval"].as<std::string>(), 0.1, 5,
                                            "interval of reports (0.1..5 s)");
    if (!given.count("rtcp")) return std::nullopt;
    return rtcp_argument{rtpsynth::duration{std::llround(seconds * 1e9)}};
}

rtpsynth::rtp_session make_session(const rtcp_argument& argument,
                                   std::optional<std::uint32_t> ssrc) {
    const double seconds = std::chrono::duration<double>(argument.interval).count();
    rtpsynth::rtp_session_options options;
    options.cname = draw_name();
    options.ssrc = ssrc;
    // The reduced minimum in seconds is 360 divided by the bandwidth in kbit/s (RFC 3550 §6.2).
    options.reduced_minimum = true;
    options.bandwidth = 360'000 / seconds;
    options.max_sources = 4;
    options.max_members = 8;
    return rtpsynth::rtp_session(options, draw64());
}

rtpsynth::ntp_time wall_clock() noexcept {
    return rtpsynth::ntp_time::from_unix(std::chrono::system_clock::now().time_since_epoch());
}

} // namespace common
