/// \file
/// RTPProfile: what RFC 3551 says of a static payload type.
#pragma once

#include "core/python.hpp"

#include <cstdint>

namespace rtpsynth::python {

/// A new reference to the RTPProfile of a payload type, or to None if RFC 3551 has none.
PyObject* profile_object(std::uint8_t payload_type) noexcept;

/// Puts the type into the module that is being made, and makes its objects, one a payload type.
void bind_rtp_profiles();

} // namespace rtpsynth::python
