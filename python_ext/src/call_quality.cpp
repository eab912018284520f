#include "core/heap_type.hpp"
#include "metrics.hpp"
#include "public_types.hpp"
#include "voice_call.hpp"
#include "voip_metrics.hpp"

#include <rtpsynth/audio/call_quality.hpp>
#include <rtpsynth/metrics/stream_metrics.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace rtpsynth::python {

namespace {

struct quality_payload {
    std::optional<call_quality> quality; // none before __init__
    bool initialised() const noexcept { return quality.has_value(); }
};

/// The arguments codec and concealed. \return nullopt with the error set
std::optional<codec_impairment> to_impairment(PyObject* codec, PyObject* concealed) {
    const int conceals = concealed == nullptr ? 1 : PyObject_IsTrue(concealed);
    if (conceals < 0) return std::nullopt;
    if (codec == nullptr) return impairment_of("PCMU", conceals != 0);
    std::string_view name;
    if (!to_text(codec, "codec", name)) return std::nullopt;
    const auto known = impairment_of(name, conceals != 0);
    if (!known) PyErr_Format(PyExc_ValueError, "the impairment of codec %R is not known", codec);
    return known;
}

bool initialise(quality_payload& self, const arguments<2>& a) {
    const auto codec = to_impairment(a[0], a[1]);
    if (!codec) return false;
    self.quality.emplace(*codec);
    return true;
}

PyObject* set_codec(quality_payload& self, const arguments<2>& a) {
    const auto codec = to_impairment(a[0], a[1]);
    if (!codec) return nullptr;
    self.quality->set_codec(*codec);
    Py_RETURN_NONE;
}

template <void (call_quality::*Count)(std::uint64_t)>
PyObject* count(quality_payload& self, const arguments<1>& a) {
    std::uint64_t packets = 1;
    if (a[0] != nullptr && !to_integer(a[0], "packets", packets, 0, INT32_MAX)) return nullptr;
    ((*self.quality).*Count)(packets);
    Py_RETURN_NONE;
}

bool to_delay(PyObject* value, const char* name, duration& out) {
    std::int64_t ns;
    constexpr std::int64_t hour = 3'600'000'000'000;
    if (!to_integer(value, name, ns, 0, hour)) return false;
    out = duration{ns};
    return true;
}

PyObject* set_delay(quality_payload& self, const arguments<3>& a) {
    duration round_trip, end_system;
    std::optional<duration> remote;
    if (!to_delay(a[0], "round_trip_ns", round_trip) ||
        !to_delay(a[1], "end_system_ns", end_system) ||
        (a[2] != nullptr && a[2] != Py_None &&
         !to_delay(a[2], "remote_end_system_ns", remote.emplace())))
        return nullptr;
    self.quality->set_delay(round_trip, end_system, remote);
    Py_RETURN_NONE;
}

PyObject* metrics(quality_payload& self, const arguments<2>& a) {
    std::uint32_t ssrc;
    duration ptime;
    if (!to_integer(a[0], "ssrc", ssrc) || !to_delay(a[1], "ptime_ns", ptime)) return nullptr;
    return make_voip_metrics(self.quality->metrics(ssrc, ptime)).release();
}

template <std::optional<double> (call_quality::*Rating)() const>
PyObject* rating(const quality_payload& self) {
    const auto value = ((*self.quality).*Rating)();
    if (!value) Py_RETURN_NONE;
    return PyFloat_FromDouble(*value);
}

PyObject* get_loss_percent(const quality_payload& self) {
    return PyFloat_FromDouble(self.quality->loss_percent());
}

PyObject* get_burst_ratio(const quality_payload& self) {
    return PyFloat_FromDouble(self.quality->losses().burst_ratio());
}

PyObject* get_expected(const quality_payload& self) {
    return PyLong_FromUnsignedLongLong(self.quality->losses().expected());
}

PyObject* rate(const arguments<22>& a) {
    // In the order of the function's parameters.
    constexpr double emodel_parameters::*members[] = {
        &emodel_parameters::slr,  &emodel_parameters::rlr,       &emodel_parameters::stmr,
        &emodel_parameters::lstr, &emodel_parameters::ds,        &emodel_parameters::telr,
        &emodel_parameters::wepl, &emodel_parameters::t,         &emodel_parameters::tr,
        &emodel_parameters::ta,   &emodel_parameters::qdu,       &emodel_parameters::ie,
        &emodel_parameters::bpl,  &emodel_parameters::ppl,       &emodel_parameters::burst_r,
        &emodel_parameters::nc,   &emodel_parameters::nfor,      &emodel_parameters::ps,
        &emodel_parameters::pr,   &emodel_parameters::advantage, &emodel_parameters::st,
        &emodel_parameters::mt};
    static_assert(std::size(members) == std::tuple_size_v<arguments<22>>);
    emodel_parameters p;
    for (std::size_t i = 0; i != a.size(); ++i)
        if (!to_double(a[i], p.*members[i])) return nullptr;
    return PyFloat_FromDouble(r_factor(p));
}

PyObject* mos(const arguments<1>& a) {
    double r = 0;
    return to_double(a[0], r) ? PyFloat_FromDouble(mos_of(r)) : nullptr;
}

} // namespace

