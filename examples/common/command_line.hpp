/// \file
/// How the example programs begin and end: --help, --version, errors and exit statuses.
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
    std::string_view introduction; ///< of --help, before the options
    std::string_view epilogue;     ///< and behind them
};

/// What is no option is a std::vector<std::string> of this name.
inline constexpr char plain_arguments[] = "argument";

/// The command line by \p visible; nothing if help or the version was asked for, and printed.
/// \throws boost::program_options::error
std::optional<boost::program_options::variables_map> read_command_line(
    const program_text& text, const boost::program_options::options_description& visible, int argc,
    char** argv);

/// Says what is wrong with the command line. \return the exit status
int print_usage_error(const program_text& text, const std::exception& error);

/// What \p from makes of the command line. Nothing if the program is to end with \p exit_status:
/// help and version have been printed to standard output, errors of usage to standard error.
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

/// Whether standard output has taken all that was printed; says so if not.
bool output_complete(std::string_view program_name);

/// The body of main(): \p parse as above, then \p run, which returns the exit status.
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
