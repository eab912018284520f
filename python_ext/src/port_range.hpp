/// \file
/// The Python type PortRange.
#pragma once

#include "core/python.hpp"

#include <rtpsynth/asio_server/channel/port_range.hpp>

#include <memory>

namespace rtpsynth::python {

/// The range behind an argument. \return null with TypeError set if it is no PortRange, or with
/// RuntimeError if it was made before fork()
std::shared_ptr<asio_server::port_range> to_port_range(PyObject* value, const char* name);

/// Puts PortRange into the module that is being made.
void bind_port_range();

} // namespace rtpsynth::python
