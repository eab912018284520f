#include <boost/test/unit_test.hpp>

#include "rtp_proc_tools.hpp"
#include "this_process.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

// rtp_proc's own thread, and many of others'.

using namespace rtp_proc_test;

namespace {

// Descriptors and threads are back where they were. There may have been a thread more then: one
// that was joined is counted until the system has removed it.
struct nothing_left {
    nothing_left() {
        std::thread{[] {}}.join(); // with the first one a sanitizer starts one of its own
        descriptors = this_process::descriptors();
        threads = this_process::threads();
    }
    bool holds() const {
        return comes_true([this] {
            return this_process::descriptors() == descriptors && this_process::threads() <= threads;
        });
    }

private:
    long descriptors = 0;
    long threads = 0;
};

// Eight threads make, close and drop channels, from handlers too, which throw at times.
void hammer(rtp_proc& proc) {
    constexpr int operations = 4'000;
    struct counted { // falls also when what follows throws
        std::atomic<int>& n;
        explicit counted(std::atomic<int>& counter) : n{counter} { ++n; }
        counted(const counted& o) : n{o.n} { ++n; }
        ~counted() { --n; }
    };
    std::atomic<int> handlers{0};
    std::atomic<int> inside{0};
    std::atomic<int> overlaps{0};
    std::atomic<int> early{0};
    std::array<channel_ptr, 64> slots;
    std::mutex slots_mutex;
    const auto exchange = [&](std::size_t i, channel_ptr c) {
        const std::lock_guard lock{slots_mutex};
        slots[i % slots.size()].swap(c);
        return c;
    };
    const std::function<channel_ptr(unsigned)> make = [&](unsigned seed) {
        return proc.create_channel(
            [&, seed, c = counted{handlers}, random = std::minstd_rand{seed}](
                time_point t, time_point deadline) mutable -> next_call {
                const counted running{inside};
                overlaps += inside != 1;
                early += t < deadline;
                const auto what = random();
                channel_ptr other;
                if (what % 7 == 0) other = exchange(random(), nullptr);
                if (what % 11 == 0) other = exchange(random(), make(seed + 1));
                if (other && what % 2 == 0) other->close();
                if (what % 97 == 0) throw std::runtime_error{"now and then"};
                if (what % 89 == 0) return std::nullopt;
                return t + duration{static_cast<duration::rep>(random() % 400'000)} - 100us;
            });
    };
    std::vector<std::thread> threads;
    for (unsigned id = 0; id != 8; ++id)
        threads.emplace_back([&, id] {
            std::minstd_rand random{id + 1};
            for (int i = 0; i != operations; ++i) {
                const auto what = random();
                channel_ptr c;
                if (what % 2 == 0) c = make(static_cast<unsigned>(random()));
                c = exchange(random(), std::move(c));
                if (c && what % 3 == 0 && c->close() && c->is_open()) ++overlaps;
                if (what % 64 == 0) proc.stats();
            }
        });
    for (auto& t : threads) t.join();
    const auto last = make(0);
    BOOST_TEST(comes_true([&] { return proc.stats().calls > 0; }));
    for (auto& s : slots)
        if (const auto c = exchange(static_cast<std::size_t>(&s - slots.data()), nullptr)) {
            c->close();
            c->exception();
        }
    proc.shutdown();
    BOOST_TEST(overlaps == 0);
    BOOST_TEST(early == 0);
    BOOST_TEST(proc.stats().channels == 0U);
    // On an application's context the last calls may still run.
    BOOST_TEST(comes_true([&] { return handlers == 0 && inside == 0; }));
}

} // namespace

BOOST_AUTO_TEST_CASE(hammered_on_its_own_thread) {
    const nothing_left check;
    {
        rtp_proc proc;
        hammer(proc);
    }
    BOOST_TEST(check.holds());
}

BOOST_AUTO_TEST_CASE(hammered_on_a_context_that_four_threads_run) {
    const nothing_left check;
    {
        application app{4};
        rtp_proc proc{app.context.get_executor()};
        hammer(proc);
    }
    BOOST_TEST(check.holds());
}

BOOST_AUTO_TEST_CASE(no_call_begins_after_close) {
    application app{2};
    for (int own = 0; own != 2; ++own) {
        std::optional<rtp_proc> proc;
        if (own != 0)
            proc.emplace();
        else
            proc.emplace(app.context.get_executor());
        int went_on = 0;
        for (int i = 0; i != 300; ++i) {
            std::atomic<int> begun{0}, ended{0};
            const auto c = proc->create_channel([&](time_point, time_point) {
                ++begun;
                ++ended;
                return time_point{};
            });
            BOOST_TEST_REQUIRE(comes_true([&] { return begun > i % 5; }));
            BOOST_TEST(c->close());
            const int before = begun;
            // Two handlers posted one after another: what ran at close() has ended by then.
            for (int k = 0; k != 2; ++k) {
                std::atomic<bool> ran{false};
                boost::asio::post(proc->get_executor(), [&] { ran = true; });
                BOOST_TEST_REQUIRE(comes_true([&] { return ran.load(); }));
            }
            went_on += begun - before > 1; // one may have been about to count itself
            BOOST_TEST(begun == ended);
        }
        BOOST_TEST(went_on == 0);
    }
}

BOOST_AUTO_TEST_CASE(shut_down_by_many_at_once_with_handlers_running) {
    const nothing_left check;
    for (int round = 0; round != 20; ++round) {
        rtp_proc proc;
        std::vector<channel_ptr> all;
        std::atomic<int> calls{0};
        for (int i = 0; i != 200; ++i)
            all.push_back(proc.create_channel([&](time_point, time_point) {
                ++calls;
                return time_point{};
            }));
        BOOST_TEST(comes_true([&] { return calls > 100; }));
        std::vector<std::thread> threads;
        std::atomic<int> late{0};
        for (int i = 0; i != 4; ++i)
            threads.emplace_back([&] {
                proc.shutdown();
                const int now_made = calls;
                for (const auto& c : all) late += c->is_open();
                std::this_thread::yield();
                late += calls != now_made;
            });
        for (auto& t : threads) t.join();
        BOOST_TEST(late == 0);
    }
    BOOST_TEST(check.holds());
}

BOOST_AUTO_TEST_CASE(destroyed_by_a_handler_on_its_own_thread) {
    const nothing_left check;
    for (int round = 0; round != 50; ++round) {
        const auto token = std::make_shared<int>();
        std::atomic<bool> done{false};
        auto proc = std::make_unique<rtp_proc>();
        channel_ptr c;
        std::atomic<bool> ready{false};
        c = proc->create_channel([&, token](time_point t, time_point) {
            if (!ready) return next_call{t + 100us};
            proc.reset();
            done = true;
            return next_call{t};
        });
        ready = true;
        BOOST_TEST_REQUIRE(comes_true([&] { return done && token.use_count() == 1; }));
        BOOST_TEST(!c->is_open());
    }
    BOOST_TEST(check.holds());
}

BOOST_AUTO_TEST_CASE(channels_may_outlive_it) {
    channel_ptr c;
    {
        rtp_proc proc;
        c = proc.create_channel([](time_point t, time_point) { return t + 1h; });
        BOOST_TEST(comes_true([&] { return proc.stats().calls == 1; }));
    } // joins, for all the hour that is to wait
    BOOST_TEST(!c->close());
    BOOST_TEST(c->id() != 0U);
}

BOOST_AUTO_TEST_CASE(a_thread_for_each_and_no_signal_for_it) {
    const nothing_left check;
    {
        rtp_proc a, b;
        std::atomic<bool> in_a{false};
        std::atomic<bool> both{false};
        const auto ca = a.create_channel([&](time_point, time_point) {
            in_a = true;
            both = comes_true([&] { return !in_a; });
            return next_call{};
        });
        const auto cb = b.create_channel([&](time_point t, time_point) {
            return in_a.exchange(false) ? next_call{} : t + 100us;
        });
        BOOST_TEST(comes_true([&] { return both.load(); }));
    }
    BOOST_TEST(check.holds());
}
