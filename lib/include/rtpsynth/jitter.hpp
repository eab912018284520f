/// \file
/// Everything of <rtpsynth/jitter/>.
///
/// \defgroup jitter Jitter buffer
/// rtpsynth::jitter_buffer puts the packets of a stream back into order and says what is missing.
/// rtpsynth::playout turns the packets of a stream of voice into a tick of audio at a time.
#pragma once

#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/jitter/buffer_options.hpp>
#include <rtpsynth/jitter/buffer_stats.hpp>
#include <rtpsynth/jitter/erasure.hpp>
#include <rtpsynth/jitter/playout.hpp>
#include <rtpsynth/jitter/playout_options.hpp>
#include <rtpsynth/jitter/playout_stats.hpp>
