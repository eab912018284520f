/* RTPSYNTH_API marks what the shared library exports; everything else is hidden. C99 and C++. */
#ifndef RTPSYNTH_EXPORT_H
#define RTPSYNTH_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#    define RTPSYNTH_API __attribute__((visibility("default")))
#    define RTPSYNTH_NOINLINE __attribute__((noinline))
#    define RTPSYNTH_EXTENSION __extension__ /* C99 has no unnamed unions, its compilers do */
#else
#    define RTPSYNTH_API
#    define RTPSYNTH_NOINLINE
#    define RTPSYNTH_EXTENSION
#endif

#endif
