/// \file
/// Clocks, NTP time, random numbers, errors, timer wheel, histogram, version.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/duration_histogram.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/base/timer_wheel.hpp>
#include <rtpsynth/base/version.h>
