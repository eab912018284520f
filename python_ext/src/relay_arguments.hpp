/// \file
/// What RtpRelay is called with.
#pragma once

#include "core/options.hpp"

#include <cstdint>
#include <optional>

namespace rtpsynth::python {

/// Python's objects are borrowed from the call; null if there is none.
struct relay_arguments {
    PyObject* server = nullptr;
    PyObject* a = nullptr;
    PyObject* b = nullptr;
    PyObject* ports = nullptr;
    std::optional<std::int64_t> media_timeout_ns;
    PyObject* on_media_timeout = nullptr;
    PyObject* on_source_changed = nullptr;
};

extern const option_table<relay_arguments, 7> relay_table;

} // namespace rtpsynth::python
