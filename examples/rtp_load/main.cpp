/// \file
/// rtp_load: sends RTP streams to an echo server and measures what comes back.

#include "common/command_line.hpp"
#include "common/sound_file.hpp"
#include "common/terminal.hpp"
#include "options.hpp"
#include "report/load_summary.hpp"
#include "report/plot_svg.hpp"
#include "report/report_json.hpp"
#include "report/report_text.hpp"
#include "traffic/audio_loop.hpp"
#include "traffic/load_run.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string_view>

namespace {

constexpr std::string_view program = "rtp_load";

using namespace load;

std::runtime_error plot_error(const std::string& path) {
    return std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
}

/// Called before the run, which may be long, so that an unwritable path is reported at once.
void check_plot(const std::string& path) {
    errno = 0;
    if (!std::ofstream(path, std::ios::app)) throw plot_error(path);
}

void write_plot(const std::string& path, const load_summary& summary) {
    errno = 0;
    std::ofstream file(path);
    if (file) print_svg(file, summary);
    file.close();
    if (!file) throw plot_error(path);
}

audio_loop load_audio(const program_options& options) {
    try {
        return audio_loop(options);
    } catch (const common::audio_error& e) {
        throw std::runtime_error(options.wav + ": " + e.what());
    }
}

/// Returns the exit status.
int run(const program_options& options) {
    const audio_loop audio = load_audio(options);
    if (!options.plot.empty()) check_plot(options.plot);
    load_run load(options, audio);
    load.run();
    const load_summary summary = summarise(options, load);
    if (options.json)
        print_json(std::cout, summary);
    else
        print_text(std::cout, summary,
                   {.colour = isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"),
                    .width = common::terminal_width(STDOUT_FILENO)});
    const bool complete = common::output_complete(program);
    if (!options.plot.empty()) write_plot(options.plot, summary);
    return summary.held && complete ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    return common::run_program(program, argc, argv, parse_options, run);
}
