#include <boost/test/unit_test.hpp>

#include "../heap.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/server/detail/buffer_pool.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

// Sanitizers bring an operator new of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define RTPSYNTH_COUNTS_BLOCKS 0
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define RTPSYNTH_COUNTS_BLOCKS 0
#    endif
#endif
#ifndef RTPSYNTH_COUNTS_BLOCKS
#    define RTPSYNTH_COUNTS_BLOCKS 1
#endif

#if RTPSYNTH_COUNTS_BLOCKS
namespace {
std::atomic<long> blocks{0}; // of at least a datagram's size: allocated and not freed
std::atomic<long> made{0};   // allocated
constexpr std::size_t counted_size = 2000;
} // namespace

// Not inline: GCC would see through one of a pair and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
    void* const p = heap::take(size == 0 ? 1 : size, 0);
    if (!p) throw std::bad_alloc();
    if (heap::size(p, 0) >= counted_size) ++blocks, ++made;
    return p;
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    if (p && heap::size(p, 0) >= counted_size) --blocks;
    heap::give(p, 0);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }
#endif

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using asio_server::detail::buffer_pool;
using asio_server::detail::pooled_buffer;

static_assert(std::is_nothrow_move_constructible_v<pooled_buffer>);
static_assert(std::is_nothrow_move_constructible_v<datagram>);
static_assert(!std::is_copy_constructible_v<datagram>);

std::vector<std::uint8_t> noise(std::size_t size, unsigned seed) {
    std::mt19937 random{seed};
    std::vector<std::uint8_t> bytes(size);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
    return bytes;
}

bool holds(const pooled_buffer& buffer, const std::vector<std::uint8_t>& bytes) {
    const auto data = buffer.data();
    return std::equal(data.begin(), data.end(), bytes.begin(), bytes.end());
}

BOOST_AUTO_TEST_CASE(a_buffer_has_the_bytes_it_was_made_of) {
    buffer_pool pool;
    // Twice, so that blocks are used again; the largest UDP payload, and where the sizes change.
    for (int round = 0; round != 2; ++round)
        for (const unsigned size : {0U, 1U, 12U, 172U, 1472U, 1500U, 2023U, 2024U, 2025U, 2047U,
                                    2048U, 2049U, 9000U, 65507U, 65535U, 1U << 20}) {
            auto bytes = noise(size, size + 1);
            const auto buffer = pool.copy(bytes);
            const auto expected = bytes;
            std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
            BOOST_TEST(holds(buffer, expected), "size " << size);
        }
}

BOOST_AUTO_TEST_CASE(default_and_zero_sized_buffers_are_empty) {
    BOOST_TEST(pooled_buffer{}.data().empty());
    buffer_pool pool;
    BOOST_TEST(pool.copy({}).data().empty());
}

BOOST_AUTO_TEST_CASE(a_move_takes_the_bytes_along) {
    buffer_pool pool;
    const auto first = noise(100, 1), second = noise(3000, 2);
    auto a = pool.copy(first);
    auto b = std::move(a);
    BOOST_TEST(a.data().empty());
    BOOST_TEST(holds(b, first));
    a = pool.copy(second);
    b = std::move(a);
    BOOST_TEST(holds(b, second));
}

BOOST_AUTO_TEST_CASE(what_is_held_is_never_handed_out_again) {
    buffer_pool pool;
    std::mt19937 random{7};
    struct held {
        pooled_buffer buffer;
        std::vector<std::uint8_t> bytes;
    };
    std::vector<held> all;
    for (unsigned i = 0; i != 20'000; ++i) {
        if (random() % 2 || all.empty()) {
            auto bytes = noise(random() % 2 ? random() % 64 : random() % 4096, i);
            auto buffer = pool.copy(bytes);
            all.push_back({std::move(buffer), std::move(bytes)});
        } else {
            const std::size_t i_gone = random() % all.size();
            BOOST_REQUIRE(holds(all[i_gone].buffer, all[i_gone].bytes));
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(i_gone));
        }
    }
    for (const held& h : all) BOOST_REQUIRE(holds(h.buffer, h.bytes));
}

