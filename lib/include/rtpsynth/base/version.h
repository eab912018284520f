/**
 * \file
 * The version of these headers and of the library behind them. C99 and C++.
 */
#ifndef RTPSYNTH_VERSION_H
#define RTPSYNTH_VERSION_H

#include <rtpsynth/base/compiler.h>

/**
 * \addtogroup base
 * \{
 */

/** A new major version may break programs, a new minor version adds to what there is. */
#define RTPSYNTH_VERSION_MAJOR 2
#define RTPSYNTH_VERSION_MINOR 0
#define RTPSYNTH_VERSION_PATCH 0

/** For comparisons by the preprocessor: 2.1.3 is 20103. */
#define RTPSYNTH_VERSION                                                                           \
    (RTPSYNTH_VERSION_MAJOR * 10000 + RTPSYNTH_VERSION_MINOR * 100 + RTPSYNTH_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/** RTPSYNTH_VERSION of the library that the program runs with. Any thread, any time. */
RTPSYNTH_API int rsynth_version(void);

#ifdef __cplusplus
}
#endif

/** \} */

#endif
