/// \file
/// Everything of <rtpsynth/metrics/>.
///
/// \defgroup metrics Metrics
/// Counters as Prometheus reads them. rtpsynth::metrics_page is the text; overloads of
/// rtpsynth::add_metrics write the statistics of the other topics to it, as the server's do in
/// namespace rtpsynth::asio_server. Nothing is counted for it: an application that makes no page
/// pays nothing.
#pragma once

#include <rtpsynth/metrics/labels.hpp>
#include <rtpsynth/metrics/page.hpp>
#include <rtpsynth/metrics/stream_metrics.hpp>
