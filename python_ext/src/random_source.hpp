/// \file
/// Where the streams of this module begin: the system's random source, or a Python function's.
#pragma once

#include <rtpsynth/rtp/packet_synth.hpp>

namespace rtpsynth::python {

/// The numbers of a new stream. With the GIL held; may run any Python code.
/// \throws boost::python::error_already_set what the function raised, or TypeError for its result
stream_origin draw_origin();

/// Puts set_randfunc() into the module that is being made.
void bind_random_source();

} // namespace rtpsynth::python
