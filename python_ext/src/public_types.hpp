/// \file
/// What the module is made of; each part has a source file of its name.
#pragma once

namespace rtpsynth::python {

void bind_synth();
void bind_utils();
void bind_jbuf();
void bind_server();
void bind_proc();

} // namespace rtpsynth::python
