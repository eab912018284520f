#include <boost/test/unit_test.hpp>

#include "rtp_proc_tools.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

// What a handler may look like, and what it is given.

using namespace rtp_proc_test;

namespace {

// Which of the two signatures a handler has is seen at compile time; others are refused.
static_assert(proc_handler<next_call(time_point, time_point)>);
static_assert(proc_channel_handler<next_call(rtp_proc_channel&, time_point, time_point)>);
static_assert(!proc_handler<next_call(rtp_proc_channel&, time_point, time_point)>);
template <class Handler>
constexpr bool is_taken = requires(rtp_proc& p, Handler h) {
    p.create_channel(h);
};
static_assert(is_taken<next_call (*)(time_point, time_point)>);
static_assert(is_taken<time_point (*)(rtp_proc_channel&, time_point, time_point)>);
static_assert(!is_taken<void (*)(time_point, time_point)>);
static_assert(!is_taken<next_call (*)(const rtp_proc&, time_point, time_point)>);

struct on_context {
    boost::asio::io_context context;
    std::optional<rtp_proc> proc{std::in_place, context};

    bool until(const std::function<bool()>& condition) { return run_until(context, condition); }
    bool out() { return run_out(context); }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_handler_may_be_given_its_channel, on_context) {
    int calls = 0;
    std::uint64_t id = 0;
    auto c =
        proc->create_channel([&](rtp_proc_channel& self, time_point t, time_point) -> next_call {
            id = self.id();
            BOOST_TEST(self.is_open());
            if (++calls == 3) {
                BOOST_TEST(self.close());
                BOOST_TEST(!self.is_open());
            }
            return t;
        });
    const std::uint64_t expected = c->id();
    BOOST_TEST(until([&] { return calls == 3; }));
    BOOST_TEST(id == expected);
    BOOST_TEST(!c->is_open());
    BOOST_TEST(out());
    BOOST_TEST(calls == 3);

    // It is not what keeps the channel open, and is valid when the last owner goes.
    bool closed_by_owner = false;
    c = proc->create_channel([&](rtp_proc_channel& self, time_point t, time_point) -> next_call {
        c.reset();
        closed_by_owner = !self.is_open() && !self.close();
        return t;
    });
    BOOST_TEST(out());
    BOOST_TEST(closed_by_owner);
    BOOST_TEST(!c);
}
