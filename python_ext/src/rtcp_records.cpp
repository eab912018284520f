#include "rtcp_records.hpp"

#include "core/convert.hpp"
#include "core/records.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <string>
#include <string_view>

namespace rtpsynth::python {

namespace {

constexpr const char* module = "rtpsynth.rtcp";
constexpr Py_ssize_t block_fields = 7;

/// A field of blocks[index].
template <class Integer>
bool field(PyObject* block, Py_ssize_t at, const std::string& where, const char* name, Integer& out,
           long long lo = std::numeric_limits<Integer>::min(),
           long long hi = std::numeric_limits<Integer>::max()) {
    const std::string full = where + name;
    return to_integer(PyTuple_GET_ITEM(block, at), full.c_str(), out, lo, hi);
}

} // namespace

py_ref make_report_block(const report_block& b) {
    return make_record(module, "ReportBlock",
                       {make_number(b.ssrc), make_number(b.fraction_lost),
                        py_ref{PyLong_FromLong(b.cumulative_lost)},
                        make_number(b.extended_highest_seq), make_number(b.jitter),
                        make_number(b.last_sr), make_number(b.delay_since_last_sr)});
}

py_ref make_report_record(std::uint32_t ssrc, const sender_info* sender,
                          std::span<const report_block> blocks) {
    py_ref all = tuple_of(blocks, make_report_block);
    if (!all) return all;
    if (sender == nullptr)
        return make_record(module, "ReceiverReport", {make_number(ssrc), std::move(all)});
    const bool known = sender->ntp != ntp_time{};
    return make_record(module, "SenderReport",
                       {make_number(ssrc),
                        known ? py_ref{PyLong_FromLongLong(sender->ntp.unix_time().count())}
                              : py_ref::share(Py_None),
                        make_number(sender->rtp_timestamp), make_number(sender->packet_count),
                        make_number(sender->octet_count), std::move(all)});
}

bool to_report_blocks(PyObject* iterable, const char* name, std::vector<report_block>& out) {
    const py_ref objects{PySequence_Tuple(iterable)};
    const py_ref type = objects ? import_name(module, "ReportBlock") : py_ref{};
    if (!type) return false;
    const Py_ssize_t count = PyTuple_GET_SIZE(objects.get());
    if (count > static_cast<Py_ssize_t>(rtcp_max_count)) {
        PyErr_Format(PyExc_ValueError, "%s must be at most %zu, not %zd", name, rtcp_max_count,
                     count);
        return false;
    }
    for (Py_ssize_t i = 0; i != count; ++i) {
        PyObject* const o = PyTuple_GET_ITEM(objects.get(), i);
        const int is = PyObject_IsInstance(o, type.get());
        if (is < 0) return false;
        if (is == 0 || !PyTuple_Check(o) || PyTuple_GET_SIZE(o) != block_fields) {
            PyErr_Format(PyExc_TypeError, "%s[%zd] must be a ReportBlock, not %.200s", name, i,
                         Py_TYPE(o)->tp_name);
            return false;
        }
        const std::string where = std::string{name} + "[" + std::to_string(i) + "].";
        report_block& b = out.emplace_back();
        if (!field(o, 0, where, "ssrc", b.ssrc) ||
            !field(o, 1, where, "fraction_lost", b.fraction_lost) ||
            !field(o, 2, where, "cumulative_lost", b.cumulative_lost, cumulative_lost_min,
                   cumulative_lost_max) ||
            !field(o, 3, where, "extended_highest_seq", b.extended_highest_seq) ||
            !field(o, 4, where, "jitter", b.jitter) || !field(o, 5, where, "last_sr", b.last_sr) ||
            !field(o, 6, where, "delay_since_last_sr", b.delay_since_last_sr))
            return false;
    }
    return true;
}

bool to_wall_clock(PyObject* value, const char* name, ntp_time& out) {
    if (value == nullptr || value == Py_None) return out = {}, true;
    std::int64_t ns;
    if (!to_integer(value, name, ns, 0, INT64_MAX / 2)) return false;
    out = ntp_time::from_unix(std::chrono::nanoseconds{ns});
    return true;
}

bool set_payload_format(payload_format_table& formats, PyObject* payload_type, PyObject* clock_rate,
                        PyObject* kind) {
    constexpr const char* kinds[] = {"unknown", "media", "event", "comfort_noise"};
    std::uint8_t type;
    payload_format format{.kind = payload_kind::media};
    std::string_view word;
    if (!to_integer(payload_type, "payload_type", type, 0, 127) ||
        !to_integer(clock_rate, "clock_rate", format.clock_rate, 1) ||
        (kind != nullptr && !to_text(kind, "kind", word)))
        return false;
    if (kind != nullptr) {
        const auto* const found = std::ranges::find(kinds, word);
        if (found == std::end(kinds)) {
            PyErr_Format(PyExc_ValueError,
                         "kind must be 'unknown', 'media', 'event' or 'comfort_noise', not %R",
                         kind);
            return false;
        }
        format.kind = static_cast<payload_kind>(found - kinds);
    }
    formats.set(type, format);
    return true;
}

} // namespace rtpsynth::python
