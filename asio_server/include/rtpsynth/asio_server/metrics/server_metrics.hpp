/// \file
/// The statistics of servers, channels, relays and timers as metrics.
#pragma once

#include <rtpsynth/asio_server/call/relay_options.hpp>
#include <rtpsynth/asio_server/call/voice_stream_stats.hpp>
#include <rtpsynth/asio_server/channel/frame_receiver.hpp>
#include <rtpsynth/asio_server/channel/port_range.hpp>
#include <rtpsynth/asio_server/channel/stats.hpp>
#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/asio_server/server/options.hpp>
#include <rtpsynth/asio_server/server/rtp_server_pool.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/metrics/labels.hpp>
#include <rtpsynth/metrics/page.hpp>
#include <rtpsynth/metrics/stream_metrics.hpp>

namespace rtpsynth::asio_server {

using rtpsynth::add_metrics;

/// Adds `rtpsynth_channel_…`: the counters of one channel. \throws std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const channel_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_server_…`: the same counters, summed over the server's open and closed channels,
/// open channels, ticks and exceptions. \throws std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const server_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_server_…` for each server, with its index as label `server`.
/// \throws std::invalid_argument if there is such a label already; std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const rtp_server_pool& pool,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_ports…`: places of the range, in use, and taken by others. \throws std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const port_range_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_frame_receiver_…`, and `rtpsynth_jitter_buffer_…` of its jitter buffer.
/// \throws std::invalid_argument if there is a label `kind` already; std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const frame_receiver_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_relay_…` for one side of an rtp_relay: RTP packets and RTCP compounds received
/// and forwarded, and those dropped by `reason`; sources latched to; segments of the stream; media
/// timeouts. \throws std::invalid_argument if there is a label `reason` already; std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const relay_leg_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_voice_…`: packets and ticks that were sent, and those that were late, missed or
/// refused, what of the received was dropped by `reason`, events and audio that nobody read in
/// time, sources latched to and the round-trip time; and `rtpsynth_playout_…`. What
/// voice_stream::quality() returns is `rtpsynth_call_…`. \throws std::invalid_argument if there is
/// a label `reason` or `kind` already; std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const voice_stream_stats& stats,
                              const metric_labels& labels = {});

/// Adds `rtpsynth_proc_…`: calls, and their lateness as a histogram. \throws std::bad_alloc
RTPSYNTH_API void add_metrics(metrics_page& page, const rtp_proc_stats& stats,
                              const metric_labels& labels = {});

} // namespace rtpsynth::asio_server
