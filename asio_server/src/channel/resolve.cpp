#include <rtpsynth/asio_server/channel/resolve.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/system_error.hpp>

namespace rtpsynth::asio_server {

using boost::asio::ip::udp;
using boost::system::error_code;

namespace {

bool wanted(const boost::asio::ip::address& address, address_family family) noexcept {
    return family == address_family::any || address.is_v6() == (family == address_family::v6);
}

udp::endpoint look_up(const std::string& host, std::uint16_t port, address_family family,
                      error_code& ec) {
    boost::asio::io_context context;
    udp::resolver resolver{context};
    // No AI_ADDRCONFIG: that a machine has no address yet is no reason to forget ::1.
    using flags = udp::resolver::flags;
    const flags how = host.find('%') != std::string::npos ? flags::numeric_host : flags{};
    const auto found = family == address_family::any
                           ? resolver.resolve(host, "", how, ec)
                           : resolver.resolve(family == address_family::v4 ? udp::v4() : udp::v6(),
                                              host, "", how, ec);
    if (ec) return {};
    for (const auto& entry : found)
        if (wanted(entry.endpoint().address(), family)) return {entry.endpoint().address(), port};
    ec = boost::asio::error::host_not_found;
    return {};
}

} // namespace

udp::endpoint resolve(const std::string& host, std::uint16_t port, address_family family,
                      error_code& ec) {
    ec.clear();
    // The system's resolver takes no host for its own, and reads no further than a NUL.
    if (host.empty() || host.find('\0') != std::string::npos) {
        ec = boost::asio::error::host_not_found;
        return {};
    }
    // An address is read here, but for its scope: make_address takes one it does not know for 0.
    error_code no_number;
    const auto address = boost::asio::ip::make_address(host, no_number);
    if (no_number || host.find('%') != std::string::npos) return look_up(host, port, family, ec);
    if (wanted(address, family)) return {address, port};
    ec = boost::asio::error::address_family_not_supported;
    return {};
}

udp::endpoint resolve(const std::string& host, std::uint16_t port, address_family family) {
    error_code ec;
    const auto endpoint = resolve(host, port, family, ec);
    if (ec) throw boost::system::system_error(ec, "resolve " + host);
    return endpoint;
}

std::string to_string(const udp::endpoint& endpoint) {
    const auto& address = endpoint.address();
    const auto text = address.to_string();
    const auto port = std::to_string(endpoint.port());
    return address.is_v6() ? "[" + text + "]:" + port : text + ":" + port;
}

} // namespace rtpsynth::asio_server
