/// \file
/// Tells SIP proxies that calls have timed out.
#pragma once

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace relay {

/// Counters of a notifier.
struct notifier_totals {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0; ///< not reached within 5 s, an address of another form, too many
};

/// Sends each notice as a line over a connection of its own, to `unix:PATH`, `/PATH` or
/// `tcp:ADDRESS:PORT`. Up to 1000 may be under way. A notice that cannot be sent is lost.
class notifier {
public:
    explicit notifier(boost::asio::io_context& context);
    ~notifier();

    void send(const std::string& socket, const std::string& text) noexcept;
    const notifier_totals& totals() const noexcept { return *totals_; }

private:
    boost::asio::io_context& context_;
    std::shared_ptr<notifier_totals> totals_;
};

} // namespace relay
