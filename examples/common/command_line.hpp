/// \file
/// The frame of the programs' main(): --help, --version, errors and exit statuses.
#pragma once

#include <boost/program_options.hpp>

#include <exception>
#include <iostream>
#include <optional>
#include <string_view>
#include <type_traits>

namespace common {

struct program_text {
    std::string_view name;
    std::string_view introduction; ///< printed by --help before the options
    std::string_view epilogue;     ///< printed by --help after the options
};

/// The option under which positional arguments are stored, a std::vector<std::string>.
inline constexpr char plain_arguments[] = "argument";

/// Parses the command line against \p visible. Prints help or the version if asked to, and returns
/// nothing then.
/// \throws boost::program_options::error
std::optional<boost::program_options::variables_map> read_command_line(
    const program_text& text, const boost::program_options::options_description& visible, int argc,
    char** argv);

/// Prints \p error to standard error. \return the exit status for usage errors
int print_usage_error(const program_text& text, const std::exception& error);

/// Parses the command line and converts it with \p from. Returns nothing if the program should exit
/// with \p exit_status: help or version were printed to standard output, or a usage error to
/// standard error.
template <class From>
auto parse_command_line(const program_text& text,
                        const boost::program_options::options_description& visible, int argc,
                        char** argv, int& exit_status, From from)
    -> std::optional<std::invoke_result_t<From, const boost::program_options::variables_map&>> {
    try {
        exit_status = 0;
        const auto given = read_command_line(text, visible, argc, argv);
        if (!given) return std::nullopt;
        return from(*given);
    } catch (const std::exception& e) { // program_options::error or invalid_argument
        exit_status = print_usage_error(text, e);
        return std::nullopt;
    }
}

/// Flushes standard output. Returns false, after an error message, if writing to it has failed.
bool output_complete(std::string_view program_name);

/// The body of main(): calls \p parse as above, then \p run, which returns the exit status.
template <class Parse, class Run>
int run_program(std::string_view name, int argc, char** argv, Parse parse, Run run) {
    int exit_status = 0;
    try {
        const auto options = parse(argc, argv, exit_status);
        if (options) return run(*options);
        return output_complete(name) ? exit_status : 1;
    } catch (const std::exception& e) {
        std::cerr << name << ": " << e.what() << '\n';
        return 1;
    }
}

} // namespace common
