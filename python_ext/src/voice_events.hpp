/// \file
/// The events of a call as Python has them: the named tuples of rtpsynth.voice. With the GIL held.
#pragma once

#include "threads/callback_queue.hpp"
#include "threads/voice_link.hpp"

#include "core/py_ref.hpp"

#include <memory>

namespace rtpsynth::python {

/// Imports rtpsynth.voice, if that has not been done. \return false with an error set
bool load_voice_types();

/// Takes the oldest event of a call's link, whose backlog is not empty, as an object.
/// \return none with MemoryError set: then an Audio is still there
py_ref take_voice_event(voice_link& link);

/// Delivers what a call has: tells who waits for an operation, and hands events to its Inbox or
/// callback, as long as the call is open.
/// \return false with an exception set that is to end the run of an event loop
bool deliver_voice(const std::shared_ptr<voice_link>& link, callback_queue& queue);

/// A tuple (item, ms), a rtpsynth.voice.Played; (None, 0) for nullopt.
py_ref make_played(const std::optional<played_item>& item);

} // namespace rtpsynth::python
