#include "traffic/wav_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>

namespace load {
namespace {

constexpr std::uint32_t most_bytes = 256 * 1024 * 1024;
constexpr std::uint32_t most_rate = 768'000;
constexpr unsigned most_channels = 64;

constexpr unsigned format_pcm = 1;
constexpr unsigned format_extensible = 0xfffe; // the format is in the chunk's last 16 bytes

unsigned le16(const char* p) {
    return static_cast<unsigned char>(p[0]) | unsigned{static_cast<unsigned char>(p[1])} << 8;
}
std::uint32_t le32(const char* p) { return le16(p) | std::uint32_t{le16(p + 2)} << 16; }

/// Reads as much as there is.
std::size_t read_some(std::istream& in, std::span<char> to) {
    in.read(to.data(), static_cast<std::streamsize>(to.size()));
    return static_cast<std::size_t>(in.gcount());
}

struct wav_format {
    std::uint32_t rate;
    unsigned channels;
};

wav_format read_format(std::istream& in, std::uint32_t& size) {
    std::array<char, 40> chunk{};
    const std::size_t wanted = std::min<std::size_t>(size, chunk.size());
    if (size < 16 || read_some(in, std::span(chunk).first(wanted)) != wanted)
        throw wav_error("has a broken fmt chunk");
    size -= static_cast<std::uint32_t>(wanted);
    unsigned format = le16(&chunk[0]);
    if (format == format_extensible && wanted == chunk.size()) format = le16(&chunk[24]);
    const unsigned bits = le16(&chunk[14]);
    if (format != format_pcm || bits != 16)
        throw wav_error("holds " + std::to_string(bits) + "-bit samples of format " +
                        std::to_string(format) + "; 16-bit PCM (format 1) is needed");
    const wav_format result{le32(&chunk[4]), le16(&chunk[2])};
    if (result.channels < 1 || result.channels > most_channels)
        throw wav_error("has " + std::to_string(result.channels) + " channels; 1..64 can be read");
    if (result.rate < 1 || result.rate > most_rate)
        throw wav_error("has " + std::to_string(result.rate) +
                        " samples a second; 1..768000 can be read");
    return result;
}

std::vector<std::int16_t> read_samples(std::istream& in, std::uint32_t size, unsigned channels) {
    const std::size_t frame = std::size_t{2} * channels;
    std::vector<char> block(frame * 4096);
    std::vector<std::int16_t> samples;
    std::uint64_t left = size;
    while (left != 0) {
        const std::size_t wanted = std::min<std::uint64_t>(left, block.size());
        const std::size_t got = read_some(in, std::span(block).first(wanted));
        if (samples.size() * 2 > most_bytes) throw wav_error("is longer than 256 MiB of samples");
        for (std::size_t at = 0; at + frame <= got; at += frame) {
            int sum = 0;
            for (unsigned c = 0; c != channels; ++c)
                sum += static_cast<std::int16_t>(le16(&block[at + std::size_t{2} * c]));
            samples.push_back(static_cast<std::int16_t>(sum / static_cast<int>(channels)));
        }
        if (got != wanted) break;
        left -= got;
    }
    if (samples.empty()) throw wav_error("holds no samples");
    return samples;
}

} // namespace

wav_audio read_wav(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) throw wav_error("is a directory");
    std::ifstream in(path, std::ios::binary);
    if (!in) throw wav_error(std::strerror(errno));
    std::array<char, 12> head{};
    if (read_some(in, head) != head.size() || std::memcmp(&head[0], "RIFF", 4) != 0 ||
        std::memcmp(&head[8], "WAVE", 4) != 0)
        throw wav_error("is no WAV file");
    wav_format format{};
    std::array<char, 8> chunk{};
    while (read_some(in, chunk) == chunk.size()) {
        std::uint32_t size = le32(&chunk[4]);
        const std::uint32_t padding = size & 1;
        if (std::memcmp(&chunk[0], "data", 4) == 0) {
            if (format.rate == 0) throw wav_error("has no fmt chunk before its samples");
            return {format.rate, read_samples(in, size, format.channels)};
        }
        if (std::memcmp(&chunk[0], "fmt ", 4) == 0) format = read_format(in, size);
        in.ignore(std::streamsize{size} + padding);
    }
    throw wav_error("holds no samples");
}

} // namespace load
