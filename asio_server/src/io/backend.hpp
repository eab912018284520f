/// \file
/// The seam between the server and the system: one of two backends, chosen by RTPSYNTH_IO. Both
/// have the same types with the same members:
///
/// - udp_socket: a non-blocking UDP socket; with receive_buffers, what one read fills
/// - ready_set: tells which of many sockets are ready, to Asio in one handler
/// - waker: has whoever waits there return
/// - alarm: has a ready set report an event a little later, for which no memory is needed
/// - capabilities: what the backend can do
///
/// Errors are error_codes of the system category, as Asio's. Nothing above this names an operating
/// system's interface.
#pragma once

#include "io/capabilities.hpp"
#include "io/event.hpp"

#ifdef RTPSYNTH_IO_PORTABLE
#    include "io/portable/alarm.hpp"
#    include "io/portable/ready_set.hpp"
#    include "io/portable/udp_socket.hpp"
#    include "io/portable/waker.hpp"
#else
#    include "io/linux/alarm.hpp"
#    include "io/linux/ready_set.hpp"
#    include "io/linux/udp_socket.hpp"
#    include "io/linux/waker.hpp"
#endif
