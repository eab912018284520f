/// \file
/// Internal: a sliding window over logical sequence numbers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace rtpsynth::detail {

/// Maps the logical sequence numbers of one window onto 16-bit handles: a ring addressed by the
/// number's low bits, with a bitmap of the places that are taken. Everything is O(1), except that
/// searching across a gap takes one step per 64 numbers of it, 1024 steps at most.
///
/// The window is as wide as its user last made it; the numbers stored at one time must be within
/// one width of each other. Only the bitmap (an eighth of a byte per place) is ever cleared.
class seq_window {
public:
    static constexpr std::uint32_t max_width = 65536; // the 16-bit circle

    /// \throws std::bad_alloc. \p width is a power of two, 64..max_width.
    explicit seq_window(std::uint32_t width) {
        if (!allocate(width)) throw std::bad_alloc();
    }

    std::uint32_t width() const noexcept { return mask_ + 1; }

    bool contains(std::int64_t lseq) const noexcept {
        const std::uint32_t i = index(lseq);
        return (bits_[i / 64] >> (i % 64) & 1) != 0;
    }

    /// Takes the place of \p lseq, whose handle then has to be set. Returns false if it was taken
    /// already.
    bool claim(std::int64_t lseq) noexcept {
        const std::uint32_t i = index(lseq);
        std::uint64_t& word = bits_[i / 64];
        const std::uint64_t bit = std::uint64_t{1} << (i % 64);
        if ((word & bit) != 0) return false;
        word |= bit;
        return true;
    }
    void set(std::int64_t lseq, std::uint16_t handle) noexcept { handles_[index(lseq)] = handle; }

    void insert(std::int64_t lseq, std::uint16_t handle) noexcept {
        claim(lseq);
        set(lseq, handle);
    }

    /// Precondition: contains(lseq).
    std::uint16_t erase(std::int64_t lseq) noexcept {
        const std::uint32_t i = index(lseq);
        bits_[i / 64] &= ~(std::uint64_t{1} << (i % 64));
        return handles_[i];
    }

    std::uint16_t at(std::int64_t lseq) const noexcept { return handles_[index(lseq)]; }

    /// How many numbers from \p lseq on are stored without a gap; 64 if there are more.
    unsigned run(std::int64_t lseq) const noexcept {
        const std::uint32_t i = index(lseq);
        const std::uint64_t here = bits_[i / 64];
        const std::uint64_t after = bits_[(i / 64 + 1) & mask_ / 64];
        // Both words without a branch, and without a shift by 64.
        const std::uint64_t bits = here >> (i % 64) | after << 1 << (63 - i % 64);
        return static_cast<unsigned>(std::countr_one(bits));
    }

    /// Frees the places of \p count numbers, run(lseq) or less, from \p lseq on; their handles
    /// stay.
    void erase_run(std::int64_t lseq, unsigned count) noexcept {
        const std::uint32_t i = index(lseq);
        const std::uint64_t bits = ~std::uint64_t{0} >> (64 - count);
        bits_[i / 64] &= ~(bits << (i % 64));
        bits_[(i / 64 + 1) & mask_ / 64] &= ~(bits >> 1 >> (63 - i % 64));
    }

    /// The first number stored at or after \p lseq. Precondition: there is one.
    std::int64_t next(std::int64_t lseq) const noexcept {
        const std::uint32_t i = index(lseq);
        std::uint32_t word = i / 64;
        std::uint64_t bits = bits_[word] >> (i % 64);
        if (bits != 0) return lseq + std::countr_zero(bits);
        lseq += 64 - i % 64;
        while (bits_[word = (word + 1) & mask_ / 64] == 0) lseq += 64;
        return lseq + std::countr_zero(bits_[word]);
    }

    /// The last number stored at or before \p lseq. Precondition: there is one.
    std::int64_t previous(std::int64_t lseq) const noexcept {
        const std::uint32_t i = index(lseq);
        std::uint32_t word = i / 64;
        std::uint64_t bits = bits_[word] << (63 - i % 64);
        if (bits != 0) return lseq - std::countl_zero(bits);
        lseq -= 1 + i % 64;
        while (bits_[word = (word - 1) & mask_ / 64] == 0) lseq -= 64;
        return lseq - std::countl_zero(bits_[word]);
    }

    /// Changes the width. \p number_of returns the number of each handle stored. Returns false
    /// without memory; then nothing has changed.
    template <class F>
    bool resize(std::uint32_t width, F&& number_of) noexcept {
        seq_window other;
        if (!other.allocate(width)) return false;
        for (std::uint32_t word = 0; word <= mask_ / 64; ++word) {
            for (std::uint64_t bits = bits_[word]; bits != 0; bits &= bits - 1) {
                const auto i = static_cast<std::uint32_t>(std::countr_zero(bits));
                const std::uint16_t handle = handles_[64 * word + i];
                other.insert(number_of(handle), handle);
            }
        }
        *this = std::move(other);
        return true;
    }

private:
    seq_window() = default;

    // One block: the bitmap, then the handles, which need no initial value.
    bool allocate(std::uint32_t width) noexcept {
        const std::size_t bitmap_size = width / 8;
        storage_.reset(new (std::nothrow) std::byte[bitmap_size + width * sizeof(std::uint16_t)]);
        if (!storage_) return false;
        std::memset(storage_.get(), 0, bitmap_size);
        bits_ = reinterpret_cast<std::uint64_t*>(storage_.get());
        handles_ = reinterpret_cast<std::uint16_t*>(storage_.get() + bitmap_size);
        mask_ = width - 1;
        return true;
    }

    std::uint32_t index(std::int64_t lseq) const noexcept {
        return static_cast<std::uint32_t>(lseq) & mask_;
    }

    std::unique_ptr<std::byte[]> storage_;
    std::uint64_t* bits_ = nullptr;
    std::uint16_t* handles_ = nullptr;
    std::uint32_t mask_ = 0;
};

} // namespace rtpsynth::detail
