/// \file
/// The parts of rtp_relay, put together.
#pragma once

#include "calls/call_book.hpp"
#include "common/operation_memory.hpp"
#include "control/command_server.hpp"
#include "control/notifier.hpp"
#include "media/relayed_media.hpp"
#include "options.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <vector>

namespace relay {

/// Executes commands on a context that one thread runs; media have threads of their own.
class relay_server {
public:
    /// Opens the sockets of commands. \p options must outlive it.
    /// \throws std::runtime_error naming what cannot be opened
    relay_server(boost::asio::io_context& context, const program_options& options);

    std::string commands_at() const; ///< `udp:127.0.0.1:22222, unix:/run/rtp_relay.sock`
    std::string media_at() const;    ///< `192.0.2.9, ports 10000-19999`
    /// For Prometheus.
    std::string metrics() const;
    /// The table of totals that is printed at the end.
    std::string totals() const;

private:
    std::string execute(std::string_view line, const std::string& client);
    void check() noexcept;

    const program_options& options_;
    notifier notifier_;
    relay_maker maker_;
    call_book book_;
    // of the wait. The handler owns it, too: an operation may outlive this object.
    std::shared_ptr<common::operation_memory> memory_ =
        std::make_shared<common::operation_memory>();
    boost::asio::steady_timer check_;
    bool is_waiting_ = false; // if not for lack of memory
    std::vector<std::unique_ptr<udp_commands>> udp_;
    std::vector<std::unique_ptr<unix_commands>> unix_;
};

} // namespace relay
