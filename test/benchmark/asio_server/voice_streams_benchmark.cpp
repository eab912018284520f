// Calls on one server, or on a pool: voice_streams that play and hear at once, 20 ms of PCMU a
// packet, and what is sent late or lost. What they talk to is in this process, too, on threads of
// its own.
#include "server_bench.hpp"

#include <rtpsynth/asio_server/call/voice_stream.hpp>
#include <rtpsynth/asio_server/server/rtp_server_pool.hpp>
#include <rtpsynth/base/duration_histogram.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

namespace {

using namespace server_bench;

/// What the streams talk to: a socket each, which counts what comes, and a thread that sends to
/// the streams in 20 phases of a millisecond.
class telephones {
public:
    explicit telephones(std::size_t n) {
        channel_options o = on_loopback();
        o.receive_buffer_size = 1 << 20;
        for (std::size_t i = 0; i != n; ++i)
            lines_.push_back(server_.create_channel(
                o, [this](rtp_channel&, std::span<const datagram_view> batch) {
                    for (const datagram_view& d : batch) received_ += d.data[1] < 192; // no RTCP
                }));
    }
    ~telephones() { stop(); }

    rtp_channel& line(std::size_t i) { return *lines_[i]; }
    std::uint64_t received() const { return received_; }
    std::uint64_t sent() const { return sent_; }
    /// The processor time of both threads, from start() to stop().
    double cpu() {
        clockid_t sending{};
        pthread_getcpuclockid(thread_.native_handle(), &sending);
        return read_clock(sending) + read_clock(cpu_clock(server_));
    }

    void start() {
        thread_ = std::thread{[this] { run(); }};
    }
    void stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    void run() {
        constexpr std::size_t phases = 20;
        time_point next = steady::now();
        for (std::uint16_t seq = 0; !stopping_; ++seq) {
            for (std::size_t phase = 0; phase != phases; ++phase, next += 1ms) {
                std::this_thread::sleep_until(next);
                for (std::size_t i = phase; i < lines_.size(); i += phases) send(i, seq);
            }
        }
    }
    void send(std::size_t i, std::uint16_t seq) {
        packet p;
        for (std::size_t at = 12; at != p.bytes.size(); ++at)
            p.bytes[at] = static_cast<std::uint8_t>(0x80 | (at * 7 & 0x3f)); // speech, of a sort
        rtpsynth::detail::store_be16(&p.bytes[2], seq);
        rtpsynth::detail::store_be32(&p.bytes[4], 160U * seq);
        rtpsynth::detail::store_be32(&p.bytes[8], static_cast<std::uint32_t>(i + 1));
        if (!lines_[i]->try_send(p.bytes)) ++sent_;
    }

    rtp_server server_{{.tick = std::nullopt}};
    channels lines_;
    std::atomic<std::uint64_t> received_{0}, sent_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

/// Plays without end.
void play(voice_stream& stream, std::span<const std::int16_t> speech) {
    stream.async_play(speech, 1, [&stream, speech](boost::system::error_code e, std::size_t) {
        if (!e) play(stream, speech);
    });
}

std::vector<std::int16_t> speech_of(std::uint32_t hz) {
    std::vector<std::int16_t> pcm(hz / 2);
    for (std::size_t i = 0; i != pcm.size(); ++i)
        pcm[i] =
            static_cast<std::int16_t>(8000 * std::sin(6.283 * 200 * static_cast<double>(i) / hz) *
                                      std::sin(6.283 * 3 * static_cast<double>(i) / hz));
    return pcm;
}

/// How long after its time each tick was over: sent, and its sound passed to the handler, which
/// comes after that. On the thread of one server.
struct punctuality {
    bool measured = false;
    duration_histogram late;

