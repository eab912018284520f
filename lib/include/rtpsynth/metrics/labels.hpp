/// \file
/// The labels of a metric.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace rtpsynth {

/// \addtogroup metrics
/// \{

/// The labels of a sample, in the format of the page: `call="4711",leg="a"`.
///
///     const metric_labels labels{{"call", call_id}, {"leg", "a"}};
///
/// Prometheus keeps a time series for each set of labels for as long as it keeps data: a label for
/// each of a few trunks is cheap, one for each of a million calls is not.
///
/// \par Thread safety
/// A value type; distinct objects are independent.
class RTPSYNTH_API metric_labels {
public:
    using label = std::pair<std::string_view, std::string_view>; ///< name and value

    metric_labels() = default;

    /// A name consists of letters, digits and `_`, does not begin with a digit or `__`, and is not
    /// `le`. A value may contain any bytes. Those that are not valid UTF-8, for which Prometheus
    /// would refuse the whole page, are replaced by U+FFFD.
    /// \throws std::invalid_argument naming the label whose name is invalid or occurs twice
    metric_labels(std::initializer_list<label> labels);

    /// A copy of these labels with one more. \throws as above
    metric_labels with(std::string_view name, std::string_view value) const;

    /// The text of the labels, without braces; empty if there are none.
    const std::string& text() const noexcept { return text_; }

private:
    void add(std::string_view name, std::string_view value);

    std::string text_;
};

/// \}

} // namespace rtpsynth
