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
/// Samples may be added in any order. The page groups those of one name into a family, under one
/// HELP and one TYPE; families are in the order of their first samples. Samples of one name must
/// have different labels.
///
/// A metric's name consists of letters, digits, `_` and `:`, and does not begin with a digit. The
/// names that this library gives are composed of `rtpsynth_`, the kind of object, the quantity, the
/// unit (seconds, bytes; ratios are 0..1), and `_total` for a counter.
///
/// \par Errors
/// std::invalid_argument for an invalid name, and for a name that was added with another type.
/// Labels are checked by metric_labels.
///
/// \par Exception safety
/// Strong guarantee: if there is no memory for a sample, including the HELP and TYPE of a new
/// family or all lines of a histogram, nothing of it is added. Earlier samples stay.
///
/// \par Thread safety
/// Distinct objects are independent; one object needs external locking.
class RTPSYNTH_API metrics_page {
public:
    /// The `Content-Type` with which an HTTP server answers.
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

    /// Adds a number that only increases while the process runs.
    /// \param name  ends with `_total`
    /// \param help  a description; that of the family's first sample is used
    void counter(std::string_view name, std::string_view help, std::uint64_t value,
                 const metric_labels& labels = {});

    /// Adds a number that may decrease. NaN and infinities are written as such.
    void gauge(std::string_view name, std::string_view help, double value,
               const metric_labels& labels = {});

    /// Adds durations in seconds, in 27 cumulative buckets and `+Inf`. The upper limits of the
    /// buckets are 2^10-1 to 2^36-1 nanoseconds (1.023 µs to 68.7 s). Counts are exact, since no
    /// bucket of \p values overlaps two of these. `NAME_sum` is a double.
    void histogram(std::string_view name, std::string_view help, const duration_histogram& values,
                   const metric_labels& labels = {});

    /// The text of the page.
    std::string text() const;

private:
    struct family {
        std::string head; // HELP and TYPE
        const char* type;
        std::string samples;
    };

    /// Adds all of \p samples, which are formatted already, or nothing.
    void add(std::string_view name, std::string_view help, const char* type, std::string samples);

    std::deque<family> families_;                          // in order
    std::unordered_map<std::string, std::size_t> by_name_; // indices, which are valid in a copy too
};

/// \}

} // namespace rtpsynth
