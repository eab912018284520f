#include "voip_metrics.hpp"

#include "core/call.hpp"
#include "public_types.hpp"

#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rtpsynth::python {

namespace {

/// The values of a field that are known, and the one that says that it is not: None.
struct optional_range {
    int least, most, unavailable;
};
constexpr optional_range delay{0, 65535, 0};
constexpr optional_range level{-128, 126, 127};
constexpr optional_range echo{0, 126, 127};
constexpr optional_range rating{0, 100, 127};
constexpr optional_range score{10, 50, 127};

/// An enumeration's values by their numbers.
using words = std::array<const char*, 4>;
constexpr words concealments{"unspecified", "disabled", "enhanced", "standard"};
constexpr words buffers{"unknown", "reserved", "fixed", "adaptive"};

/// Calls \p f(name, member, optional_range, words or number of the most) for each field, in the
/// order of the named tuple, until it returns false.
template <class Metrics, class F>
bool for_each_field(Metrics& m, F&& f) {
    return f("ssrc", m.ssrc) && f("loss_rate", m.loss_rate) && f("discard_rate", m.discard_rate) &&
           f("burst_density", m.burst_density) && f("gap_density", m.gap_density) &&
           f("burst_duration_ms", m.burst_duration) && f("gap_duration_ms", m.gap_duration) &&
           f("round_trip_delay_ms", m.round_trip_delay, delay) &&
           f("end_system_delay_ms", m.end_system_delay, delay) &&
           f("signal_level", m.signal_level, level) && f("noise_level", m.noise_level, level) &&
           f("rerl", m.rerl, echo) && f("gmin", m.gmin) && f("r_factor", m.r_factor, rating) &&
           f("ext_r_factor", m.ext_r_factor, rating) && f("mos_lq", m.mos_lq, score) &&
           f("mos_cq", m.mos_cq, score) && f("concealment", m.concealment, concealments) &&
           f("buffer", m.buffer, buffers) && f("buffer_rate", m.buffer_rate, 15) &&
           f("buffer_nominal_ms", m.buffer_nominal) && f("buffer_maximum_ms", m.buffer_maximum) &&
           f("buffer_abs_maximum_ms", m.buffer_abs_maximum);
}
constexpr Py_ssize_t field_count = 23;

/// Puts fields into a tuple.
class field_writer {
public:
    explicit field_writer(PyObject* tuple) noexcept : tuple_(tuple) {}

    template <class Integer>
    bool operator()(const char*, Integer value, int = 0) {
        return put(PyLong_FromLongLong(value));
    }
    // A value out of range is to be ignored (RFC 3611 §4.7.5).
    template <class Integer>
    bool operator()(const char*, Integer value, const optional_range& range) {
        const bool known =
            value != range.unavailable && value >= range.least && value <= range.most;
        return put(known ? PyLong_FromLong(value) : py_ref::share(Py_None).release());
    }
    template <class Enumeration>
    bool operator()(const char*, Enumeration value, const words& names) {
        return put(PyUnicode_FromString(names[static_cast<std::size_t>(value)]));
    }

private:
    bool put(PyObject* owned) {
        if (owned == nullptr) return false;
        PyTuple_SET_ITEM(tuple_, at_++, owned);
        return true;
    }

    PyObject* tuple_;
    Py_ssize_t at_ = 0;
};

/// Takes fields out of a tuple; errors name them as "metrics[INDEX].NAME".
class field_reader {
public:
    field_reader(PyObject* tuple, Py_ssize_t index) : tuple_(tuple), index_(index) {}

    template <class Integer>
    bool operator()(const char* name, Integer& out) {
        return to_integer(next(), full(name).c_str(), out);
    }
    bool operator()(const char* name, std::uint8_t& out, int most) {
        return to_integer(next(), full(name).c_str(), out, 0, most);
    }
    template <class Integer>
    bool operator()(const char* name, Integer& out, const optional_range& range) {
        PyObject* const value = next();
        if (value != Py_None)
            return to_integer(value, full(name).c_str(), out, range.least, range.most);
        out = static_cast<Integer>(range.unavailable);
        return true;
    }
    template <class Enumeration>
    bool operator()(const char* name, Enumeration& out, const words& names) {
        PyObject* const value = next();
        std::string_view word;
        if (!to_text(value, full(name).c_str(), word)) return false;
        const auto* const found = std::ranges::find(names, word);
        if (found != names.end()) {
            out = static_cast<Enumeration>(found - names.begin());
            return true;
        }
        PyErr_Format(PyExc_ValueError, "%s must be '%s', '%s', '%s' or '%s', not %R",
                     full(name).c_str(), names[0], names[1], names[2], names[3], value);
        return false;
    }

private:
    PyObject* next() noexcept { return PyTuple_GET_ITEM(tuple_, at_++); }
    std::string full(const char* name) const {
        return "metrics[" + std::to_string(index_) + "]." + name;
    }

