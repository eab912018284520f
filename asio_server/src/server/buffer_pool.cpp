#include <rtpsynth/asio_server/server/detail/buffer_pool.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <new>

namespace rtpsynth::asio_server::detail {

namespace {

constexpr std::size_t usual_block_size = 2048; // header included
constexpr std::size_t most_kept = 4096;        // 8 MiB

} // namespace

/// State shared by a pool and its blocks; destroyed with the last of them.
struct pool_state {
    using block = pooled_buffer::block;

    static constexpr std::size_t usual_room = usual_block_size - sizeof(block);

    static block* allocate(std::size_t room) {
        return new (::operator new(sizeof(block) + room))
            block{nullptr, nullptr, 0, static_cast<std::uint32_t>(room)};
    }
    static void deallocate(block* b) noexcept { ::operator delete(b); }

    block* take() {
        {
            const std::lock_guard lock{mutex};
            if (block* const b = kept) {
                kept = b->next;
                --kept_count;
                ++out;
                return b;
            }
        }
        block* const b = allocate(usual_room);
        b->pool = this;
        const std::lock_guard lock{mutex};
        ++out;
        return b;
    }

    void give_back(block* b) noexcept {
        bool last;
        {
            const std::lock_guard lock{mutex};
            last = --out == 0 && closed;
            if (!closed && kept_count != most_kept) {
                b->next = std::exchange(kept, b);
                ++kept_count;
                b = nullptr;
            }
        }
        if (b) deallocate(b);
        if (last) delete this;
    }

    void close() noexcept {
        block* rest;
        bool last;
        {
            const std::lock_guard lock{mutex};
            closed = true;
            last = out == 0;
            rest = std::exchange(kept, nullptr);
        }
        while (rest) deallocate(std::exchange(rest, rest->next));
        if (last) delete this;
    }

    std::mutex mutex;
    block* kept = nullptr;
    std::size_t kept_count = 0;
    std::size_t out = 0; // blocks in use
    bool closed = false; // the pool was destroyed
};

void pooled_buffer::release(block* b) noexcept {
    if (b->pool)
        b->pool->give_back(b);
    else
        pool_state::deallocate(b);
}

buffer_pool::buffer_pool() : state_{new pool_state} {}

buffer_pool::~buffer_pool() { state_->close(); }

pooled_buffer buffer_pool::copy(std::span<const std::uint8_t> bytes) {
    if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) throw std::bad_alloc{};
    // A large block is rare and belongs to no pool: its holder frees it.
    auto* const b = bytes.size() <= pool_state::usual_room ? state_->take()
                                                           : pool_state::allocate(bytes.size());
    std::copy(bytes.begin(), bytes.end(), b->bytes());
    b->size = static_cast<std::uint32_t>(bytes.size());
    return pooled_buffer{b};
}

} // namespace rtpsynth::asio_server::detail
