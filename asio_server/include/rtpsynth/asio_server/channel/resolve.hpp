/// \file
/// Resolves names and addresses to endpoints.
#pragma once

#include <rtpsynth/asio_server/server/detail/initiation.hpp>
#include <rtpsynth/base/compiler.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace rtpsynth::asio_server {

/// Acceptable address families.
enum class address_family { any, v4, v6 };

/// Returns the system resolver's first UDP endpoint for \p host: an address (`%scope` for a
/// link-local one of IPv6) or a name. Blocks until the name is resolved.
///
/// \par Errors
/// \p ec is cleared, or set to the resolver's or the system's error; the endpoint is then empty.
RTPSYNTH_API boost::asio::ip::udp::endpoint resolve(const std::string& host, std::uint16_t port,
                                                    address_family family,
                                                    boost::system::error_code& ec);

/// The same. \throws boost::system::system_error
RTPSYNTH_API boost::asio::ip::udp::endpoint resolve(const std::string& host, std::uint16_t port,
                                                    address_family family = address_family::any);

namespace detail {

/// The initiation of async_resolve.
class RTPSYNTH_API resolve_initiation {
public:
    using executor_type = boost::asio::any_io_executor;
    using handler_type =
        completion_handler<void(boost::system::error_code, boost::asio::ip::udp::endpoint)>;

    explicit resolve_initiation(executor_type executor) noexcept : executor_{std::move(executor)} {}

    executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler, std::string host, std::uint16_t port,
                    address_family family) const {
        start(handler_type{std::forward<Handler>(handler)}, std::move(host), port, family);
    }

private:
    void start(handler_type handler, std::string host, std::uint16_t port,
               address_family family) const;

    executor_type executor_;
};

} // namespace detail

/// Resolves as resolve() does, without blocking. An address needs no thread. A name is resolved on
/// the thread that Asio keeps for this in the context of \p executor, one name after the other.
///
/// \par Handler signature
/// `void(boost::system::error_code, boost::asio::ip::udp::endpoint)`
///
/// \par Executor
/// The handler runs on its associated executor, by default \p executor, and never inside the
/// initiating function. If \p executor is rtp_server::get_executor() of a server that has its own
/// io_context, Asio does that server's waiting from then on, which costs a lone packet two more
/// system calls.
///
/// \par Cancellation
/// Terminal, partial and total. The operation completes with `operation_aborted` at once, but
/// `run()` of the context does not return until the system's resolver has.
///
/// \par Errors
/// Those of resolve(); `operation_aborted`; `no_memory`; the system's error if no thread can be
/// started. The endpoint is then empty.
///
/// \par Exception safety
/// Throws `std::bad_alloc` if there is no memory to start the operation, which is then not started.
/// Asio's type-erased executors do not survive every failed allocation: they may call
/// `std::terminate`.
///
/// \par Object lifetimes
/// No argument needs to outlive the call. If the context is destroyed meanwhile, the handler is
/// destroyed after the system's resolver has returned.
template <boost::asio::completion_token_for<void(boost::system::error_code,
                                                 boost::asio::ip::udp::endpoint)>
              CompletionToken = boost::asio::deferred_t>
auto async_resolve(const boost::asio::any_io_executor& executor, std::string host,
                   std::uint16_t port, address_family family, CompletionToken&& token = {}) {
    return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code,
                                                             boost::asio::ip::udp::endpoint)>(
        detail::resolve_initiation{executor}, token, std::move(host), port, family);
}

/// Formats an endpoint: `ADDRESS:PORT`, for IPv6 `[ADDRESS]:PORT`.
RTPSYNTH_API std::string to_string(const boost::asio::ip::udp::endpoint& endpoint);

} // namespace rtpsynth::asio_server
