#include "bind.hpp"

namespace rtpsynth::python {

void bind_jbuf() {}

} // namespace rtpsynth::python
