#include "core/stats.hpp"

#include <cmath>

namespace rtpsynth::python {

bool add_stat(const py_ref& dict, const char* name, std::uint64_t count) {
    const py_ref number{PyLong_FromUnsignedLongLong(count)};
    return number && PyDict_SetItemString(dict.get(), name, number.get()) == 0;
}

namespace {

std::uint64_t errno_of(const boost::system::error_code& ec) {
    return static_cast<std::uint64_t>(ec.value());
}

} // namespace

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
                       {"discarded", n.discarded},
                       {"overflow", n.overflow},
                       {"receive_errors", n.receive_errors},
                       {"accepted", n.accepted},
                       {"sent", n.sent},
                       {"sent_bytes", n.sent_bytes},
                       {"send_errors", n.send_errors},
                       {"cancelled", n.cancelled},
                       {"queue_full", n.queue_full},
                       {"last_receive_error", errno_of(n.last_receive_error)},
                       {"last_send_error", errno_of(n.last_send_error)}});
}

py_ref make_stats(const playout_stats& s) {
    const auto ns = [](duration d) { return static_cast<std::uint64_t>(d.count()); };
    using enum playout_kind;
    return make_stats({{"received", s.received},
                       {"played", s.played},
                       {"late", s.late},
                       {"duplicate", s.duplicate},
                       {"discarded", s.discarded},
                       {"waiting", s.waiting},
                       {"underruns", s.underruns},
                       {"restarts", s.restarts},
                       {"grown", s.grown},
                       {"shrunk", s.shrunk},
                       {"concealed_ticks", s.ticks_of(concealed)},
                       {"stretched_ticks", s.ticks_of(stretched)},
                       {"compressed_ticks", s.ticks_of(compressed)},
                       {"speech_ticks", s.ticks_of(speech)},
                       {"comfort_noise_ticks", s.ticks_of(comfort_noise)},
                       {"silence_ticks", s.ticks_of(silence)},
                       {"delay_ns", ns(s.delay)},
                       {"target_ns", ns(s.target)},
                       {"mean_delay_ns", ns(s.mean_delay)}});
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

py_ref make_stats(const receiver_stats& n) {
    const auto ns = [](double ms) { return static_cast<std::uint64_t>(std::llround(ms * 1e6)); };
    return make_stats({{"received", n.received()},
                       {"expected", n.expected()},
                       {"missing", n.missing()},
                       {"duplicates", n.duplicates()},
                       {"reordered", n.reordered()},
                       {"max_reorder_depth", n.max_reorder_depth()},
                       {"restarts", n.restarts()},
                       {"rejected", n.rejected()},
                       {"collisions", n.collisions()},
                       {"extended_highest_seq", n.extended_highest_seq()},
                       {"jitter_packets", n.jitter_packets()},
                       {"jitter_ns", ns(n.jitter_ms())},
                       {"max_jitter_ns", ns(n.max_jitter_ms())},
                       {"mean_jitter_ns", ns(n.mean_jitter_ms())}});
}

py_ref make_stats(const asio_server::frame_receiver_stats& n) {
    py_ref dict = make_stats(n.jitter_buffer);
    for (const auto& [name, count] : {counter{"other", n.other},
                                      {"overrun", n.overrun},
                                      {"no_memory", n.no_memory},
                                      {"rtcp", n.rtcp},
                                      {"stun", n.stun},
                                      {"zrtp", n.zrtp},
                                      {"dtls", n.dtls},
                                      {"turn_channel", n.turn_channel}})
        if (!dict || !add_stat(dict, name, count)) return {};
    return dict;
}

} // namespace rtpsynth::python
