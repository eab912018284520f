// The files of the quality book's programs: text, and 16-bit PCM in native order.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace quality {

inline std::string read_text(const std::string& name) {
    std::ifstream in(name, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + name);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::int16_t> read_samples(const std::string& name) {
    const std::string bytes = read_text(name);
    std::vector<std::int16_t> samples(bytes.size() / 2);
    std::memcpy(samples.data(), bytes.data(), samples.size() * 2);
    return samples;
}

inline void write_samples(const std::string& name, std::span<const std::int16_t> samples) {
    std::ofstream out(name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(samples.data()),
              static_cast<std::streamsize>(samples.size_bytes()));
    if (!out.flush()) throw std::runtime_error("cannot write " + name);
}

} // namespace quality
