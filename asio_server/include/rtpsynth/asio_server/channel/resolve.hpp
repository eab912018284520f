/// \file
/// Names and addresses to endpoints.
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

/// Which addresses are acceptable.
enum class address_family { any, v4, v6 };

/// Returns the first UDP endpoint that the system's resolver has for \p host: an address, with
/// `%scope` for a link-local one of IPv6, or a name. Blocks for as long as name resolution takes.
///
/// \par Errors
/// \p ec is cleared, or set to the resolver's or the system's error; then the endpoint is empty.
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

/// Finds the endpoint that resolve() returns, without blocking. An address takes no thread. A name
/// is looked up on the thread that Asio keeps for this in the context of \p executor, one name
/// after the other.
///
/// \par Handler signature
/// `void(boost::system::error_code, boost::asio::ip::udp::endpoint)`
///
/// \par Executor
/// The handler runs on its associated executor, by default \p executor, and never inside the
/// initiating function. On rtp_server::get_executor() of a server that does not run on an executor
/// of the application, Asio does the waiting from then on: a lone packet then takes two more system
/// calls.
///
/// \par Cancellation
/// Terminal, partial and total. The operation completes with `operation_aborted` at once, but
/// `run()` of the context is busy until the system's resolver has returned.
///
/// \par Errors
/// Those of resolve(); `operation_aborted`; `no_memory`; what the system says if there is no thread
/// to be had. The endpoint is empty then.
///
/// \par Exception safety
/// Throws `std::bad_alloc` if there is no memory to start the operation; then it is not started.
/// Asio's type-erased executors do not survive every failed allocation: they may call
/// `std::terminate`.
///
/// \par Object lifetimes
/// Nothing that is passed need outlive the call. A context that is destroyed meanwhile destroys the
/// handler, after the system's resolver has returned.
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
