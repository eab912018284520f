#include "core/heap_type.hpp"
#include "core/options.hpp"
#include "core/records.hpp"
#include "core/stats.hpp"
#include "public_types.hpp"
#include "rtcp_records.hpp"
#include "voip_metrics.hpp"

#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtcp/session.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace rtpsynth::python {

namespace {

struct session_payload {
    std::optional<rtp_session> session; // none before __init__
    payload_format_table formats;
    bool initialised() const noexcept { return session.has_value(); }
};

struct session_arguments : rtp_session_options {
    std::optional<std::int64_t> seed;
};

bool cname(PyObject* value, const option_text& text, session_arguments& out) {
    std::string_view name;
    if (!to_text(value, text.name, name)) return false;
    if (name.empty() || name.size() > 255) {
        PyErr_Format(PyExc_ValueError, "%s must be 1..255 bytes, not %zu", text.name, name.size());
        return false;
    }
    return out.cname = name, true;
}

bool bandwidth(PyObject* value, const option_text& text, session_arguments& out) {
    if (!to_double(value, out.bandwidth)) return false;
    const auto range = bounds_of<double>(text.range);
    if (out.bandwidth >= range.least && out.bandwidth <= range.most) return true;
    PyErr_Format(PyExc_ValueError, "%s must be %s, not %R", text.name, text.range, value);
    return false;
}

constexpr option_table<session_arguments, 10> session_table{
    "RtpSession",
    1,
    {{{{"cname", "str", nullptr, "", "our canonical name, 1..255 bytes"}, cname},
      {{"ssrc", "int | None", "None", "0..4294967295", "ours; None: random"},
       integer<&session_arguments::ssrc>},
      {{"clock_rate", "int", "8000", "1..4294967295",
        "Hz, of our timestamps, and of payload types that are neither static nor set by "
        "set_format()"},
       integer<&session_arguments::clock_rate>},
      {{"bandwidth", "float", "64000", "0..1000000000000",
        "of the whole session in bits per second, of which RTCP takes 5 %; 0: no RTCP is sent"},
       bandwidth},
      {{"reduced_minimum", "bool", "False", "", "intervals may be shorter than 5 s (section 6.2)"},
       flag<&session_arguments::reduced_minimum>},
      {{"header_size", "int", "28", "0..65535", "bytes of the UDP and IP headers"},
       integer<&session_arguments::header_size>},
      {{"max_sources", "int", "32", "1..65535", "remote sources, which have statistics, at most"},
       integer<&session_arguments::max_sources>},
      {{"max_members", "int", "64", "0..65535", "members that are only counted, at most"},
       integer<&session_arguments::max_members>},
      {{"probation", "int", "2", "0..65535", "packets in sequence that make a source valid"},
       integer<&session_arguments::probation>},
      {{"seed", "int | None", "None", "0..9223372036854775807",
        "from which SSRC and intervals are drawn; None: random"},
       integer<&session_arguments::seed>}}}};

bool initialise(session_payload& self, call c) {
    session_arguments a;
    if (!session_table.parse(c, a)) return false;
    const std::uint64_t random = std::uint64_t{system_random32()} << 32 | system_random32();
    self.session.emplace(a, a.seed ? static_cast<std::uint64_t>(*a.seed) : random);
    self.formats = {};
    return true;
}

/// The argument addr: any hashable object that stands for an address. \return false with TypeError
/// set, or what its __hash__ raised
bool to_address_number(PyObject* addr, std::uint64_t& out) {
    if (addr == nullptr || addr == Py_None) return out = 0, true;
    const Py_hash_t hash = PyObject_Hash(addr);
    if (hash == -1 && PyErr_Occurred() != nullptr) return false;
    out = std::max<std::uint64_t>(static_cast<std::uint64_t>(hash), 1); // 0 is: not known
    return true;
}

PyObject* name_of(session_outcome outcome) {
    constexpr const char* names[] = {"accepted", "probation", "conflict", "collision",
                                     "looped",   "left",      "refused",  "malformed"};
    static_assert(std::size(names) == static_cast<std::size_t>(session_outcome::malformed) + 1);
    return PyUnicode_InternFromString(names[static_cast<std::size_t>(outcome)]);
}

PyObject* set_format(session_payload& self, const arguments<3>& a) {
    if (!set_payload_format(self.formats, a[0], a[1], a[2])) return nullptr;
    Py_RETURN_NONE;
}

PyObject* join(session_payload& self, const arguments<1>& a) {
    time_point now;
    if (!to_time(a[0], now)) return nullptr;
    self.session->join(now);
    Py_RETURN_NONE;
}

PyObject* sent(session_payload& self, const arguments<2>& a) {
    time_point now;
    bytes_view datagram;
    rtp_packet_view packet;
    if (!to_time(a[1], now) || !datagram.assign(a[0], "packet") || !to_packet(datagram, packet))
        return nullptr;
    self.session->sent(packet.timestamp(), packet.payload().size(),
                       self.formats[packet.payload_type()], now);
    Py_RETURN_NONE;
}

PyObject* receive_rtp(session_payload& self, const arguments<3>& a) {
    time_point now;
    std::uint64_t address;
    bytes_view datagram;
    rtp_packet_view packet;
    if (!to_time(a[1], now) || !to_address_number(a[2], address) ||
        !datagram.assign(a[0], "packet") || !to_packet(datagram, packet))
        return nullptr;
    return name_of(
        self.session->receive_rtp(packet, self.formats[packet.payload_type()], now, address)
            .outcome);
}

PyObject* receive_rtcp(session_payload& self, const arguments<3>& a) {
    time_point now;
    std::uint64_t address;
    bytes_view datagram;
    if (!to_time(a[1], now) || !to_address_number(a[2], address) ||
        !datagram.assign(a[0], "datagram"))
        return nullptr;
    return name_of(self.session->receive_rtcp(datagram.bytes(), now, address).outcome);
}

PyObject* make_rtcp(session_payload& self, const arguments<4>& a) {
    time_point now;
    ntp_time wall_clock;
    std::size_t size = 1200;
    std::vector<voip_metrics> metrics;
    if (!to_time(a[0], now) || !to_wall_clock(a[1], "wall_clock_ns", wall_clock) ||
        (a[2] != nullptr && !to_integer(a[2], "max_size", size, 0, 65507)))
        return nullptr;
    if (a[3] != nullptr && a[3] != Py_None) {
        const py_ref type = import_name("rtpsynth.rtcp", "VoipMetrics");
        if (!type || !to_voip_metrics(a[3], type.get(), metrics)) return nullptr;
    }
    const std::size_t least = self.session->minimum_rtcp_size();
    if (size < least) {
        PyErr_Format(PyExc_ValueError, "max_size must be %zu..65507, not %zu", least, size);
        return nullptr;
    }
    std::vector<std::uint8_t> storage(size);
    const auto made = self.session->make_rtcp(now, wall_clock, storage, metrics);
    if (made) return make_bytes(*made).release();
    PyErr_SetString(PyExc_ValueError, make_error_code(made.error()).message().c_str());
    return nullptr;
}

PyObject* leave_session(session_payload& self, const arguments<2>& a) {
    time_point now;
    std::string_view reason;
    if (!to_time(a[0], now) || (a[1] != nullptr && !to_text(a[1], "reason", reason)))
        return nullptr;
    self.session->leave(now, reason);
    Py_RETURN_NONE;
}

PyObject* source_moved(session_payload& self, const arguments<2>& a) {
    std::uint32_t ssrc;
    std::uint64_t address;
    if (!to_integer(a[0], "ssrc", ssrc) || !to_address_number(a[1], address)) return nullptr;
    self.session->source_moved(ssrc, address);
    Py_RETURN_NONE;
}

py_ref make_source(const rtp_source& s) {
    const auto& sr = s.sender_report();
    const auto& report = s.report();
    const auto none = [] { return py_ref::share(Py_None); };
    return make_record(
        "rtpsynth.rtcp", "RtpSource",
        {make_number(s.ssrc()), make_text(s.cname()), make_bool(s.is_sender()), make_bool(s.left()),
         make_text(s.reason()), make_nanoseconds(s.last_heard().time_since_epoch()),
         make_stats(s.reception()), sr ? make_report_record(s.ssrc(), &sr->info, {}) : none(),
         sr ? make_nanoseconds(sr->arrival.time_since_epoch()) : none(),
         report ? make_report_block(report->block) : none(),
         report ? make_nanoseconds(report->arrival.time_since_epoch()) : none(),
         report ? make_nanoseconds(report->round_trip_time) : none(),
         s.metrics() ? make_voip_metrics(*s.metrics()) : none()});
}

PyObject* find(session_payload& self, const arguments<1>& a) {
    std::uint32_t ssrc;
    if (!to_integer(a[0], "ssrc", ssrc)) return nullptr;
    const rtp_source* const found = self.session->find(ssrc);
    if (found == nullptr) Py_RETURN_NONE;
    const rtp_source copy{*found}; // making an object may run code that removes it
    return make_source(copy).release();
}

PyObject* get_sources(const session_payload& self) {
    std::vector<rtp_source> copies;
    copies.reserve(self.session->source_count());
    self.session->for_each_source([&](const rtp_source& s) { copies.push_back(s); });
    return tuple_of(copies, make_source).release();
}

PyObject* get_ssrc(const session_payload& self) {
    return PyLong_FromUnsignedLong(self.session->ssrc());
}

PyObject* get_next_rtcp(const session_payload& self) {
    const time_point due = self.session->next_rtcp();
    if (due == time_point::max()) Py_RETURN_NONE;
    return PyLong_FromLongLong(due.time_since_epoch().count());
}

PyObject* get_members(const session_payload& self) {
    return PyLong_FromSize_t(self.session->members());
}

PyObject* get_senders(const session_payload& self) {
    return PyLong_FromSize_t(self.session->senders());
}

PyObject* get_stats(const session_payload& self) {
    const rtp_session_stats n = self.session->stats();
    return make_stats({{"rtp_accepted", n.rtp_accepted},
                       {"rtp_probation", n.rtp_probation},
                       {"rtp_conflicts", n.rtp_conflicts},
                       {"rtp_left", n.rtp_left},
                       {"rtp_refused", n.rtp_refused},
                       {"rtcp_accepted", n.rtcp_accepted},
                       {"rtcp_probation", n.rtcp_probation},
                       {"rtcp_conflicts", n.rtcp_conflicts},
                       {"rtcp_left", n.rtcp_left},
                       {"rtcp_refused", n.rtcp_refused},
                       {"rtcp_malformed", n.rtcp_malformed},
                       {"collisions", n.collisions},
                       {"looped", n.looped},
                       {"rtcp_sent", n.rtcp_sent},
                       {"strange_byes", n.strange_byes},
                       {"unbelieved_reports", n.unbelieved_reports},
                       {"members_refused", n.members_refused},
                       {"sources_left", n.sources_left},
                       {"sources_returned", n.sources_returned},
                       {"sources_timed_out", n.sources_timed_out}})
        .release();
}

constexpr const char* session_doc =
    R"(One participant of an RTP session (RFC 3550): tells remote sources apart, keeps statistics of each, and
makes and reads RTCP. It has no socket and no clock: tell it each packet that is sent and received,
and call make_rtcp() at next_rtcp_ns, which any call may change.

)";

