/* Shared by the tests of the synthesiser's C face: what a packet says. */
#ifndef RTPSYNTH_TEST_RTPSYNTH_PACKETS_H
#define RTPSYNTH_TEST_RTPSYNTH_PACKETS_H

#include <stddef.h>

static inline unsigned long timestamp_of(const void* packet) {
    const unsigned char* const p = packet;
    return (unsigned long)p[4] << 24 | (unsigned long)p[5] << 16 | (unsigned long)p[6] << 8 | p[7];
}

static inline unsigned int seq_of(const void* packet) {
    const unsigned char* const p = packet;
    return (unsigned int)p[2] << 8 | p[3];
}

static inline int all(const void* bytes, size_t n, int value) {
    const unsigned char* p = bytes;
    for (; n != 0; --n, ++p) {
        if (*p != value) return 0;
    }
    return 1;
}

#endif