py_ref make_call_quality(const call_quality& quality) {
    return heap_type<quality_payload>::create([&](instance<quality_payload>& object) {
        object.payload.quality = quality;
        return true;
    });
}

namespace {

constexpr const char* quality_doc =
    R"(Rates one direction of a call by the E-model (ITU-T G.107). Feed it with what became of each packet
after the jitter buffer, in order of sequence numbers.

codec: its name as in SDP: PCMU, PCMA, L16, G722, opus, G723, G729 or GSM-EFR (ValueError: another
one); concealed: losses are concealed and not left silent. Ratings are None while there is no packet
to judge. Calling __init__ again forgets all.)";

constexpr const char* set_delay_doc =
    R"(Tells the delays, in ns, 0..3600000000000 (ValueError): between the RTP interfaces and back; of our
side, encoding, jitter buffer and decoding; and of the other (None: as ours). They lower r and mos.)";

constexpr const char* metrics_doc =
    R"(A rtpsynth.rtcp.VoipMetrics for an extended report (RFC 3611, section 4.7). Levels and the fields of
the jitter buffer are left to you. R and the conversational MOS are None until set_delay() is called.

ssrc: the source that is judged, 0..4294967295 (ValueError)
ptime_ns: media in one of its packets, 0..3600000000000 (ValueError))";

constexpr const char* r_factor_doc =
    R"(The rating factor R of ITU-T G.107, not clamped, from its parameters by their names there (advantage
is A). Delays in ms, levels in dB, ppl in percent. The defaults give 93.2. NaN: a parameter is far out
of its range.)";

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    const auto* const self = initialised<quality_payload>(object);
    if (self == nullptr) return false;
    add_metrics(page, *self->quality, labels);
    return true;
}

} // namespace

void bind_call_quality() {
    auto* const type = heap_type<quality_payload>::add({
        .name = "rtpsynth.media.CallQuality",
        .doc = quality_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"CallQuality(codec='PCMU', concealed=True)", initialise>(),
        .methods = {method<"received(packets=1)", count<&call_quality::received>>(
                        "The next packets, 0..2147483647, were played."),
                    method<"lost(packets=1)", count<&call_quality::lost>>(
                        "The next packets never arrived."),
                    method<"discarded(packets=1)", count<&call_quality::discarded>>(
                        "The next packets arrived and were not played."),
                    method<"set_codec(codec, concealed=True)", set_codec>(
                        "Another codec. The whole call is rated by the last one."),
                    method<"set_delay(round_trip_ns, end_system_ns, remote_end_system_ns=None)",
                           set_delay>(set_delay_doc),
                    method<"metrics(ssrc, ptime_ns)", metrics>(metrics_doc)},
        .attributes =
            {attribute<rating<&call_quality::r>>(
                 "r", "float | None: rating factor, not clamped; 93.2 is the best of telephony."),
             attribute<rating<&call_quality::mos>>(
                 "mos", "float | None: mean opinion score, 1..4.5, of a conversation."),
             attribute<rating<&call_quality::listening_mos>>(
                 "listening_mos", "float | None: the same without delay."),
             attribute<get_loss_percent>("loss_percent", "float: packets not played, of all."),
             attribute<get_burst_ratio>("burst_ratio",
                                        "float: 1 for random losses, above for bursty ones."),
             attribute<get_expected>("expected", "int: packets counted.")},
    });
    publish_metrics(type, write_metrics);
    add_functions(
        {function<"r_factor(slr=8, rlr=2, stmr=15, lstr=18, ds=3, telr=65, wepl=110, t=0, tr=0, "
                  "ta=0, qdu=1, ie=0, bpl=4.3, ppl=0, burst_r=1, nc=-70, nfor=-64, ps=35, pr=35, "
                  "advantage=0, st=1, mt=100)",
                  rate>(r_factor_doc),
         function<"mos_of(r)", mos>(
             "The mean opinion score, 1..4.5, for a rating factor (ITU-T G.107 annex B).")});
}

} // namespace rtpsynth::python
