// voice_stream: what is heard when the thread that serves it was busy with something else for a
// while.
#include "backend.hpp"
#include "own_clock.hpp"
#include "voice_tools.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <numeric>

namespace rtpsynth::asio_server {
namespace {

/// Runs on a context of the application's, or is run by the caller.
enum class served_by { context, caller };
std::ostream& operator<<(std::ostream& out, served_by by) {
    return out << (by == served_by::context ? "context" : "caller");
}

/// A call whose other side sends a packet every 20 ms, and a neighbour whose other side does so,
/// too.
class call_to_busy_server {
public:
    explicit call_to_busy_server(served_by by, bool kernel_timestamps = false) {
        own_clock::arrivals.clear();
        if (by == served_by::context)
            server_.emplace(context_.get_executor(), immediate());
        else
            server_.emplace(caller_runs, immediate());
        voice_stream_options o = silent_stream();
        o.channel.kernel_timestamps = kernel_timestamps;
        o.channel.receive_buffer_size = 1 << 20;
        o.playout.initial_delay = 5ms;
        o.on_audio = [this](voice_stream& stream, const audio_tick& tick,
                            std::span<const std::int16_t>) {
            skipped_ += tick.skipped;
            read_before_tick_.push_back(stream.stats().rtp.received);
        };
        stream_.emplace(*server_, o);
        o.on_audio = [](voice_stream&, const audio_tick&, std::span<const std::int16_t>) {};
        neighbour_.emplace(*server_, o);
        serve();
    }
    ~call_to_busy_server() {
        neighbour_.reset();
        stream_.reset();
        serve();
    }

