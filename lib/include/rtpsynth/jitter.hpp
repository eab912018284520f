/// \file
/// The jitter buffer.
#pragma once

#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/jitter/buffer_options.hpp>
#include <rtpsynth/jitter/buffer_stats.hpp>
#include <rtpsynth/jitter/erasure.hpp>
