/// \file
/// rtp_replay: finds the RTP streams of a capture and runs them through receiver statistics and a
/// jitter buffer.

#include "audio/recording.hpp"
#include "capture/capture.hpp"
#include "common/command_line.hpp"
#include "options.hpp"
#include "report/report.hpp"
#include "report/report_json.hpp"
#include "report/report_table.hpp"
#include "stream/read_streams.hpp"
#include "stream/stream_finder.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string_view>

namespace {

constexpr std::string_view program = "rtp_replay";

using namespace replay;

/// Reads the capture a second time if SDP came after the packets that it describes. Returns what
/// SDP says of media addresses.
media_directory tell_streams(const program_options& options, const stream_finder& first,
                             report& r) {
    tell(first, r);
    media_directory directory = first.directory();
    std::error_code ignored;
    if (!first.learnt_late() || options.file == "-" ||
        !std::filesystem::is_regular_file(options.file, ignored))
        return directory;
    finder_options finding = options.finder;
    finding.resolver.directory = directory;
    stream_finder again(finding);
    capture file(options.file);
    frame_report told;
    read_streams(file, again, told); // errors were reported by the first pass
    if (told.counts.frames == r.frames.counts.frames) tell(again, r);
    return directory;
}

/// \throws capture_error if the capture cannot be opened
void examine(const program_options& options, report& r) {
    capture file(options.file);
    stream_finder finder(options.finder);
    r.error = read_streams(file, finder, r.frames);
    const media_directory directory = tell_streams(options, finder, r);

    if (r.streams.empty() && r.error.empty())
        r.error =
            options.finder.ports.empty()
                ? "holds no RTP that proves itself by three packets that fit together; --port PORT "
                  "takes what is there"
                : "holds no RTP on the ports given";
    if (!options.wav.empty() && !r.streams.empty()) {
        const std::string error = record_stream(options, directory, r);
        if (!error.empty()) r.error += (r.error.empty() ? "" : "; ") + error;
    }
}

/// Returns the exit status.
int run(const program_options& options) {
    report r;
    r.file = options.file;
    bool examined = false;
    try {
        examine(options, r);
        examined = true;
    } catch (const std::exception& e) {
        r.error = e.what();
    }
    if (options.json)
        print_json(std::cout, r);
    else if (examined)
        print_table(std::cout, r, isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"));
    const bool complete = common::output_complete(program);
    if (!r.error.empty()) std::cerr << "rtp_replay: " << options.file << ": " << r.error << '\n';
    return r.error.empty() && complete ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    return common::run_program(program, argc, argv, parse_options, run);
}
