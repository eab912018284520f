/// \file
/// Everything of <rtpsynth/base/>.
///
/// \defgroup base Base
/// What the other topics share: time, NTP time, random numbers, errors, the timer wheel, the
/// histogram of durations, the version.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/duration_histogram.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/base/timer_wheel.hpp>
#include <rtpsynth/base/version.h>
