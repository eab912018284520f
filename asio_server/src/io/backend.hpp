/// \file
/// The interface between the server and the operating system: one of two backends, selected by
/// RTPSYNTH_IO. Both have the same types with the same members:
///
/// - udp_socket: a non-blocking UDP socket; receive_buffers: the memory that one read fills
/// - ready_set: tells which of many sockets are ready, with one Asio handler for all
/// - waker: makes a thread that waits in the ready set return
/// - alarm: makes a ready set report an event a little later, without needing memory
/// - capabilities: the features of the backend
///
/// Errors are error_codes of the system category, as in Asio. Only the backends use interfaces of
/// an operating system.
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