    /// The server serves all the time.
    void run(std::chrono::milliseconds length) {
        for (auto i = 0ms; i != length; ++i) {
            pass_millisecond();
            // The system may deliver a datagram a moment later.
            for (int tries = 0; !all_received() && tries != 10'000; ++tries) {
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
    /// What is sent from now on arrives this much later.
    void set_network_delay(std::chrono::milliseconds delay) { network_delay_ = delay; }
    /// Strangers' datagrams, which are no RTP.
    void flood(unsigned datagrams) {
        constexpr std::array<std::uint8_t, 20> noise{};
        for (unsigned i = 0; i != datagrams; ++i) stranger_.send(noise, stream_->local_endpoint());
        strange_ += datagrams;
    }

    voice_stream_stats stats() const { return stream_->stats(); }
    voice_stream_stats stats_of_neighbour() const { return neighbour_->stats(); }
    std::uint64_t ticks() const {
        const auto s = stats();
        return std::accumulate(s.playout.ticks.begin(), s.playout.ticks.end(), std::uint64_t{});
    }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t skipped() const { return skipped_; }
    /// The number of datagrams that were read before each tick.
    const std::vector<std::uint64_t>& read_before_tick() const { return read_before_tick_; }

private:
    void pass_millisecond() {
        own_clock::now += 1ms;
        std::this_thread::sleep_for(1100us);
        if (milliseconds_++ % 20 == 0) leaves_.push_back(own_clock::now + network_delay_);
        while (sent_ != leaves_.size() && leaves_[sent_] <= own_clock::now) {
            own_clock::arrivals.push_back(own_clock::now);
            phone_.send_rtp(stream_->local_endpoint(), sent_, 9);
            phone_.send_rtp(neighbour_->local_endpoint(), sent_++, 10);
        }
    }
    bool all_received() const {
        return stats().rtp.received == sent_ + strange_ &&
               stats_of_neighbour().rtp.received == sent_;
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
    std::optional<voice_stream> stream_, neighbour_;
    plain_phone phone_, stranger_;
    std::chrono::milliseconds network_delay_{};
    std::vector<steady_clock::time_point> leaves_; // the network, by sequence number
    unsigned milliseconds_ = 0;
    unsigned sent_ = 0;
    std::uint64_t strange_ = 0;
    std::uint64_t skipped_ = 0;
    std::vector<std::uint64_t> read_before_tick_;
};

const auto servers = boost::unit_test::data::make({served_by::context, served_by::caller});
const auto lengths = boost::unit_test::data::make({30, 60, 200});

void check_that_nothing_is_concealed(call_to_busy_server& call, std::chrono::milliseconds length) {
    call.run(407ms);
    const auto before = call.stats().playout;
    const std::uint64_t ticks = call.ticks();
    call.block(length);
    BOOST_TEST(call.ticks() - ticks >= static_cast<std::uint64_t>(length / 20ms));
    call.run(200ms);
    const auto s = call.stats();
    BOOST_TEST(s.playout.received == call.sent());
    BOOST_TEST(s.playout.late == 0u);
    BOOST_TEST(s.playout.underruns == 0u);
    BOOST_TEST(s.playout.ticks_of(playout_kind::concealed) == 0u);
    BOOST_TEST(s.playout.ticks_of(playout_kind::silence) == before.ticks_of(playout_kind::silence));
    BOOST_TEST(call.skipped() == 0u);
}

void check_that_delay_does_not_grow(call_to_busy_server& call, std::chrono::milliseconds length) {
    call.run(507ms);
    const auto before = call.stats().playout;
    for (int i = 0; i != 4; ++i) {
        call.block(length);
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

} // namespace

BOOST_AUTO_TEST_SUITE(voice_behind)

// What was in the socket in time is heard in its tick, although that comes late.
BOOST_DATA_TEST_CASE(nothing_is_concealed_after_it, servers* lengths, by, length) {
    call_to_busy_server call{by};
    check_that_nothing_is_concealed(call, std::chrono::milliseconds{length});
}

// The server's delay is not the network's: playout does not become slower.
BOOST_DATA_TEST_CASE(delay_does_not_grow, servers* lengths, by, length) {
    call_to_busy_server call{by};
    check_that_delay_does_not_grow(call, std::chrono::milliseconds{length});
}

// A thread that was busy does not know what the network did meanwhile, unless the kernel says it.
BOOST_AUTO_TEST_CASE(the_kernel_says_when_packets_arrived, *needs::kernel_timestamps()) {
    for (const auto length : {30ms, 200ms}) {
        call_to_busy_server call{served_by::caller, true};
        check_that_nothing_is_concealed(call, length);
    }
    for (const auto length : {30ms, 200ms}) {
        call_to_busy_server call{served_by::caller, true};
        check_that_delay_does_not_grow(call, length);
        const auto before = call.stats().playout;
        call.set_network_delay(70ms);
        call.block(200ms);
        const auto after = call.stats().playout;
        BOOST_TEST((after.target >= before.target + 60ms));
    }
}

BOOST_DATA_TEST_CASE(a_flooded_socket_gets_one_batch_for_each_late_tick, servers, by) {
    call_to_busy_server call{by};
    call.run(407ms);
    const std::size_t ticks = call.read_before_tick().size();
    call.flood(1000);
    call.block(200ms);
    // Some were read in turn before the first tick.
    const auto& read = call.read_before_tick();
    BOOST_REQUIRE(read.size() >= ticks + 9);
    for (std::size_t i = ticks + 1; i != ticks + 9; ++i)
        BOOST_TEST(read[i] - read[i - 1] == detail::receive_buffers::slot_count);
    // What was in the neighbour's socket in time is heard.
    const auto neighbour = call.stats_of_neighbour().playout;
    BOOST_TEST(neighbour.ticks_of(playout_kind::concealed) == 0u);
    BOOST_TEST(neighbour.late + neighbour.grown == 0u);
    // The rest is read in turn.
    call.run(300ms);
    const auto before = call.stats().playout;
    call.run(200ms);
    const auto after = call.stats().playout;
    BOOST_TEST(call.stats().other == 1000u);
    BOOST_TEST(after.ticks_of(playout_kind::concealed) == before.ticks_of(playout_kind::concealed));
    BOOST_TEST(after.received == call.sent());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace rtpsynth::asio_server
