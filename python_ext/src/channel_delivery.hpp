/// \file
/// From a callback_queue to a channel's Python callbacks. With the GIL held, of which Python may
/// let go during the calls.
#pragma once

#include "threads/callback_queue.hpp"

namespace rtpsynth::python {

/// Delivers the next datagram of \p in, or all that are next and that their channel wants together,
/// as long as the channel is open.
/// \return false with an exception set that is to end the run of an event loop: only a channel with
///         an Inbox that is not threaded has such
bool deliver_next(queued_work& in, callback_queue& queue);

} // namespace rtpsynth::python
