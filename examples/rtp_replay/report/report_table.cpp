#include "report/report_table.hpp"

#include "report/stream_notes.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace replay {
namespace {

constexpr std::size_t columns = 10;
using row = std::array<std::string, columns>;

constexpr std::size_t lost_column = 3;
constexpr std::size_t jitter_column = 6; // and the next
constexpr std::size_t text_columns = 2;  // left-aligned; numbers are right-aligned
constexpr std::size_t most_codecs = 4;   // codecs named per stream
constexpr std::string_view gap = "  ";

const row headings{"SSRC",      "Codec", "Packets", "Lost",     "Duplicates",
                   "Reordered", "max",   "mean",    "Erasures", "Duration"};

constexpr std::string_view bold = "\033[1m", dim = "\033[2m", red = "\033[31m", plain = "\033[0m";

std::string decimal(double value, const char* unit = "") {
    char text[64];
    std::snprintf(text, sizeof text, "%.3f%s", value, unit);
    return text;
}

std::string lost_text(const stream_summary& s) {
    if (s.lost == 0) return "0";
    char text[64];
    std::snprintf(text, sizeof text, "%llu (%.1f%%)", static_cast<unsigned long long>(s.lost),
                  s.lost_percent);
    return text;
}

/// The names of the payload types, up to a limit that keeps the table narrow.
std::string codec_text(const stream_summary& s) {
    const std::size_t shown = std::min(s.payloads.size(), most_codecs);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : "+") + s.payloads[i].name();
    if (shown < s.payloads.size())
        text += " +" + std::to_string(s.payloads.size() - shown) + " more";
    return text;
}

row row_of(const stream_summary& s) {
    return {ssrc_text(s.key.ssrc),
            codec_text(s),
            std::to_string(s.packets),
            lost_text(s),
            std::to_string(s.duplicates),
            std::to_string(s.reordered),
            s.max_jitter_ms ? decimal(*s.max_jitter_ms) : "-",
            s.mean_jitter_ms ? decimal(*s.mean_jitter_ms) : "-",
            std::to_string(s.erasures),
            decimal(s.duration_s, " s")};
}

std::string counted(std::uint64_t n, const char* what) {
    return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

std::string padded(const std::string& text, std::size_t width, bool left) {
    const std::string space(width - std::min(width, text.size()), ' ');
    return left ? text + space : space + text;
}

class table_printer {
public:
    table_printer(std::ostream& out, bool colour) : out_(out), colour_(colour) {
        for (std::size_t i = 0; i < columns; ++i) widths_[i] = headings[i].size();
    }

    void fit(const row& r) {
        for (std::size_t i = 0; i < columns; ++i) widths_[i] = std::max(widths_[i], r[i].size());
    }

    void print_headings() const {
        std::size_t before_jitter = 0;
        std::size_t all = gap.size() * (columns - 1);
        for (std::size_t i = 0; i < columns; ++i) {
            if (i < jitter_column) before_jitter += widths_[i] + gap.size();
            all += widths_[i];
        }
        const std::size_t jitter = widths_[jitter_column] + widths_[jitter_column + 1] + gap.size();
        std::string over(before_jitter, ' ');
        over += padded("Jitter (ms)", jitter, false);
        out_ << styled(over, bold) << '\n';
        print(headings, bold);
        out_ << styled(std::string(all, '-'), dim) << '\n';
    }

    void print(const row& r, std::string_view style = {}, bool loss = false) const {
        for (std::size_t i = 0; i < columns; ++i) {
            const std::string cell = padded(r[i], widths_[i], i < text_columns);
            out_ << (i == 0 ? "" : gap) << styled(cell, loss && i == lost_column ? red : style);
        }
        out_ << '\n';
    }

    std::string styled(const std::string& text, std::string_view style) const {
        if (!colour_ || style.empty()) return text;
        return std::string(style) + text + std::string(plain);
    }

private:
    std::ostream& out_;
    bool colour_;
    std::array<std::size_t, columns> widths_;
};

/// Prints the counts that are not 0.
void print_frame_notes(std::ostream& out, const frame_report& frames) {
    for (const count_text& text : count_texts()) {
        const std::uint64_t n = frames.counts.*text.count;
        if (n == 0 || !text.noun) continue;
        out << counted(n, text.noun) << ' ' << text.rest;
        if (text.count == &frame_counts::unknown_link) {
            const char* separator = ": type ";
            for (const std::uint32_t type : frames.unknown_link_types) {
                out << separator << type;
                separator = ", ";
            }
        }
        out << ".\n";
    }
}

void print_notes(std::ostream& out, const report& r) {
    for (const std::uint8_t type : types_without_clock(r.streams))
        out << "The clock rate of payload type " << unsigned{type}
            << " is unknown, so the jitter of its packets is unknown. Set it with --clock "
            << unsigned{type} << "=RATE.\n";
    print_frame_notes(out, r.frames);
    if (r.unproven_packets != 0)
        out << counted(r.unproven_packets, "packet")
            << " could be RTP, but fewer than three of an SSRC fit together.\n";
    if (r.streams_left_out != 0)
        out << "Only the first " << stream_finder::max_streams << " streams are listed; "
            << r.streams_left_out
            << (r.streams_left_out == stream_finder::max_left_out ? " or more" : "")
            << " are left out.\n";
    if (r.sdp_left_out != 0)
        out << counted(r.sdp_left_out, "SDP medium") << " left out: too many.\n";
}

} // namespace

void print_table(std::ostream& out, const report& r, bool colour) {
    out << r.file << ": " << counted(r.frames.counts.frames, "frame") << ", "
        << counted(r.frames.counts.udp, "UDP packet") << ", "
        << counted(r.streams.size(), "RTP stream") << '\n';
    if (!r.streams.empty()) {
        table_printer table(out, colour);
        for (const stream_summary& s : r.streams) table.fit(row_of(s));
        out << '\n';
        table.print_headings();
        for (const stream_summary& s : r.streams) {
            const std::string path =
                to_string(s.key.source) + " -> " + to_string(s.key.destination);
            out << table.styled(path, dim) << '\n';
            table.print(row_of(s), {}, s.lost > 0);
            print_measures(out, s);
            print_stream_notes(out, s);
        }
        out << '\n';
    }
    print_notes(out, r);
    if (r.wav) {
        out << r.wav->file << ": " << decimal(r.wav->duration_s, " s") << " of "
            << (r.wav->streams > 1 ? counted(r.wav->streams, "stream") + ", first chosen "
                                   : "stream ")
            << ssrc_text(r.wav->key.ssrc);
        if (r.wav->as_sent)
            out << " as sent, " << decimal(r.wav->silence_s, " s") << " of it silence filled in";
        else
            out << (r.wav->channels == 2 ? " (left) and the other direction (right)" : "")
                << " as heard, " << decimal(r.wav->concealed_s, " s") << " of it concealed, "
                << decimal(r.wav->silence_s, " s") << " silent";
        out << (r.wav->shortened ? " (and more left out)" : "") << '\n';
    }
}

} // namespace replay
