/// \file
/// Servers, channels, frame receivers, calls, timers and their metrics on Boost.Asio.
///
/// \par Errors
/// All classes of asio_server report errors in the same way:
/// - functions that make an object (a constructor, create_channel) throw: `std::invalid_argument`
///   names the option and its range, `boost::system::system_error` has the system's error;
/// - functions of an object return a `[[nodiscard]] boost::system::error_code` and do not throw;
/// - an asynchronous operation completes with an error_code. It throws only `std::bad_alloc`, if it
///   cannot be started;
/// - blocking functions without an object (resolve) have Asio's two forms, which throw or set an
///   error_code.
///
/// \par What keeps run() busy
/// On an executor of the application, `io_context::run()` does not return while
/// - an rtp_server exists that was not shut down;
/// - an rtp_proc has a call that is due or a deadline ahead;
/// - a completion handler has not been called yet.
///
/// Channels, frame receivers and rtp_proc_channels do not keep it busy by themselves. After the
/// destructor or shutdown() of every server and rtp_proc, and the last completion, run() returns. A
/// server or rtp_proc with a thread of its own has its own io_context.
///
/// \par Destroying the context first
/// An io_context may be destroyed before the objects on it. Outstanding handlers are then destroyed
/// without being called, and later calls of the objects fail. See each class.
#pragma once

#include <rtpsynth/asio_server/call.hpp>
#include <rtpsynth/asio_server/channel.hpp>
#include <rtpsynth/asio_server/metrics.hpp>
#include <rtpsynth/asio_server/proc.hpp>
#include <rtpsynth/asio_server/server.hpp>
