#include <boost/test/unit_test.hpp>

#include "rtp_proc_tools.hpp"

#include <boost/system/system_error.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <vector>

using namespace rtp_proc_test;

BOOST_AUTO_TEST_CASE(a_child_drops_what_it_inherited_and_makes_its_own) {
    application app{1};
    auto own = std::make_unique<rtp_proc>();
    auto given = std::make_unique<rtp_proc>(app.context.get_executor());
    std::atomic<int> calls{0};
    const auto periodic = [&](time_point, time_point) {
        ++calls;
        return time_point{};
    };
    std::vector<channel_ptr> all;
    for (int i = 0; i != 20; ++i)
        for (auto* const proc : {own.get(), given.get()})
            all.push_back(proc->create_channel(periodic));
    for (int round = 0; round != 20; ++round) {
        const pid_t child = ::fork();
        BOOST_TEST_REQUIRE(child >= 0);
        if (child == 0) {
            ::alarm(90); // a deadlock ends it
            bool refused = false;
            try {
                own->create_channel([](time_point, time_point) { return next_call{}; });
            } catch (const boost::system::system_error&) {
                refused = true;
            }
            all[0]->close();
            all.clear();
            given->shutdown();
            own.reset();
            given.reset();
            rtp_proc fresh;
            std::atomic<bool> called{false};
            const auto c = fresh.create_channel([&](time_point, time_point) {
                called = true;
                return next_call{};
            });
            ::_exit(refused && comes_true([&] { return called.load(); }) ? 0 : 1);
        }
        int status = -1;
        BOOST_TEST(::waitpid(child, &status, 0) == child);
        BOOST_TEST(status == 0);
    }
    const int before = calls; // the parent's go on
    BOOST_TEST(comes_true([&] { return calls > before + 100; }));
}
