#include "report/stream_notes.hpp"

#include <cstdio>
#include <string>

namespace replay {
namespace {

constexpr const char* indent = "            "; // below the codec

const char* plural(std::uint64_t n) { return n == 1 ? "" : "s"; }

} // namespace

void print_measures(std::ostream& out, const stream_summary& s) {
    std::string text;
    const auto add = [&](const char* format, auto... values) {
        char part[128];
        std::snprintf(part, sizeof part, format, values...);
        text += (text.empty() ? "" : ", ") + std::string(part);
    };
    if (s.mos && s.r_factor) add("MOS %.2f (R %.1f)", *s.mos, *s.r_factor);
    if (s.max_delta_ms) add("max delta %.1f ms", *s.max_delta_ms);
    if (s.clock_drift_ppm) add("clock %+.0f ppm", *s.clock_drift_ppm);
    if (!s.digits.empty())
        add("digits %s%s", s.digits.c_str(), s.digits_left_out != 0 ? " and more" : "");
    if (!text.empty()) out << indent << text << '\n';
}

void print_stream_notes(std::ostream& out, const stream_summary& s) {
    if (s.collisions != 0)
        out << indent << "two senders use this SSRC (RFC 3550 8.2), seen " << s.collisions
            << " time" << plural(s.collisions) << '\n';
    if (s.restarts != 0)
        out << indent << s.restarts << " restart" << plural(s.restarts)
            << " of the sequence numbers\n";
    if (s.rejected != 0)
        out << indent << s.rejected << " packet" << plural(s.rejected)
            << " rejected: far out of sequence, or the first after a restart\n";
    if (s.invalid != 0)
        out << indent << s.invalid << " packet" << plural(s.invalid)
            << " of invalid RTP (RFC 3550 5.1), received and not lost\n";
    if (s.encrypted) out << indent << "encrypted (SRTP)\n";
}

std::set<std::uint8_t> types_without_clock(const std::vector<stream_summary>& streams) {
    std::set<std::uint8_t> types;
    for (const stream_summary& s : streams)
        for (const payload_use& use : s.payloads)
            if (use.format.clock_rate == 0 && !use.is_event()) types.insert(use.type);
    return types;
}

} // namespace replay
