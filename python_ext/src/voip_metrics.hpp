/// \file
/// VoIP metrics as the named tuple of rtpsynth.rtcp.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/rtcp/voip_metrics.hpp>

namespace rtpsynth::python {

/// A rtpsynth.rtcp.VoipMetrics. \return none with an error set
py_ref make_voip_metrics(const voip_metrics& metrics);

} // namespace rtpsynth::python
