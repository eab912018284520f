/// \file
/// Memory for received datagrams that outlive their handler's call.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace rtpsynth::asio_server::detail {

class buffer_pool;
struct pool_state;

/// A block of a pool; empty after a move.
class RTPSYNTH_API pooled_buffer {
public:
    pooled_buffer() = default;
    pooled_buffer(pooled_buffer&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
    pooled_buffer& operator=(pooled_buffer&& other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~pooled_buffer() {
        if (block_) release(block_);
    }

    std::span<const std::uint8_t> data() const noexcept {
        return block_ ? std::span<const std::uint8_t>{block_->bytes(), block_->size}
                      : std::span<const std::uint8_t>{};
    }

private:
    friend buffer_pool;
    friend pool_state;

    struct block {
        pool_state* pool; // counted as a reference while the buffer is in use
        block* next;      // of the free list otherwise
        std::uint32_t size;
        std::uint32_t room;
        std::uint8_t* bytes() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
    };

    explicit pooled_buffer(block* b) noexcept : block_{b} {}
    static void release(block* b) noexcept;

    block* block_ = nullptr;
};

/// Keeps freed blocks of the usual size, so that a datagram of up to an Ethernet frame needs no
/// allocation. Buffers may outlive their pool.
///
/// \par Thread safety
/// Any thread.
class RTPSYNTH_API buffer_pool {
public:
    buffer_pool();
    ~buffer_pool();
    buffer_pool(const buffer_pool&) = delete;
    buffer_pool& operator=(const buffer_pool&) = delete;

    /// \throws std::bad_alloc
    pooled_buffer copy(std::span<const std::uint8_t> bytes);

private:
    pool_state* state_;
};

} // namespace rtpsynth::asio_server::detail
