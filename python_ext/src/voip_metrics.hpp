/// \file
/// VoIP metrics as the named tuple of rtpsynth.rtcp.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/rtcp/voip_metrics.hpp>

#include <vector>

namespace rtpsynth::python {

/// A rtpsynth.rtcp.VoipMetrics. \return none with an error set
py_ref make_voip_metrics(const voip_metrics& metrics);

/// At most 31 of an iterable, \p type being VoipMetrics. \return false with an error set
bool to_voip_metrics(PyObject* iterable, PyObject* type, std::vector<voip_metrics>& out);

} // namespace rtpsynth::python
