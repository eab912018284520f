// How often a test does what it does many times.
#pragma once

#ifndef RTPSYNTH_EFFORT
#    define RTPSYNTH_EFFORT 1
#endif

/// \p all times; under an emulator, which takes ten times as long or more, a part of them.
template <class Integer>
constexpr Integer effort(Integer all) {
    return all / RTPSYNTH_EFFORT;
}
