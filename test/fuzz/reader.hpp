// What the fuzz targets share: the input as numbers, and a check that ends the run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace rtpsynth::fuzz {

inline void check(bool ok) {
    if (!ok) std::abort();
}

/// The input as numbers, the high byte first; zeros behind its end.
class reader {
public:
    reader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    bool empty() const { return size_ == 0; }
    unsigned byte() {
        if (size_ == 0) return 0;
        --size_;
        return *data_++;
    }
    std::uint64_t number(int bytes) {
        std::uint64_t n = 0;
        while (bytes-- > 0) n = n << 8 | byte();
        return n;
    }
    template <class T, std::size_t N>
    T one_of(const std::array<T, N>& choices) {
        return choices[byte() % N];
    }

private:
    const std::uint8_t* data_;
    std::size_t size_;
};

} // namespace rtpsynth::fuzz
