#include "bind.hpp"

namespace rtpsynth::python {

void bind_synth() {}

} // namespace rtpsynth::python
