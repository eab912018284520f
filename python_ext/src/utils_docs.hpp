/// \file
/// What Python's help() says of RtpUtils. The first lines are what inspect.signature() reads.
#pragma once

namespace rtpsynth::python {

inline constexpr const char* utils_doc =
    "RtpUtils()\n--\n\n"
    "G.711 and sample rate conversion, as static methods; the module has the same as functions.\n"
    "\n"
    "Samples are native 16-bit integers: an array('h'), or a C-contiguous bytes-like object with\n"
    "an even number of bytes (ValueError). A buffer of other elements is a TypeError. Any thread\n"
    "may call any function; for large blocks other threads run meanwhile.";

inline constexpr const char* linear2ulaw_doc =
    "linear2ulaw(pcm16)\n--\n\n"
    "mu-law (ITU-T G.711) of linear PCM: bytes for a block of samples; for an int, which is "
    "clipped\n"
    "to -32768..32767, an int 0..255. Magnitudes are clipped to 32635.";

inline constexpr const char* ulaw2linear_doc =
    "ulaw2linear(ulaw)\n--\n\n"
    "Linear PCM, -32124..32124, of mu-law (ITU-T G.711): array('h') for a bytes-like object, an "
    "int\n"
    "for the low 8 bits of an int.";

inline constexpr const char* linear2alaw_doc = "linear2alaw(pcm16)\n--\n\n"
                                               "A-law (ITU-T G.711) of linear PCM: bytes for a "
                                               "block of samples; for an int, which is clipped\n"
                                               "to -32768..32767, an int 0..255.";

inline constexpr const char* alaw2linear_doc = "alaw2linear(alaw)\n--\n\n"
                                               "Linear PCM, -32256..32256, of A-law (ITU-T G.711): "
                                               "array('h') for a bytes-like object, an int\n"
                                               "for the low 8 bits of an int.";

inline constexpr const char* resample_linear_doc =
    "resample_linear(pcm16, in_rate, out_rate)\n--\n\n"
    "A block of samples at in_rate as array('h') at out_rate, both in Hz, 1..4294967295\n"
    "(ValueError). n samples become max(1, round(n * out_rate / in_rate)), none become none.\n"
    "\n"
    "Sample i is that at i * in_rate / out_rate, interpolated between its neighbours in double\n"
    "precision and rounded half to even; past the last sample that one is held. Nothing is\n"
    "filtered: going down aliases what lies above half of out_rate.";

} // namespace rtpsynth::python
