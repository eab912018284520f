/// \file
/// The Python type LoopServer.
#pragma once

namespace rtpsynth::python {

/// Puts LoopServer into the module that is being made.
void bind_loop_server();

} // namespace rtpsynth::python
