#include "endpoint_argument.hpp"

#include "number_argument.hpp"

#include <stdexcept>

namespace common {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
    throw std::invalid_argument("'" + std::string(text) + "' " + why);
}

} // namespace

endpoint_argument parse_endpoint(std::string_view text, port_zero zero) {
    const std::size_t colon = text.rfind(':');
    // In "[::1]" the last colon belongs to the address.
    if (colon == text.npos || text.find(']', colon) != text.npos)
        refuse(text, "has no port: HOST:PORT or [IPV6]:PORT is expected");
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != host.npos)
        refuse(text, "is ambiguous: put an IPv6 address in brackets, as in [::1]:5004");
    if (host.empty()) refuse(text, "names no host: HOST:PORT or [IPV6]:PORT is expected");
    if (host.find_first_of("[] \t") != host.npos) refuse(text, "is not HOST:PORT or [IPV6]:PORT");

    const std::string_view ports = text.substr(colon + 1);
    const std::size_t dash = ports.find('-');
    const bool may_be_zero = zero == port_zero::allowed && dash == ports.npos;
    const auto port = [&](std::string_view digits) {
        return static_cast<std::uint16_t>(
            number_argument(digits, may_be_zero ? 0 : 1, 65535,
                            (may_be_zero ? "port (0..65535) in '" : "port (1..65535) in '") +
                                std::string(text) + "'"));
    };
    endpoint_argument result{std::string(host), port(ports.substr(0, dash)), 0};
    result.last_port = dash == ports.npos ? result.first_port : port(ports.substr(dash + 1));
    if (result.last_port < result.first_port)
        refuse(text, "has its ports in the wrong order: FIRST-LAST is expected");
    return result;
}

std::string to_string(const endpoint_argument& argument) {
    const bool v6 = argument.host.find(':') != argument.host.npos;
    std::string text = v6 ? '[' + argument.host + ']' : argument.host;
    text += ':' + std::to_string(argument.first_port);
    if (argument.last_port != argument.first_port) text += '-' + std::to_string(argument.last_port);
    return text;
}

} // namespace common
