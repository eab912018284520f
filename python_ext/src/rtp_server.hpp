/// \file
/// The Python type RtpServer.
#pragma once

#include "threads/server.hpp"

#include <memory>

namespace rtpsynth::python {

/// The server behind an argument. \return null with TypeError set if it is no RtpServer, or with
/// RuntimeError after shutdown() and in a child after fork()
std::shared_ptr<server> to_server(PyObject* value, const char* name);

} // namespace rtpsynth::python
