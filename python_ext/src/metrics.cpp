#include "metrics.hpp"

#include "core/heap_type.hpp"
#include "public_types.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rtpsynth::python {

namespace {

struct page_payload {
    std::optional<metrics_page> page; // none before __init__
    bool initialised() const noexcept { return page.has_value(); }
};

struct publication {
    PyTypeObject* type;
    metrics_writer write;
};

std::vector<publication>& publications() {
    static auto* const all = new std::vector<publication>; // for good, as the types
    return *all;
}

metrics_writer writer_of(PyObject* object) {
    for (const publication& p : publications())
        if (PyObject_TypeCheck(object, p.type) != 0) return p.write;
    PyErr_Format(PyExc_TypeError, "%.200s has no metrics", Py_TYPE(object)->tp_name);
    return nullptr;
}

/// Names that the library gives; a type of another kind would spoil them.
constexpr std::string_view own_prefix = "rtpsynth_";

bool to_labels(PyObject* value, metric_labels& out) {
    if (value == nullptr || value == Py_None) return true;
    if (!PyDict_Check(value)) {
        PyErr_Format(PyExc_TypeError, "labels must be a dict, not %.200s", Py_TYPE(value)->tp_name);
        return false;
    }
    PyObject *name = nullptr, *text = nullptr;
    // No Python code runs meanwhile that could change the dict.
    for (Py_ssize_t at = 0; PyDict_Next(value, &at, &name, &text) != 0;) {
        std::string_view n, t;
        if (!to_text(name, "a label's name", n) || !to_text(text, "a label's value", t))
            return false;
        out = out.with(n, t);
    }
    return true;
}

bool initialise(page_payload& self, const arguments<0>&) {
    self.page.emplace();
    return true;
}

PyObject* add(page_payload& self, const arguments<2>& a) {
    const metrics_writer write = writer_of(a[0]);
    metric_labels labels;
    if (write == nullptr || !to_labels(a[1], labels)) return nullptr;
    metrics_page trial; // where what fails leaves the page as it is
    if (!write(a[0], trial, labels) || !write(a[0], *self.page, labels)) return nullptr;
    Py_RETURN_NONE;
}

/// The arguments of counter() and gauge() but for the value.
struct sample {
    std::string_view name, help;
    metric_labels labels;

    bool parse(const arguments<4>& a) {
        if (!to_text(a[0], "name", name) || !to_text(a[1], "help", help) ||
            !to_labels(a[3], labels))
            return false;
        if (!name.starts_with(own_prefix)) return true;
        PyErr_Format(PyExc_ValueError, "name must not begin with rtpsynth_, unlike %R", a[0]);
        return false;
    }
};

PyObject* counter(page_payload& self, const arguments<4>& a) {
    sample s;
    long long value;
    if (!s.parse(a) || !to_integer(a[2], "value", 0, INT64_MAX, value)) return nullptr;
    self.page->counter(s.name, s.help, static_cast<std::uint64_t>(value), s.labels);
    Py_RETURN_NONE;
}

PyObject* gauge(page_payload& self, const arguments<4>& a) {
    sample s;
    double value = 0;
    if (!s.parse(a) || !to_double(a[2], value)) return nullptr;
    self.page->gauge(s.name, s.help, value, s.labels);
    Py_RETURN_NONE;
}

PyObject* text(page_payload& self) {
    const std::string all = self.page->text();
    return PyUnicode_DecodeUTF8(all.data(), static_cast<Py_ssize_t>(all.size()), "replace");
}

constexpr const char* page_doc =
    R"(A page of metrics in the text format of Prometheus, version 0.0.4. Make one for each request, add
what is to be on it, and answer with text(); nothing is counted for it before.

Samples of one name must have different labels. Labels are a dict of str: names of letters, digits and
'_' that do not begin with a digit or '__' and are not 'le' (ValueError). A label for each of a few
trunks is cheap, one for each of a million calls is not: Prometheus keeps a series for each.)";

constexpr const char* add_doc =
    R"(Adds all metrics of an object: RtpServer, RtpChannel, RtpProc, RtpRelay, PortRange, RtpJBuf, Playout,
CallQuality, ReceiverStats. Their names begin with rtpsynth_ and the kind of object. A relay's have a
label leg, 'a' or 'b'; some have a label reason or kind.

Raises TypeError for another object, ValueError for labels that are invalid or that the metrics have
themselves, RuntimeError for an object that was made before fork(). Then nothing is added.)";

constexpr const char* counter_doc =
    R"(Adds a number of your own that only increases, 0..2**63 - 1; its name ends with _total.
ValueError: a name that is invalid, begins with rtpsynth_ or was added as a gauge.)";

constexpr const char* gauge_doc = R"(Adds a number of your own that may decrease, a float.
ValueError: as for counter().)";

} // namespace

void publish_metrics(PyTypeObject* type, metrics_writer writer) {
    publications().push_back({type, writer});
}

void bind_metrics() {
    heap_type<page_payload>::add({
        .name = "rtpsynth.metrics.MetricsPage",
        .doc = page_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"MetricsPage()", initialise>(),
        .methods = {method<"add(source, labels=None)", add>(add_doc),
                    method<"counter(name, help, value, labels=None)", counter>(counter_doc),
                    method<"gauge(name, help, value, labels=None)", gauge>(gauge_doc),
                    method<"text()", text>("The page, a str: what the requester gets as UTF-8.")},
    });
}

} // namespace rtpsynth::python
