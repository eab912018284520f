// voice_stream: what is heard when the thread that serves it was busy with something else for a
// while.
#include "voice_tools.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

#include <numeric>

// This program has a clock of its own, which only the tests move: the system, which interrupts them
// on a busy machine, does not make the server later than they say. It is never faster than the
// system's, by which the system's timers go.

namespace {

std::chrono::steady_clock::time_point clock_time{std::chrono::hours{1}};

} // namespace

// In place of the standard library's.
std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
    return clock_time;
}

namespace rtpsynth::asio_server {
namespace {

/// Runs on a context of the application's, or is run by the caller.
enum class served_by { context, caller };
std::ostream& operator<<(std::ostream& out, served_by by) {
    return out << (by == served_by::context ? "context" : "caller");
}

/// A call whose other side sends a packet every 20 ms.
class call_to_busy_server {
public:
    explicit call_to_busy_server(served_by by) {
        if (by == served_by::context)
            server_.emplace(context_.get_executor(), immediate());
        else
            server_.emplace(caller_runs, immediate());
        voice_stream_options o = silent_stream();
        o.playout.initial_delay = 5ms;
        o.on_audio = [this](voice_stream&, const audio_tick& tick, std::span<const std::int16_t>) {
            skipped_ += tick.skipped;
        };
        stream_.emplace(*server_, o);
        serve();
    }
    ~call_to_busy_server() {
        stream_.reset();
        serve();
    }

    /// The server serves all the time.
    void run(std::chrono::milliseconds length) {
        for (auto i = 0ms; i != length; ++i) {
            pass_millisecond();
            // The system may deliver a datagram a moment later.
            for (int tries = 0; stats().rtp.received != sent_ && tries != 10'000; ++tries) {
                serve();
                std::this_thread::sleep_for(100us);
            }
            serve();
        }
    }
    /// The server's thread is busy with something else, then it serves.
    void block(std::chrono::milliseconds length) {
        for (auto i = 0ms; i != length; ++i) pass_millisecond();
        std::this_thread::sleep_for(10ms); // the system may deliver a datagram a moment later
        serve();
    }

    voice_stream_stats stats() const { return stream_->stats(); }
    std::uint64_t ticks() const {
        const auto s = stats();
        return std::accumulate(s.playout.ticks.begin(), s.playout.ticks.end(), std::uint64_t{});
    }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t skipped() const { return skipped_; }

private:
    void pass_millisecond() {
        clock_time += 1ms;
        std::this_thread::sleep_for(1100us);
        if (milliseconds_++ % 20 != 0) return;
        phone_.send_rtp(stream_->local_endpoint(), sent_++, 9);
    }
    void serve() {
        for (int i = 0; i != 5; ++i) {
            server_->poll();
            context_.restart();
            context_.poll();
        }
    }

    boost::asio::io_context context_;
    std::optional<rtp_server> server_;
    std::optional<voice_stream> stream_;
    plain_phone phone_;
    unsigned milliseconds_ = 0;
    unsigned sent_ = 0;
    std::uint64_t skipped_ = 0;
};

const auto servers = boost::unit_test::data::make({served_by::context, served_by::caller});
const auto lengths = boost::unit_test::data::make({30, 60, 200});

} // namespace

BOOST_AUTO_TEST_SUITE(voice_behind)

// What was in the socket in time is heard in its tick, although that comes late.
BOOST_DATA_TEST_CASE(nothing_is_concealed_after_it, servers* lengths, by, length) {
    call_to_busy_server call{by};
    call.run(407ms);
    const auto before = call.stats().playout;
    const std::uint64_t ticks = call.ticks();
    call.block(std::chrono::milliseconds{length});
    BOOST_TEST(call.ticks() - ticks >= static_cast<std::uint64_t>(length / 20));
    call.run(200ms);
    const auto s = call.stats();
    BOOST_TEST(s.playout.received == call.sent());
    BOOST_TEST(s.playout.late == 0u);
    BOOST_TEST(s.playout.underruns == 0u);
    BOOST_TEST(s.playout.ticks_of(playout_kind::concealed) == 0u);
    BOOST_TEST(s.playout.ticks_of(playout_kind::silence) == before.ticks_of(playout_kind::silence));
    BOOST_TEST(call.skipped() == 0u);
}

// The server's delay is not the network's: playout does not become slower.
BOOST_DATA_TEST_CASE(delay_does_not_grow, servers* lengths, by, length) {
    call_to_busy_server call{by};
    call.run(507ms);
    const auto before = call.stats().playout;
    for (int i = 0; i != 4; ++i) {
        call.block(std::chrono::milliseconds{length});
        const auto after = call.stats().playout;
        BOOST_TEST((after.target <= before.target + 1ms));
        call.run(133ms);
    }
    const auto after = call.stats().playout;
    BOOST_TEST((after.delay <= before.delay));
    BOOST_TEST(after.grown == before.grown);
    BOOST_TEST(after.late == 0u);
    BOOST_TEST(after.ticks_of(playout_kind::concealed) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace rtpsynth::asio_server
