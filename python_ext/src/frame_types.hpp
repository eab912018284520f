/// \file
/// The Python objects that frames are: FrameWrapper and what is read from it.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstdint>

namespace rtpsynth::python {

/// A FrameWrapper of a packet that a channel received from \p addr, (host, port). \p packet lies in
/// the bytes object \p bytes. \return none with MemoryError set
py_ref make_packet_frame(const rtp_packet_view& packet, std::int64_t lseq, const py_ref& bytes,
                         py_ref addr);

/// A FrameWrapper of an erasure.
py_ref make_erasure_frame(const erasure& gap);

/// Puts the types into the module that is being made.
void bind_frame_types();

} // namespace rtpsynth::python
