// How often a test does what it does many times.
#pragma once

#ifndef RTPSYNTH_EFFORT
#    define RTPSYNTH_EFFORT 1
#endif

/// \p all times; a sixteenth of them under an emulator, a quarter under AddressSanitizer, where
/// they take many times as long.
template <class Integer>
constexpr Integer effort(Integer all) {
    return all / RTPSYNTH_EFFORT;
}
