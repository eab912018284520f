#include "bind.hpp"

namespace rtpsynth::python {

void bind_proc() {}

} // namespace rtpsynth::python
