/// \file
/// A page of metrics in the text format of Prometheus.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/duration_histogram.hpp>
#include <rtpsynth/metrics/labels.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rtpsynth {

/// \addtogroup metrics
/// \{

/// A page of metrics: the text format of Prometheus, version 0.0.4, which OpenTelemetry's
/// collector, VictoriaMetrics and others read, too.
///
///     metrics_page page;
///     add_metrics(page, playout.stats(), {{"call", "4711"}});
///     page.gauge("myapp_calls", "Calls that are up", calls.size());
///     reply(metrics_page::content_type, page.text());
///
/// Samples may be added in any order. Those of one name are a family, and come together, under one
/// HELP and one TYPE; families come in the order in which they were added first. Two samples of one
/// name need different labels, or Prometheus refuses the later one.
///
/// Names are Prometheus's: letters, digits, `_` and `:`, not a digit first. Ours are
/// `rtpsynth_`, what it is of, what is counted, the unit (seconds, bytes; a ratio is 0..1), and
/// `_total` for counters.
///
/// \par Errors
/// A name that is wrong, or that was added as another type, is a fault of the program:
/// std::invalid_argument. Labels check themselves.
///
/// \par Exception safety
/// Strong: a sample, with the HELP and TYPE of a new family and all lines of a histogram, is added
/// whole or not at all, also where memory runs out. What was added before stays.
///
/// \par Thread safety
/// Distinct objects are independent; one object needs external locking.
class RTPSYNTH_API metrics_page {
public:
    /// What an HTTP server answers with as `Content-Type`.
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

    /// A number that only grows, until the process ends.
    /// \param name  with `_total` at the end
    /// \param help  a line for people; that of the family's first sample counts
    void counter(std::string_view name, std::string_view help, std::uint64_t value,
                 const metric_labels& labels = {});

    /// A number that may fall. NaN and infinities are written as such.
    void gauge(std::string_view name, std::string_view help, double value,
               const metric_labels& labels = {});

    /// Durations in seconds, in 27 cumulative buckets, whose upper limits are the greatest numbers
    /// of nanoseconds of 10 to 36 bits (1.023 µs to 68.7 s), and `+Inf`. Counts are exact, since
    /// no bucket of the histogram lies in two of these. `NAME_sum` is a double.
    void histogram(std::string_view name, std::string_view help, const duration_histogram& values,
                   const metric_labels& labels = {});

    /// The whole page.
    std::string text() const;

private:
    struct family {
        std::string head; // HELP and TYPE
        const char* type;
        std::string samples;
    };

    /// All of \p samples, or nothing: they are written before the page is changed.
    void add(std::string_view name, std::string_view help, const char* type, std::string samples);

    std::deque<family> families_;                          // in order
    std::unordered_map<std::string, std::size_t> by_name_; // index in families_, also of a copy
};

/// \}

} // namespace rtpsynth
