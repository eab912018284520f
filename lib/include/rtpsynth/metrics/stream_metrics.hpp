/// \file
/// The statistics of streams as metrics.
#pragma once

#include <rtpsynth/audio/call_quality.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/jitter/buffer_stats.hpp>
#include <rtpsynth/jitter/playout_stats.hpp>
#include <rtpsynth/metrics/labels.hpp>
#include <rtpsynth/metrics/page.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>

namespace rtpsynth {

/// \addtogroup metrics
/// \{

/// Adds `rtpsynth_receiver_…`: packets received, duplicate and reordered, restarts and collisions
/// as counters; packets missing and rejected, which may decrease, as gauges; and the jitter in
/// seconds, also a gauge, once it is known.
/// \throws std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const receiver_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_jitter_buffer_…`: packets received, and dropped by `reason`, erasures, restarts.
/// \throws std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const jitter_buffer_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_playout_…`: packets, ticks by `kind`, delays in seconds. \throws std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const playout_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_call_…`: MOS and rating factor, once there is a packet to judge; the ratio of
/// packets not played; bursts. \throws std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const call_quality& quality,
                              const metric_labels& labels = {});

/// \}

} // namespace rtpsynth