constexpr const char* session_end =
    R"(
Times are now_ns, 0..2**62 - 1, of any one clock that does not go back, such as time.monotonic_ns().
An addr is any hashable object that stands for a sender's address, such as (host, port); None: not
known. Raises TypeError, ValueError. Calling __init__ again begins anew.)";

constexpr const char* receive_rtp_doc =
    R"(Counts an RTP packet that was received. Returns what it was: 'accepted'; 'probation' (its source is
not valid yet); 'left' (the source has sent a BYE); and not to be played: 'conflict' (from another
address than the source's), 'collision' (with our SSRC: ssrc has changed), 'looped', 'refused' (no
room for the source). ValueError: the packet is not RTP.)";

constexpr const char* receive_rtcp_doc =
    R"(Reads a compound packet of RTCP that was received. Returns as receive_rtp(), or 'malformed'. What it
reported is in sources.)";

constexpr const char* make_rtcp_doc =
    R"(The RTCP datagram that is due, to be sent to every participant; empty if none is. A report on the
sources, or a BYE.

wall_clock_ns: time.time_ns(), for a sender report; None: not known. max_size: of the datagram,
minimum_rtcp_size..65507 bytes. metrics: at most 31 VoipMetrics (None: none), left out if there is no room.)";

constexpr const char* leave_doc =
    R"(Leaves the session: a BYE is due, if we have sent anything. reason: cut after 255 bytes.)";

