#include "core/heap_type.hpp"
#include "core/stats.hpp"
#include "metrics.hpp"
#include "public_types.hpp"
#include "rtcp_records.hpp"

#include <rtpsynth/metrics/stream_metrics.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <iterator>
#include <optional>

namespace rtpsynth::python {

namespace {

struct reception_payload {
    std::optional<receiver_stats> stats; // none before __init__
    payload_format_table formats;
    bool initialised() const noexcept { return stats.has_value(); }
};

bool initialise(reception_payload& self, const arguments<4>& a) {
    std::uint32_t clock_rate = 8000;
    receiver_stats_options o;
    if ((a[0] != nullptr && !to_integer(a[0], "clock_rate", clock_rate, 1)) ||
        (a[1] != nullptr && !to_integer(a[1], "min_sequential", o.min_sequential, 0, 65535)) ||
        (a[2] != nullptr && !to_integer(a[2], "max_dropout", o.max_dropout, 2, 65535)) ||
        (a[3] != nullptr && !to_integer(a[3], "max_misorder", o.max_misorder, 0, 65535)))
        return false;
    self.stats.emplace(clock_rate, o);
    self.formats = {};
    return true;
}

PyObject* set_format(reception_payload& self, const arguments<3>& a) {
    if (!set_payload_format(self.formats, a[0], a[1], a[2])) return nullptr;
    Py_RETURN_NONE;
}

PyObject* update(reception_payload& self, const arguments<2>& a) {
    time_point now;
    bytes_view datagram;
    rtp_packet_view packet;
    if (!to_time(a[1], now) || !datagram.assign(a[0], "packet") || !to_packet(datagram, packet))
        return nullptr;
    constexpr const char* names[] = {"in_order",  "reordered", "duplicate",
                                     "restarted", "probation", "rejected"};
    static_assert(std::size(names) ==
                  static_cast<std::size_t>(receiver_stats::outcome::rejected) + 1);
    const payload_format format = self.formats[packet.payload_type()];
    const auto outcome = format.clock_rate != 0 ? self.stats->update(packet, now, format)
                                                : self.stats->update(packet, now);
    return PyUnicode_InternFromString(names[static_cast<std::size_t>(outcome)]);
}

PyObject* sender_report_received(reception_payload& self, const arguments<2>& a) {
    time_point now;
    ntp_time ntp;
    if (!to_wall_clock(a[0], "wall_clock_ns", ntp) || !to_time(a[1], now)) return nullptr;
    self.stats->sender_report_received(ntp, now);
    Py_RETURN_NONE;
}

PyObject* make_report(reception_payload& self, const arguments<2>& a) {
    std::uint32_t ssrc;
    time_point now;
    if (!to_integer(a[0], "ssrc", ssrc) || !to_time(a[1], now)) return nullptr;
    return make_report_block(self.stats->make_report(ssrc, now)).release();
}

PyObject* get_valid(const reception_payload& self) { return PyBool_FromLong(self.stats->valid()); }

PyObject* get_stats(const reception_payload& self) { return make_stats(*self.stats).release(); }

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    const auto* const self = initialised<reception_payload>(object);
    if (self == nullptr) return false;
    add_metrics(page, *self->stats, labels);
    return true;
}

constexpr const char* reception_doc =
    R"(Loss, duplicates, order and jitter of the packets of one SSRC (RFC 3550 A.1, A.3, A.8). Pass it every
packet of the source in order of arrival.

clock_rate: Hz, 1..4294967295, of payload types that are neither static nor set by set_format().
min_sequential, 0..65535: packets in sequence that make a source valid. max_dropout, 2..65535, and
max_misorder, 0..65535: a packet so far ahead or behind is looked at again when the next has come: it
may be a stray, or the sender's restart. Else: ValueError. Calling __init__ again begins anew.)";

constexpr const char* set_format_doc =
    R"(Tells the clock rate in Hz and the kind of a payload type, 0..127, as SdpFormat has them. Events and
comfort noise do not make jitter.)";

constexpr const char* update_doc =
    R"(Counts an RTP packet, bytes-like, that arrived at now_ns, 0..2**62 - 1, of any clock. Returns how:
'in_order', 'reordered', 'duplicate', 'restarted' or, not counted as received, 'probation' (the source
is not valid yet) or 'rejected' (far from the others, until the next one explains it). ValueError: the
packet is not RTP.)";

constexpr const char* sender_report_doc =
    R"(Tells of a SenderReport of the source, with its wall_clock_ns, that arrived at now_ns: the next reports
refer to it.)";

constexpr const char* make_report_doc =
    R"(The ReportBlock on the source, whose SSRC is ssrc, for an RTCP report that is sent at now_ns. The next
one's fraction_lost counts from here.)";

constexpr const char* stats_doc = R"(A dict of ints.

received: packets, duplicates included; expected: from the first number to the highest; missing: of
those; duplicates; reordered: behind the highest, max_reorder_depth: by how many at most; restarts: of
the sender; rejected: not counted; collisions: signs of two senders with one SSRC;
extended_highest_seq: with cycles; jitter_packets: that changed the jitter, which is not known before;
jitter_ns, max_jitter_ns, mean_jitter_ns: interarrival jitter.)";

} // namespace

void bind_receiver_stats() {
    auto* const type = heap_type<reception_payload>::add({
        .name = "rtpsynth.rtcp.ReceiverStats",
        .doc = reception_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"ReceiverStats(clock_rate=8000, min_sequential=2, max_dropout=3000, "
                     "max_misorder=100)",
                     initialise>(),
        .methods = {method<"set_format(payload_type, clock_rate, kind='media')", set_format>(
                        set_format_doc),
                    method<"update(packet, now_ns)", update>(update_doc),
                    method<"sender_report_received(wall_clock_ns, now_ns)", sender_report_received>(
                        sender_report_doc),
                    method<"make_report(ssrc, now_ns)", make_report>(make_report_doc)},
        .attributes = {attribute<get_valid>("valid", "bool: min_sequential packets have come."),
                       attribute<get_stats>("stats", stats_doc)},
    });
    publish_metrics(type, write_metrics);
}

} // namespace rtpsynth::python
