#include "command_line.hpp"

#include <rtpsynth/base/version.h>

#include <string>
#include <vector>

namespace common {

namespace po = boost::program_options;

std::optional<po::variables_map> read_command_line(const program_text& text,
                                                   const po::options_description& visible, int argc,
                                                   char** argv) {
    po::options_description all;
    all.add(visible).add_options()(plain_arguments, po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add(plain_arguments, -1);
    po::variables_map given;
    po::store(
        po::command_line_parser(argc, argv)
            .options(all)
            .positional(positional)
            .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
            .run(),
        given);
    po::notify(given);
    if (given.count("help")) {
        std::cout << text.introduction << '\n' << visible << '\n' << text.epilogue;
        return std::nullopt;
    }
    if (given.count("version")) {
        std::cout << text.name << ' ' << RTPSYNTH_VERSION_MAJOR << '.' << RTPSYNTH_VERSION_MINOR
                  << '.' << RTPSYNTH_VERSION_PATCH << '\n';
        return std::nullopt;
    }
    return given;
}

int print_usage_error(const program_text& text, const std::exception& error) {
    std::cerr << text.name << ": " << error.what() << "\nTry '" << text.name << " --help'.\n";
    return 2;
}

bool output_complete(std::string_view program_name) {
    if (std::cout.flush()) return true;
    std::cerr << program_name << ": cannot write to standard output\n";
    return false;
}

} // namespace common
