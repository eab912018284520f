/// \file
/// Memory of an asynchronous operation that is started repeatedly.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Room for two operations of Asio, since one may begin while the other ends. After the first wait,
/// waiting again therefore needs no more memory. Larger operations, or a third one, come from the
/// heap.
class handler_memory {
public:
    void* allocate(std::size_t size) {
        if (size <= block_size)
            for (block& b : blocks_)
                if (!b.used.exchange(true)) return b.bytes.data();
        return ::operator new(size);
    }
    void deallocate(void* p) noexcept {
        for (block& b : blocks_)
            if (p == b.bytes.data()) {
                b.used = false;
                return;
            }
        ::operator delete(p);
    }

private:
    static constexpr std::size_t block_size = 384;
    struct block {
        alignas(std::max_align_t) std::array<std::byte, block_size> bytes;
        std::atomic<bool> used{false};
    };
    std::array<block, 2> blocks_;
};

/// A handler's associated allocator that uses this memory. The memory outlives the operation.
template <class T = void>
class handler_allocator {
public:
    using value_type = T;

    explicit handler_allocator(std::shared_ptr<handler_memory> memory) noexcept
        : memory_{std::move(memory)} {}
    // Copied when it is moved from: Asio frees memory through the handler that it has moved from.
    handler_allocator(const handler_allocator&) noexcept = default;
    handler_allocator& operator=(const handler_allocator&) noexcept = default;
    ~handler_allocator() = default;
    template <class U>
    handler_allocator(const handler_allocator<U>& other) noexcept : memory_{other.memory_} {}

    T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
    void deallocate(T* p, std::size_t) noexcept { memory_->deallocate(p); }

    template <class U>
    bool operator==(const handler_allocator<U>& other) const noexcept {
        return memory_ == other.memory_;
    }

private:
    template <class U>
    friend class handler_allocator;

    std::shared_ptr<handler_memory> memory_;
};

} // namespace rtpsynth::asio_server::detail
