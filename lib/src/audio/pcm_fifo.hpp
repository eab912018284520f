// A queue of samples in blocks, which are allocated and freed as samples come and go.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace rtpsynth::detail {

class pcm_fifo {
public:
    static constexpr std::size_t block_size = 2048;

    std::size_t size() const noexcept { return size_; }

    // Appends as much as there is memory for, and returns how much that is.
    std::size_t push(std::span<const std::int16_t> pcm) noexcept {
        std::size_t done = 0;
        while (done < pcm.size()) {
            const std::size_t end = first_ + size_;
            if (end == blocks_.size() * block_size && !add_block()) break;
            const std::size_t at = end % block_size;
            const std::size_t n = std::min(pcm.size() - done, block_size - at);
            std::copy_n(pcm.data() + done, n, blocks_[end / block_size]->data() + at);
            size_ += n;
            done += n;
        }
        return done;
    }

    // The contiguous samples from number \p offset < size() on: at least one.
    std::span<const std::int16_t> at(std::size_t offset) const noexcept {
        const std::size_t from = first_ + offset;
        const std::size_t n = std::min(block_size - from % block_size, size_ - offset);
        return std::span(*blocks_[from / block_size]).subspan(from % block_size, n);
    }

    void drop(std::size_t n) noexcept {
        first_ += n;
        size_ -= n;
        const std::size_t gone = first_ / block_size;
        // Keep one block, so that a queue that alternates between empty and not does not allocate
        // each time.
        if (gone != 0 && !spare_) spare_ = std::move(blocks_.front());
        blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(gone));
        first_ %= block_size;
    }

    void clear() noexcept { drop(size_); }
    void release() noexcept { *this = {}; }

private:
    using block = std::array<std::int16_t, block_size>;

    bool add_block() noexcept {
        try {
            blocks_.reserve(blocks_.size() + 1);
            blocks_.push_back(spare_ ? std::move(spare_) : std::make_unique<block>());
        } catch (const std::bad_alloc&) {
            return false;
        }
        return true;
    }

    std::vector<std::unique_ptr<block>> blocks_;
    std::unique_ptr<block> spare_;
    std::size_t first_ = 0; // in the first block
    std::size_t size_ = 0;
};

} // namespace rtpsynth::detail