constexpr const char* source_moved_doc =
    R"(The source ssrc now sends from addr, such as a NAT's new port. Does nothing if there is no such source.)";

constexpr const char* session_stats_doc =
    R"(A dict of ints: packets by what receive_rtp() and receive_rtcp() returned (rtp_..., rtcp_...,
collisions, looped), rtcp_sent, strange_byes (for a source that is unknown, left or another's),
unbelieved_reports (block on us that cannot be), members_refused (no room), sources_left (by BYE),
sources_returned, sources_timed_out.)";

PyObject* get_minimum(const session_payload& self) {
    return PyLong_FromSize_t(self.session->minimum_rtcp_size());
}

} // namespace

void bind_rtp_session() {
    heap_type<session_payload>::add({
        .name = "rtpsynth.rtcp.RtpSession",
        .doc = session_doc + session_table.documentation() + session_end,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<initialise>(session_table.signature()),
        .methods =
            {method<"set_format(payload_type, clock_rate, kind='media')", set_format>(
                 "Tells the clock rate in Hz and the kind of a payload type, as SdpFormat has "
                 "them."),
             method<"join(now_ns)", join>("Joins the session: RTCP is sent from now on. A packet "
                                          "sent or received joins, too."),
             method<"sent(packet, now_ns)", sent>("Counts an RTP packet that we have sent."),
             method<"receive_rtp(packet, now_ns, addr=None)", receive_rtp>(receive_rtp_doc),
             method<"receive_rtcp(datagram, now_ns, addr=None)", receive_rtcp>(receive_rtcp_doc),
             method<"make_rtcp(now_ns, wall_clock_ns=None, max_size=1200, metrics=None)",
                    make_rtcp>(make_rtcp_doc),
             method<"leave(now_ns, reason='')", leave_session>(leave_doc),
             method<"source_moved(ssrc, addr)", source_moved>(source_moved_doc),
             method<"find(ssrc)", find>("The RtpSource of that SSRC, or None.")},
        .attributes =
            {attribute<get_ssrc>("ssrc", "int: ours, which changes after a collision."),
             attribute<get_next_rtcp>("next_rtcp_ns",
                                      "int | None: when to call make_rtcp(); None: not for now."),
             attribute<get_minimum>("minimum_rtcp_size", "int: the least max_size of make_rtcp()."),
             attribute<get_sources>("sources", "tuple of RtpSource, with those that have left."),
             attribute<get_members>("members", "int: participants, we included."),
             attribute<get_senders>("senders", "int: of those, that have sent RTP lately."),
             attribute<get_stats>("stats", session_stats_doc)},
    });
}

} // namespace rtpsynth::python
