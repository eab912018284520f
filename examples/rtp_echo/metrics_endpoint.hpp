/// \file
/// A page of metrics over HTTP.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace echo {

/// Answers `GET /metrics` with a page, on an io_context that one thread runs. For scrapers of the
/// own network: HTTP without encryption, one request a connection.
///
/// Whatever clients do, it is bounded: 16 connections, of which the one that has waited longest
/// gives way to a new one; 8 KB of header; 5 s for request and answer; ten pages a second, between
/// which clients get the same.
class metrics_endpoint {
public:
    /// \param make_page  is called on the context
    /// \throws std::runtime_error naming \p host and \p port, which may be 0, and why it cannot
    ///         listen
    metrics_endpoint(boost::asio::io_context& context, const std::string& host, std::uint16_t port,
                     std::function<std::string()> make_page);
    ~metrics_endpoint();
    metrics_endpoint(const metrics_endpoint&) = delete;
    metrics_endpoint& operator=(const metrics_endpoint&) = delete;

    /// `http://127.0.0.1:9464/metrics`
    std::string url() const;

private:
    class connection;
    struct state;

    std::shared_ptr<state> state_;
};

} // namespace echo
