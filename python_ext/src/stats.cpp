#include "stats.hpp"

namespace rtpsynth::python {

bool add_stat(const py_ref& dict, const char* name, std::uint64_t count) {
    const py_ref number{PyLong_FromUnsignedLongLong(count)};
    return number && PyDict_SetItemString(dict.get(), name, number.get()) == 0;
}

py_ref make_stats(std::initializer_list<counter> counters) {
    py_ref dict{PyDict_New()};
    for (const auto& [name, count] : counters)
        if (!dict || !add_stat(dict, name, count)) return {};
    return dict;
}

py_ref make_stats(const asio_server::channel_stats& n) {
    return make_stats({{"received", n.received},
                       {"received_bytes", n.received_bytes},
                       {"rejected", n.rejected},
                       {"overflow", n.overflow},
                       {"receive_errors", n.receive_errors},
                       {"accepted", n.accepted},
                       {"sent", n.sent},
                       {"sent_bytes", n.sent_bytes},
                       {"send_errors", n.send_errors},
                       {"queue_full", n.queue_full}});
}

py_ref make_stats(const jitter_buffer_stats& n) {
    return make_stats({{"received", n.received},
                       {"invalid", n.invalid},
                       {"duplicate", n.duplicate},
                       {"late", n.late},
                       {"stale", n.stale},
                       {"stray", n.stray},
                       {"erasures", n.erasures},
                       {"erased", n.erased},
                       {"restarts", n.restarts}});
}

py_ref make_stats(const asio_server::frame_receiver_stats& n) {
    py_ref dict = make_stats(n.jitter_buffer);
    if (!dict || !add_stat(dict, "other", n.other) || !add_stat(dict, "overrun", n.overrun) ||
        !add_stat(dict, "no_memory", n.no_memory))
        return {};
    return dict;
}

} // namespace rtpsynth::python
