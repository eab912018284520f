/// \file
/// Which objects of Python have metrics.
#pragma once

#include "core/python.hpp"

#include <rtpsynth/metrics/labels.hpp>
#include <rtpsynth/metrics/page.hpp>

namespace rtpsynth::python {

/// Adds the metrics of \p object, an instance of the type that was published, to \p page.
/// With the GIL held. \return false with an error set
/// \throws std::invalid_argument if a label of its own is in \p labels already; std::bad_alloc
using metrics_writer = bool (*)(PyObject* object, metrics_page& page, const metric_labels& labels);

/// Tells MetricsPage.add() how to write instances of \p type, which is kept for good.
void publish_metrics(PyTypeObject* type, metrics_writer writer);

/// Puts MetricsPage into the module that is being made.
void bind_metrics();

} // namespace rtpsynth::python
