#include <boost/test/unit_test.hpp>

#include "allocation_fault.hpp"
#include "rtp_proc_tools.hpp"

#include <rtpsynth/asio_server/proc/detail/proc_loop.hpp>

#include <array>
#include <atomic>

// Want of memory, at each allocation there is: nothing ends the program, nothing hangs, each
// channel that was made is called, and no handler outlives its channel and the rtp_proc.

using namespace rtp_proc_test;

using memory::done;

namespace {

template <class Condition>
void wait_a_little(Condition holds) {
    for (int i = 0; i != 20 && !holds(); ++i) std::this_thread::sleep_for(500us);
}

struct counted {
    std::atomic<int> calls{0};
    std::shared_ptr<int> token = std::make_shared<int>();
};

struct scenario {
    static constexpr std::size_t count = 4;
    std::array<counted, count> counts;
    std::array<channel_ptr, count> channels;
    std::optional<rtp_proc> proc;
    bool overdue = false; // always, so that each turn asks for the next

    void run(const proc_options& options) {
        if (!done([&] { proc.emplace(options); })) return;
        for (std::size_t i = 0; i != count; ++i)
            done([&] {
                channels[i] = proc->create_channel(
                    [this, &c = counts[i], token = counts[i].token](time_point t, time_point) {
                        ++c.calls;
                        return overdue ? time_point{} : t + 1ms;
                    });
            });
        wait_a_little([&] { return all_called(2); });
        if (channels[0]) channels[0]->close();
        channels[1].reset();
        wait_a_little([&] { return counts[1].token.use_count() == 1; });
    }
    bool all_called(int times) const {
        for (std::size_t i = 0; i != count; ++i)
            if (channels[i] && channels[i]->is_open() && counts[i].calls < times) return false;
        return true;
    }
    void check() {
        if (!proc) return;
        // With memory there is no end of calls.
        for (std::size_t i = 2; i != count; ++i) counts[i].calls = 0;
        BOOST_TEST(comes_true([&] { return all_called(3); }));
        std::size_t open = 0;
        for (std::size_t i = 0; i != count; ++i) {
            const bool lives = channels[i] && channels[i]->is_open();
            open += lives;
            if (!lives) BOOST_TEST(comes_true([&] { return counts[i].token.use_count() == 1; }));
        }
        BOOST_TEST(proc->stats().channels == open);
        proc->shutdown();
        for (const counted& c : counts)
            BOOST_TEST(comes_true([&] { return c.token.use_count() == 1; }));
        proc.reset();
    }
};

template <class Play>
void with_each_refused(Play play) {
    for (const long in_a_row : {1L, 30L})
        for (long n = 0, refused = 1; refused != 0; n += 1 + in_a_row / 10)
            BOOST_TEST_CONTEXT("allocation " << n << " and what follows, " << in_a_row
                                             << " times") {
                refused = play(n, in_a_row);
                BOOST_REQUIRE(n < 2000);
            }
}

} // namespace

BOOST_AUTO_TEST_CASE(an_rtp_proc_survives) {
    for (const bool overdue : {false, true})
        with_each_refused([&](long n, long in_a_row) {
            scenario s;
            s.overdue = overdue;
            {
                const memory::shortage shortage{n, in_a_row};
                s.run({.slack = overdue ? 0ms : 1ms});
            }
            const long refused = memory::refused;
            s.check();
            return refused;
        });
}

// To shut down needs memory, too, with which to tell the executor.
BOOST_AUTO_TEST_CASE(it_shuts_down_without_memory) {
    with_each_refused([&](long n, long in_a_row) {
        scenario s;
        s.run({});
        long refused = 0;
        {
            const memory::shortage shortage{n, in_a_row};
            s.proc->shutdown();
            s.proc.reset();
            refused = memory::refused;
        }
        for (const counted& c : s.counts) BOOST_TEST(c.token.use_count() == 1);
        return refused;
    });
}

BOOST_AUTO_TEST_CASE(a_loop_of_its_callers_survives) {
    with_each_refused([&](long n, long in_a_row) {
        std::atomic<int> calls{0};
        std::optional<rtpsynth::asio_server::detail::proc_loop> loop;
        std::shared_ptr<rtp_proc_channel> channel;
        std::thread runner;
        long refused = 0;
        {
            const memory::shortage shortage{n, in_a_row};
            done([&] { loop.emplace(proc_options{}); });
            if (loop) {
                done([&] {
                    channel = loop->create_channel([&](time_point t, time_point) {
                        ++calls;
                        return t + 1ms;
                    });
                });
                for (int i = 0; i != 5; ++i) loop->serve();
            }
            refused = memory::refused;
        }
        if (!loop) return refused;
        BOOST_TEST((calls != 0) == (channel != nullptr));
        loop->shutdown();
        while (loop->wait()) loop->serve();
        BOOST_TEST(loop->stats().channels == 0U);
        return refused;
    });
}
