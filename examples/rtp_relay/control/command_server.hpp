/// \file
/// Takes commands over UDP and over Unix sockets.
#pragma once

#include "common/operation_memory.hpp"
#include "options.hpp"
#include "protocol/answer_cache.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace relay {

/// Executes a line without its cookie and returns the answer. \p client is the address of the
/// client; empty for a Unix socket. It does not throw.
using line_handler = std::function<std::string(std::string_view line, const std::string& client)>;

/// Commands over UDP: a datagram, a command, an answer. A command that a client sends again has the
/// same answer and is not executed again. What has no cookie is ignored.
class udp_commands {
public:
    /// \throws std::runtime_error naming the address
    udp_commands(boost::asio::io_context& context, const common::endpoint_argument& at,
                 line_handler execute);

    std::string address() const; ///< `udp:127.0.0.1:22222`
    std::uint64_t repeated() const noexcept { return repeated_; }
    std::uint64_t ignored() const noexcept { return ignored_; }

private:
    void wait() noexcept;
    void receive() noexcept;
    void answer(std::string_view datagram);

    // of the wait, which therefore cannot fail. The handler owns it, too: an operation may outlive
    // this object.
    std::shared_ptr<common::operation_memory> memory_ =
        std::make_shared<common::operation_memory>();
    boost::asio::ip::udp::socket socket_;
    line_handler execute_;
    answer_cache answers_;
    boost::asio::ip::udp::endpoint client_;
    std::array<char, 8192> input_;
    std::uint64_t repeated_ = 0, ignored_ = 0;
};

/// Commands over a Unix socket: a connection for each, which is closed after the answer. A line
/// feed after the command is not needed; several lines that come together are all answered.
///
/// A socket that an earlier run has left is replaced, and removed by the destructor.
class unix_commands {
public:
    /// \throws std::runtime_error naming the path
    unix_commands(boost::asio::io_context& context, const std::string& path, line_handler execute);
    ~unix_commands();
    unix_commands(const unix_commands&) = delete;
    unix_commands& operator=(const unix_commands&) = delete;

    std::string address() const { return "unix:" + path_; }

private:
    class connection;
    using stream = boost::asio::local::stream_protocol;

    void wait() noexcept;
    void accept() noexcept;

    std::string path_;
    // of the wait or the pause. The handler owns it, too: an operation may outlive this object.
    std::shared_ptr<common::operation_memory> memory_ =
        std::make_shared<common::operation_memory>();
    stream::acceptor acceptor_;
    boost::asio::steady_timer retry_;
    std::shared_ptr<line_handler> execute_; // empty after the destructor
};

} // namespace relay
