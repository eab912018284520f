/// \file
/// Servers, channels, frame receivers, timers and their metrics on Boost.Asio.
///
/// \par Errors
/// One style for the whole floor:
/// - what makes an object (a constructor, create_channel) throws: `std::invalid_argument` names the
///   option and its range, `boost::system::system_error` has what the system said;
/// - what an object does returns a `[[nodiscard]] boost::system::error_code` and does not throw;
/// - an asynchronous operation completes with an error_code and throws only `std::bad_alloc`, if it
///   can't be started;
/// - blocking functions of no object (resolve) have Asio's two forms, which throw or set an
///   error_code.
///
/// \par What keeps run() busy
/// On an executor of the application, `io_context::run()` does not return while
/// - an rtp_server exists that was not shut down;
/// - an rtp_proc has a call that is due or a deadline ahead;
/// - a completion has not been called yet.
///
/// Channels, frame receivers and rtp_proc_channels do not keep it busy by themselves. After the
/// destructor or shutdown() of every server and rtp_proc, and the last completion, run() returns. A
/// server or rtp_proc with a thread of its own has its own io_context.
///
/// \par Destroying the context first
/// An io_context may be destroyed before the objects on it: what is outstanding is destroyed
/// without being called, and afterwards every object fails what it is asked. See each class.
#pragma once

#include <rtpsynth/asio_server/channel.hpp>
#include <rtpsynth/asio_server/metrics.hpp>
#include <rtpsynth/asio_server/proc.hpp>
#include <rtpsynth/asio_server/server.hpp>
