/// \file
/// A page of metrics over HTTP.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace common {

/// The limits of a metrics_endpoint's clients.
struct metrics_limits {
    std::size_t connections = 16;                     ///< at least 1; a new one replaces the oldest
    std::chrono::milliseconds connection_lives{5000}; ///< for request and answer
    std::chrono::milliseconds page_lives{100};        ///< how long clients get the same page
    std::size_t ignored_bytes = 1 << 20;  ///< of a connection, after the request's header
    std::chrono::milliseconds pause{100}; ///< after accept has failed: no descriptors, no memory
};

/// Answers `GET /metrics` with a page, on an io_context that one thread runs. For scrapers in a
/// private network: HTTP without encryption, one request per connection. The body of a request and
/// anything after it are ignored.
///
/// Clients are limited by metrics_limits, and to 8 KB of header.
///
/// If a page cannot be made, the answer has status 500; if there is no memory for that, the
/// connection is closed. No handler of this class throws.
class metrics_endpoint {
public:
    /// \param make_page  is called on the context, and may throw
    /// \throws std::runtime_error naming \p host and \p port, which may be 0, and why it cannot
    ///         listen
    metrics_endpoint(boost::asio::io_context& context, const std::string& host, std::uint16_t port,
                     std::function<std::string()> make_page, const metrics_limits& limits = {});
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

} // namespace common
