/// \file
/// What an RtpJBuf is made of.
#pragma once

#include "core/heap_type.hpp"
#include "frame_list.hpp"

#include <rtpsynth/jitter/buffer.hpp>

#include <optional>

namespace rtpsynth::python {

using python_jitter_buffer = jitter_buffer<frame_owner>;

/// Everything in here is used with the GIL held, and no Python code runs while \p buffer works:
/// what can run any, as do allocations, conversions and released references, comes before or after.
struct jbuf_object : weak_object {
    std::optional<python_jitter_buffer> buffer; ///< none before __init__
    /// What left the buffer when there was no memory for a list of it: goes out with the next call.
    frame_list unsent;
};

} // namespace rtpsynth::python
