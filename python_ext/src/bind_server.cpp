#include "bind.hpp"

namespace rtpsynth::python {

void bind_server() {}

} // namespace rtpsynth::python