BOOST_AUTO_TEST_CASE(buffers_outlive_their_pool) {
    std::vector<pooled_buffer> kept;
    const auto small = noise(500, 1), large = noise(5000, 2);
    {
        buffer_pool pool;
        for (int i = 0; i != 10; ++i) {
            kept.push_back(pool.copy(small));
            kept.push_back(pool.copy(large));
        }
        kept.resize(10); // some go before the pool and some after
    }
    for (std::size_t i = 0; i != kept.size(); ++i)
        BOOST_TEST(holds(kept[i], i % 2 ? large : small));
}

BOOST_AUTO_TEST_CASE(many_threads_may_use_one_pool) {
    auto pool = std::make_unique<buffer_pool>();
    std::atomic<int> wrong{0};
    std::vector<std::vector<pooled_buffer>> left(4); // for another thread to destroy
    std::vector<std::thread> threads;
    for (unsigned t = 0; t != left.size(); ++t)
        threads.emplace_back([&, t] {
            std::mt19937 random{t};
            std::vector<pooled_buffer> mine;
            for (int i = 0; i != 5000; ++i) {
                const std::vector<std::uint8_t> bytes(random() % 2500,
                                                      static_cast<std::uint8_t>(random()));
                mine.push_back(pool->copy(bytes));
                if (!holds(mine.back(), bytes)) ++wrong;
                if (mine.size() > 20) mine.erase(mine.begin(), mine.begin() + 10);
            }
            left[t] = std::move(mine);
        });
    for (auto& t : threads) t.join();
    threads.clear();
    // The pool goes while its buffers do.
    for (auto& buffers : left) threads.emplace_back([&] { buffers.clear(); });
    pool.reset();
    for (auto& t : threads) t.join();
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_datagram_owns_what_a_view_showed) {
    const auto bytes = noise(200, 3);
    const boost::asio::ip::udp::endpoint source{boost::asio::ip::make_address("192.0.2.1"), 4000};
    const time_point when{duration{123'456}};
    std::optional<buffer_pool> pool{std::in_place};
    datagram d{*pool, {bytes, source, when}};
    pool.reset();
    const datagram moved = std::move(d);
    const auto data = moved.data();
    BOOST_TEST(std::equal(data.begin(), data.end(), bytes.begin(), bytes.end()));
    BOOST_TEST(moved.source() == source);
    BOOST_TEST((moved.received_at() == when));
    BOOST_TEST(datagram{}.data().empty());
}

#if RTPSYNTH_COUNTS_BLOCKS
BOOST_AUTO_TEST_CASE(a_freed_block_is_used_again) {
    const std::vector<std::uint8_t> bytes(1500);
    buffer_pool pool;
    { const auto first = pool.copy(bytes); }
    const long before = made;
    for (int i = 0; i != 1000; ++i) {
        const auto again = pool.copy(bytes);
    }
    BOOST_TEST(made == before);
}

BOOST_AUTO_TEST_CASE(a_pool_keeps_a_bounded_number_of_blocks_and_a_destroyed_one_none) {
    const std::vector<std::uint8_t> small(100), large(10'000);
    std::vector<pooled_buffer> all, late;
    all.reserve(12'000);
    late.reserve(10);
    const long before = blocks;
    {
        buffer_pool pool;
        for (int i = 0; i != 10'000; ++i) all.push_back(pool.copy(small));
        for (int i = 0; i != 10; ++i) all.push_back(pool.copy(large));
        BOOST_TEST(blocks - before == 10'010);
        all.clear();
        BOOST_TEST(blocks - before == 4096);
        for (int i = 0; i != 10; ++i) late.push_back(pool.copy(small));
        BOOST_TEST(blocks - before == 4096);
    }
    BOOST_TEST(blocks - before == 10);
    late.clear();
    BOOST_TEST(blocks == before);
}
#endif

} // namespace
