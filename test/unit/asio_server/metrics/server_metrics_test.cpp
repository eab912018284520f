#include <boost/test/unit_test.hpp>

#include "../../metrics/exposition.hpp"
#include "server_tools.hpp"

#include <rtpsynth/asio_server.hpp>

#include <string>

using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
using exposition::read;
using rtpsynth::metrics_page;

namespace {

double sample(const metrics_page& page, const std::string& name, exposition::labels l = {}) {
    return read(page.text()).at(name).samples.at({name, std::move(l)});
}

channel_stats numbered() {
    return {.received = 1,
            .received_bytes = 2,
            .rejected = 3,
            .discarded = 4,
            .overflow = 5,
            .receive_errors = 6,
            .accepted = 7,
            .sent = 8,
            .sent_bytes = 9,
            .send_errors = 10,
            .cancelled = 11,
            .queue_full = 12};
}

void check_numbers(const metrics_page& page, const std::string& prefix, exposition::labels l) {
    double expected = 1;
    for (const auto* name :
         {"datagrams_received", "received_bytes", "datagrams_rejected", "datagrams_discarded",
          "datagrams_overflow", "receive_errors", "datagrams_accepted", "datagrams_sent",
          "sent_bytes", "send_errors", "datagrams_cancelled", "queue_full"})
        BOOST_TEST(sample(page, prefix + name + "_total", l) == expected++);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_channels) {
    metrics_page page;
    add_metrics(page, numbered(), {{"call", "4711"}, {"leg", "a"}});
    check_numbers(page, "rtpsynth_channel_", {{"call", "4711"}, {"leg", "a"}});
    BOOST_TEST(read(page.text()).size() == 12U);
    for (const auto& [name, family] : read(page.text())) BOOST_TEST(family.type == "counter");
}

BOOST_AUTO_TEST_CASE(a_servers) {
    metrics_page page;
    add_metrics(page, server_stats{.channels = numbered(),
                                   .open_channels = 13,
                                   .ticks = 14,
                                   .handler_exceptions = 15});
    check_numbers(page, "rtpsynth_server_", {});
    BOOST_TEST(sample(page, "rtpsynth_server_open_channels") == 13);
    BOOST_TEST(read(page.text()).at("rtpsynth_server_open_channels").type == "gauge");
    BOOST_TEST(sample(page, "rtpsynth_server_ticks_total") == 14);
    BOOST_TEST(sample(page, "rtpsynth_server_handler_exceptions_total") == 15);
}

BOOST_AUTO_TEST_CASE(a_pools) {
    rtp_server_pool pool{2};
    const auto channel = pool.create_channel(on_loopback());
    BOOST_TEST(!channel->try_send_to(bytes("voice"), channel->local_endpoint()));
    pool[0].shutdown();
    pool[1].shutdown();
    metrics_page page;
    add_metrics(page, pool, {{"site", "x"}});
    double sent = 0;
    for (const auto* server : {"0", "1"})
        sent +=
            sample(page, "rtpsynth_server_sent_bytes_total", {{"site", "x"}, {"server", server}});
    BOOST_TEST(sent == 5);
}

BOOST_AUTO_TEST_CASE(a_port_ranges) {
    metrics_page page;
    add_metrics(page, port_range_stats{.places = 1, .in_use = 2, .taken = 3});
    BOOST_TEST(sample(page, "rtpsynth_ports") == 1);
    BOOST_TEST(sample(page, "rtpsynth_ports_in_use") == 2);
    BOOST_TEST(sample(page, "rtpsynth_ports_taken") == 3);
}

BOOST_AUTO_TEST_CASE(a_frame_receivers) {
    frame_receiver_stats s;
    s.jitter_buffer.late = 1;
    s.other = 100;
    s.overrun = 2;
    s.no_memory = 3;
    s.rtcp = 4;
    s.stun = 5;
    s.zrtp = 6;
    s.dtls = 7;
    s.turn_channel = 8;
    metrics_page page;
    add_metrics(page, s);
    BOOST_TEST(sample(page, "rtpsynth_jitter_buffer_packets_dropped_total", {{"reason", "late"}}) ==
               1);
    const auto other = [&](const char* kind) {
        return sample(page, "rtpsynth_frame_receiver_datagrams_other_total", {{"kind", kind}});
    };
    BOOST_TEST(other("rtcp") == 4);
    BOOST_TEST(other("stun") == 5);
    BOOST_TEST(other("zrtp") == 6);
    BOOST_TEST(other("dtls") == 7);
    BOOST_TEST(other("turn_channel") == 8);
    BOOST_TEST(other("unknown") == 70);
    BOOST_TEST(sample(page, "rtpsynth_frame_receiver_frames_overrun_total") == 2);
    BOOST_TEST(sample(page, "rtpsynth_frame_receiver_datagrams_no_memory_total") == 3);
}

BOOST_AUTO_TEST_CASE(a_relays) {
    relay_leg_stats s;
    s.received = 1;
    s.forwarded = 2;
    s.rejected = 3;
    s.not_authentic = 4;
    s.malformed = 5;
    s.oversized = 6;
    s.unsent = 7;
    s.stream.unmapped = 8;
    s.stream.late = 100;
    s.stream.overtaken = 200;
    s.stream.rejected = 400;
    s.stream.switches = 9;
    s.rtcp_received = 10;
    s.rtcp_forwarded = 11;
    s.rtcp_rejected = 12;
    s.rtcp_not_authentic = 13;
    s.rtcp_malformed = 14;
    s.rtcp_dropped = 15;
    s.rtcp_unsent = 16;
    s.other = 17;
    s.latch.latched = 18;
    s.timeouts = 19;
    s.transcoded = 20;
    s.late = 1000;
    s.undecodable = 21;
    metrics_page page;
    add_metrics(page, s, {{"leg", "a"}});
    const auto of = [&](const char* name) {
        return sample(page, std::string{"rtpsynth_relay_"} + name + "_total", {{"leg", "a"}});
    };
    const auto dropped = [&](const char* what, const char* reason) {
        return sample(page, std::string{"rtpsynth_relay_"} + what + "_dropped_total",
                      {{"leg", "a"}, {"reason", reason}});
    };
    BOOST_TEST(of("packets_received") == 1);
    BOOST_TEST(of("packets_forwarded") == 2);
    BOOST_TEST(dropped("packets", "rejected") == 3);
    BOOST_TEST(dropped("packets", "not_authentic") == 4);
    BOOST_TEST(dropped("packets", "malformed") == 5);
    BOOST_TEST(dropped("packets", "oversized") == 6);
    BOOST_TEST(dropped("packets", "unsent") == 7);
    BOOST_TEST(dropped("packets", "unmapped") == 8);
    BOOST_TEST(dropped("packets", "stale") == 1700);
    BOOST_TEST(dropped("packets", "undecodable") == 21);
    BOOST_TEST(of("packets_transcoded") == 20);
    BOOST_TEST(of("segments") == 9);
    BOOST_TEST(of("rtcp_received") == 10);
    BOOST_TEST(of("rtcp_forwarded") == 11);
    BOOST_TEST(dropped("rtcp", "rejected") == 12);
    BOOST_TEST(dropped("rtcp", "not_authentic") == 13);
    BOOST_TEST(dropped("rtcp", "malformed") == 14);
    BOOST_TEST(dropped("rtcp", "untranslated") == 15);
    BOOST_TEST(dropped("rtcp", "unsent") == 16);
    BOOST_TEST(of("datagrams_other") == 17);
    BOOST_TEST(of("sources_latched") == 18);
    BOOST_TEST(of("media_timeouts") == 19);
}

BOOST_AUTO_TEST_CASE(a_voice_streams) {
    voice_stream_stats s;
    s.sender.ticks = {100, 1, 2, 3, 4};
    s.unsent = 2;
    s.sender.missed = 3;
    s.late_by_1ms = 4;
    s.sender.dry_runs = 5;
    s.session.rtp_accepted = 1;
    s.session.rtp_probation = 2;
    s.session.rtp_left = 3;
    s.latch.rejected = 1;
    s.rtcp_rejected = 10;
    s.not_authentic = 7;
    s.malformed = 2;
    s.session.rtcp_malformed = 6;
    s.session.rtp_conflicts = 1;
    s.session.rtcp_conflicts = 8;
    s.session.rtp_refused = 12;
    s.session.collisions = 18;
    s.session.looped = 19;
    s.not_played = 13;
    s.other = 14;
    s.latch.latched = 15;
    s.events_lost = 16;
    s.audio_lost = 17;
    s.playout.received = 18;
    const rtpsynth::metric_labels call{{"call", "a"}};
    metrics_page before;
    add_metrics(before, s, call);
    BOOST_TEST(!read(before.text()).contains("rtpsynth_voice_round_trip_seconds"));
    s.round_trip_time = 20ms;
    metrics_page page;
    add_metrics(page, s, call);
    const auto of = [&](const char* name) {
        return sample(page, std::string{"rtpsynth_voice_"} + name, {{"call", "a"}});
    };
    const auto dropped = [&](const char* reason) {
        return sample(page, "rtpsynth_voice_datagrams_dropped_total",
                      {{"call", "a"}, {"reason", reason}});
    };
    BOOST_TEST(of("packets_sent_total") == 10);
    BOOST_TEST(of("packets_unsent_total") == 2);
    BOOST_TEST(of("ticks_missed_total") == 3);
    BOOST_TEST(of("ticks_late_total") == 4);
    BOOST_TEST(of("dry_runs_total") == 5);
    BOOST_TEST(of("packets_received_total") == 6);
    BOOST_TEST(dropped("rejected") == 11);
    BOOST_TEST(dropped("not_authentic") == 7);
    BOOST_TEST(dropped("malformed") == 8);
    BOOST_TEST(dropped("conflict") == 9);
    BOOST_TEST(dropped("refused") == 12);
    BOOST_TEST(dropped("collision") == 18);
    BOOST_TEST(dropped("looped") == 19);
    BOOST_TEST(dropped("not_played") == 13);
    BOOST_TEST(dropped("other") == 14);
    BOOST_TEST(of("sources_latched_total") == 15);
    BOOST_TEST(of("events_lost_total") == 16);
    BOOST_TEST(of("audio_lost_total") == 17);
    BOOST_TEST(of("round_trip_seconds") == 0.02);
    BOOST_TEST(sample(page, "rtpsynth_playout_packets_received_total", {{"call", "a"}}) == 18);
}

BOOST_AUTO_TEST_CASE(a_procs) {
    rtp_proc_stats s{.channels = 1, .calls = 2, .overdue = 3, .exceptions = 4};
    s.lateness.record(1ms);
    s.lateness.record(3ms);
    metrics_page page;
    add_metrics(page, s);
    BOOST_TEST(sample(page, "rtpsynth_proc_open_channels") == 1);
    BOOST_TEST(sample(page, "rtpsynth_proc_calls_total") == 2);
    BOOST_TEST(sample(page, "rtpsynth_proc_calls_overdue_total") == 3);
    BOOST_TEST(sample(page, "rtpsynth_proc_handler_exceptions_total") == 4);
    const auto lateness = read(page.text()).at("rtpsynth_proc_lateness_seconds").samples;
    const auto at = [&](const char* suffix, exposition::labels l) {
        return lateness.at({std::string{"rtpsynth_proc_lateness_seconds"} + suffix, l});
    };
    BOOST_TEST(at("_count", {}) == 2);
    BOOST_TEST(at("_sum", {}) == 0.004, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(at("_bucket", {{"le", "0.002097151"}}) == 1);
    BOOST_TEST(at("_bucket", {{"le", "0.004194303"}}) == 2);
}