    PyObject* tuple_;
    Py_ssize_t index_;
    Py_ssize_t at_ = 0;
};

py_ref make(const voip_metrics& metrics, PyObject* type) {
    const py_ref fields{PyTuple_New(field_count)};
    if (!fields || !for_each_field(metrics, field_writer{fields.get()})) return {};
    return py_ref{PyObject_CallObject(type, fields.get())};
}

bool to_metrics(PyObject* object, Py_ssize_t index, PyObject* type, voip_metrics& out) {
    const int is = PyObject_IsInstance(object, type);
    if (is < 0) return false;
    if (is == 0 || !PyTuple_Check(object) || PyTuple_GET_SIZE(object) != field_count) {
        PyErr_Format(PyExc_TypeError, "metrics[%zd] must be a VoipMetrics, not %.200s", index,
                     Py_TYPE(object)->tp_name);
        return false;
    }
    return for_each_field(out, field_reader{object, index});
}

} // namespace

bool to_voip_metrics(PyObject* iterable, PyObject* type, std::vector<voip_metrics>& out) {
    const py_ref objects{PySequence_Tuple(iterable)}; // what converts a field cannot change it
    if (!objects) return false;
    const Py_ssize_t count = PyTuple_GET_SIZE(objects.get());
    if (count > static_cast<Py_ssize_t>(rtcp_max_count)) {
        PyErr_Format(PyExc_ValueError, "metrics must be at most %zu, not %zd", rtcp_max_count,
                     count);
        return false;
    }
    out.resize(static_cast<std::size_t>(count));
    for (Py_ssize_t i = 0; i != count; ++i)
        if (!to_metrics(PyTuple_GET_ITEM(objects.get(), i), i, type,
                        out[static_cast<std::size_t>(i)]))
            return false;
    return true;
}

namespace {

PyObject* build(const arguments<3>& a) {
    std::uint32_t ssrc;
    if (!to_integer(a[0], "ssrc", ssrc)) return nullptr;
    std::vector<voip_metrics> metrics;
    if (!to_voip_metrics(a[1], a[2], metrics)) return nullptr;
    std::array<std::uint8_t, 1500> storage;
    rtcp_builder builder(storage, rtcp_mode::reduced_size);
    builder.add_voip_metrics(ssrc, metrics).value();
    const auto packet = builder.bytes();
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(packet.data()),
                                     static_cast<Py_ssize_t>(packet.size()));
}

PyObject* parse(const arguments<2>& a) {
    bytes_view datagram;
    if (!datagram.assign(a[0], "datagram")) return nullptr;
    const auto compound = rtcp_compound_view::parse(datagram.bytes(), rtcp_mode::reduced_size);
    if (!compound) {
        PyErr_Format(PyExc_ValueError, "datagram is not RTCP: %s",
                     make_error_code(compound.error()).message().c_str());
        return nullptr;
    }
    // All is read before an object is made: that may run code that writes to the datagram.
    std::vector<std::pair<std::uint32_t, voip_metrics>> found;
    for (const rtcp_packet_view packet : *compound) {
        const auto report = rtcp_xr_view::parse(packet);
        if (!report) continue;
        for (const xr_block_view block : *report)
            if (const auto metrics = block.as_voip_metrics())
                found.emplace_back(report->ssrc(), *metrics);
    }
    py_ref list{PyList_New(0)};
    if (!list) return nullptr;
    for (const auto& [reporter, metrics] : found) {
        const py_ref object = make(metrics, a[1]);
        if (!object) return nullptr;
        const py_ref pair{
            Py_BuildValue("(kO)", static_cast<unsigned long>(reporter), object.get())};
        if (!pair || PyList_Append(list.get(), pair.get()) != 0) return nullptr;
    }
    return list.release();
}

} // namespace

py_ref make_voip_metrics(const voip_metrics& metrics) {
    const py_ref module{PyImport_ImportModule("rtpsynth.rtcp")};
    if (!module) return {};
    const py_ref type{PyObject_GetAttrString(module.get(), "VoipMetrics")};
    return type ? make(metrics, type.get()) : py_ref{};
}

void bind_voip_metrics() {
    add_functions({function<"_build_voip_metrics(ssrc, metrics, type)", build>(
                       "Behind rtpsynth.rtcp.build_voip_metrics, with the type of its metrics."),
                   function<"_parse_voip_metrics(datagram, type)", parse>(
                       "Behind rtpsynth.rtcp.parse_voip_metrics, with the type of its results.")});
}

} // namespace rtpsynth::python
