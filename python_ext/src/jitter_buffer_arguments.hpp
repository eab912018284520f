/// \file
/// The options of a jitter buffer: RtpJBuf's arguments, and a channel's jitter_buffer.
#pragma once

#include "core/options.hpp"

#include <rtpsynth/jitter/buffer.hpp>

namespace rtpsynth::python {

extern const option_table<jitter_buffer_options, 4> jitter_buffer_table;

} // namespace rtpsynth::python
