#include "bind.hpp"

namespace rtpsynth::python {

void bind_utils() {}

} // namespace rtpsynth::python
