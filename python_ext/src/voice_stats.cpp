// The counters of a call.
#include "core/stats.hpp"
#include "voice_call.hpp"

#include <cstdint>
#include <utility>

namespace rtpsynth::python {

namespace {

std::uint64_t nanoseconds(duration time) { return static_cast<std::uint64_t>(time.count()); }

bool add(const py_ref& dict, const char* name, const py_ref& value) {
    return dict && value && PyDict_SetItemString(dict.get(), name, value.get()) == 0;
}

py_ref make_stats(const voice_sender_stats& n) {
    return python::make_stats({{"audio_ticks", n.ticks_of(sent_kind::audio)},
                               {"silence_ticks", n.ticks_of(sent_kind::silence)},
                               {"comfort_noise_ticks", n.ticks_of(sent_kind::comfort_noise)},
                               {"event_ticks", n.ticks_of(sent_kind::event)},
                               {"empty_ticks", n.ticks_of(sent_kind::nothing)},
                               {"payload_bytes", n.payload_bytes},
                               {"samples", n.samples},
                               {"items", n.items},
                               {"dry_runs", n.dry_runs},
                               {"late", n.late},
                               {"missed", n.missed},
                               {"failed", n.failed}});
}

py_ref make_stats(const rtp_session_stats& n) {
    return python::make_stats({{"rtp_accepted", n.rtp_accepted},
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
                               {"sources_timed_out", n.sources_timed_out}});
}

} // namespace

PyObject* get_call_stats(const voice_call& self) {
    if (self.server->inherited()) return self.check_open(), nullptr;
    const asio_server::voice_stream_stats n = self.native->stats();
    const auto [audio_lost, events_lost] = self.link->lost();
    py_ref all = python::make_stats({{"audio_lost", audio_lost},
                                     {"events_lost", events_lost + n.events_lost},
                                     {"malformed", n.malformed},
                                     {"other", n.other},
                                     {"not_authentic", n.not_authentic},
                                     {"rtcp_rejected", n.rtcp_rejected},
                                     {"not_played", n.not_played},
                                     {"latched", n.latch.latched},
                                     {"latch_rejected", n.latch.rejected},
                                     {"unsent", n.unsent},
                                     {"late_by_1ms", n.late_by_1ms},
                                     {"most_late_ns", nanoseconds(n.most_late)}});
    const auto& round_trip = n.round_trip_time;
    if (!add(all, "sender", make_stats(n.sender)) ||
        !add(all, "playout", python::make_stats(n.playout)) ||
        !add(all, "session", make_stats(n.session)) ||
        !add(all, "rtp", python::make_stats(n.rtp)) ||
        !add(all, "rtcp", python::make_stats(n.rtcp)) ||
        !add(all, "round_trip_ns",
             round_trip ? py_ref{PyLong_FromLongLong(round_trip->count())}
                        : py_ref::share(Py_None)))
        return nullptr;
    return all.release();
}

} // namespace rtpsynth::python
