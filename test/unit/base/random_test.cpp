#include <boost/test/unit_test.hpp>

#include <rtpsynth/base/random.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#ifdef __unix__
#    include <sys/wait.h>
#    include <unistd.h>
#endif

using namespace rtpsynth;

namespace {

using numbers = std::vector<std::uint64_t>;

/// Numbers of 64 bits: that one comes twice by chance is out of the question.
numbers draw(std::size_t count) {
    numbers drawn(count);
    for (auto& n : drawn) n = std::uint64_t{system_random32()} << 32 | system_random32();
    return drawn;
}

bool all_differ(numbers all) {
    std::sort(all.begin(), all.end());
    return std::adjacent_find(all.begin(), all.end()) == all.end();
}

} // namespace

BOOST_AUTO_TEST_CASE(each_bit_is_set_in_half_of_the_numbers) {
    constexpr int count = 1 << 16; // standard deviation 128: 8 of them in one of 10^13 runs
    std::array<int, 32> set{};
    for (int i = 0; i != count; ++i) {
        std::uint32_t bits = system_random32();
        for (int& n : set) n += static_cast<int>(bits & 1), bits >>= 1;
    }
    for (const int n : set) BOOST_TEST((n > count / 2 - 1024 && n < count / 2 + 1024));
}

BOOST_AUTO_TEST_CASE(no_number_comes_twice) { BOOST_TEST(all_differ(draw(100'000))); }

BOOST_AUTO_TEST_CASE(threads_draw_numbers_of_their_own) {
    std::array<numbers, 4> drawn;
    std::vector<std::thread> threads;
    for (numbers& of_thread : drawn)
        threads.emplace_back([&of_thread] { of_thread = draw(20'000); });
    numbers all;
    for (std::size_t i = 0; i != drawn.size(); ++i) {
        threads[i].join();
        all.insert(all.end(), drawn[i].begin(), drawn[i].end());
    }
    BOOST_TEST(all_differ(all));
}

#ifdef __unix__

namespace {

/// What a child of fork() draws, and a child of its own after it.
numbers draw_in_children(std::size_t count) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(pipe(ends.data()) == 0);
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        alarm(60);
        const auto tell = [&] {
            const numbers drawn = draw(count);
            const std::size_t size = count * sizeof drawn[0];
            return write(ends[1], drawn.data(), size) == static_cast<ssize_t>(size);
        };
        bool told = tell();
        const pid_t grandchild = fork();
        if (grandchild > 0) waitpid(grandchild, nullptr, 0);
        told = tell() && told && grandchild >= 0;
        _exit(told ? 0 : 1);
    }
    close(ends[1]);
    numbers drawn;
    for (std::uint64_t n = 0; read(ends[0], &n, sizeof n) == sizeof n;) drawn.push_back(n);
    close(ends[0]);
    int status = -1;
    waitpid(child, &status, 0);
    BOOST_TEST(status == 0);
    BOOST_TEST(drawn.size() == 3 * count);
    return drawn;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_child_draws_numbers_of_its_own) {
    numbers all = draw(7); // so that there is something to be inherited
    for (int i = 0; i != 5; ++i) {
        const numbers theirs = draw_in_children(20);
        const numbers ours = draw(20);
        all.insert(all.end(), theirs.begin(), theirs.end());
        all.insert(all.end(), ours.begin(), ours.end());
    }
    BOOST_TEST(all_differ(all));
}

BOOST_AUTO_TEST_CASE(a_child_draws_although_other_threads_drew_at_the_fork) {
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (int i = 0; i != 3; ++i)
        threads.emplace_back([&] {
            while (!done) static_cast<void>(system_random32());
        });
    numbers all;
    for (int i = 0; i != 50; ++i) {
        const numbers theirs = draw_in_children(5);
        all.insert(all.end(), theirs.begin(), theirs.end());
    }
    done = true;
    for (std::thread& t : threads) t.join();
    BOOST_TEST(all_differ(all));
}

#endif