    void on_audio(const audio_tick& tick) {
        if (measured) late.record(steady::now() - tick.time);
    }
};

void run(std::size_t n, std::uint32_t hz, std::size_t threads, duration length) {
    telephones phones{n};
    std::vector<punctuality> punctual(threads);
    rtp_server_pool servers{threads, {.tick = std::nullopt}};
    std::vector<std::unique_ptr<voice_stream>> streams;
    const auto speech = speech_of(hz);
    for (std::size_t i = 0; i != n; ++i) {
        voice_stream_options o;
        o.channel = on_loopback();
        o.channel.receive_buffer_size = 1 << 20;
        o.peer = phones.line(i).local_endpoint();
        o.sender.input_rate = hz;
        o.sender.capacity = 1s;
        o.playout.rate = hz;
        o.on_audio = [&p = punctual[i % threads]](voice_stream&, const audio_tick& tick,
                                                  std::span<const std::int16_t>) {
            p.on_audio(tick);
        };
        streams.push_back(std::make_unique<voice_stream>(servers[i % threads], o));
        static_cast<void>(phones.line(i).set_target(streams.back()->local_endpoint()));
    }
    const auto measure = [&](bool on) {
        for (std::size_t i = 0; i != threads; ++i)
            on_executor(servers[i], [&p = punctual[i], on] { p.measured = on; });
    };
    const auto cpu_of_servers = [&] {
        double sum = 0;
        for (std::size_t i = 0; i != threads; ++i) sum += read_clock(cpu_clock(servers[i]));
        return sum;
    };
    phones.start();
    for (const auto& stream : streams) play(*stream, speech);
    std::this_thread::sleep_for(1s); // until all go, and delays have settled

    const auto totals = [&] {
        voice_stream_stats sum;
        for (const auto& stream : streams) {
            const voice_stream_stats s = stream->stats();
            for (std::size_t kind = 0; kind != s.sender.ticks.size(); ++kind)
                sum.sender.ticks[kind] += s.sender.ticks[kind];
            for (std::size_t kind = 0; kind != s.playout.ticks.size(); ++kind)
                sum.playout.ticks[kind] += s.playout.ticks[kind];
            sum.sender.missed += s.sender.missed;
            sum.sender.dry_runs += s.sender.dry_runs;
            sum.late_by_1ms += s.late_by_1ms;
            sum.unsent += s.unsent;
            sum.session.rtp_accepted += s.session.rtp_accepted + s.session.rtp_probation;
        }
        return sum;
    };
    const voice_stream_stats before = totals();
    measure(true);
    const double cpu = cpu_of_servers(), load = phones.cpu();
    const time_point begin = steady::now();
    std::this_thread::sleep_for(length);
    const double took = to_seconds(steady::now() - begin);
    const double share = (cpu_of_servers() - cpu) / took;
    const double load_share = (phones.cpu() - load) / took;
    measure(false);
    const voice_stream_stats after = totals();
    phones.stop();
    for (const auto& stream : streams) stream->close();
    wait_for([&] { return phones.received() >= totals().sender.packets(); }, 500ms);
    const voice_stream_stats end = totals();

    const auto sent = static_cast<double>(after.sender.packets() - before.sender.packets());
    const auto late = static_cast<double>(after.late_by_1ms - before.late_by_1ms);
    const auto concealed = after.playout.ticks_of(playout_kind::concealed) -
                           before.playout.ticks_of(playout_kind::concealed);
    duration_histogram punctualities;
    for (const punctuality& p : punctual) punctualities.merge(p.late);
    std::printf(
        "%8zu %6u %7zu %9.0f %9lld %9lld %9llu %10llu %9.3f %8.2f %8.1f %8.1f %8.1f %9.1f\n", n, hz,
        threads, sent / took,
        static_cast<long long>(end.sender.packets()) - static_cast<long long>(phones.received()),
        static_cast<long long>(phones.sent()) - static_cast<long long>(end.session.rtp_accepted),
        static_cast<unsigned long long>(after.sender.missed - before.sender.missed),
        static_cast<unsigned long long>(concealed), late / sent * 100,
        to_ms(punctualities.quantile(0.99)), to_ms(punctualities.max()), share * 100,
        load_share * 100, share * 1e6 / (static_cast<double>(n) * rate));
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    arguments options{argc,
                      argv,
                      {{"streams", 0, "streams; 0: 1000 at 24 kHz and 2000 at 8 kHz"},
                       {"rate", 24000, "Hz, of the audio in and out"},
                       {"servers", 0, "servers, a thread each; 0: one, and then two"},
                       {"seconds", 3, "length of a run"}}};
    allow_sockets();
    std::printf(
        " streams     Hz servers packets/s      lost      lost    missed  concealed      sent  "
        "tick over after       CPU, %%      us a tick\n"
        "                                  there      back     ticks      ticks  >1 ms %%   p99 ms "
        " "
        " max ms  servers   phones both ways\n");
    const duration length = options.seconds("seconds");
    const std::size_t n = options.count("streams"), servers = options.count("servers");
    const std::size_t last = servers == 0 ? 2 : servers;
    for (std::size_t threads = std::max<std::size_t>(servers, 1); threads <= last; ++threads) {
        if (n != 0) {
            run(n, static_cast<std::uint32_t>(options["rate"]), threads, length);
        } else {
            run(1000, 24000, threads, length);
            run(2000, 8000, threads, length);
        }
    }
}
