#include "audio/wav_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace replay {
namespace {

constexpr std::uint32_t header_size = 44;
constexpr std::uint64_t most_samples = (0xffff'ffffU - header_size) / 2;

template <std::size_t N>
char* put_le(char* p, std::uint64_t value) {
    for (std::size_t i = 0; i < N; ++i) *p++ = static_cast<char>(value >> 8 * i);
    return p;
}

char* put_text(char* p, const char (&text)[5]) { return std::copy_n(text, 4, p); }

} // namespace

wav_writer::wav_writer(const std::string& path) : path_(path), part_(part_of(path)) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
        throw wav_error("is no regular file");
    file_.open(part_, std::ios::binary | std::ios::trunc);
    if (!file_) throw wav_error(std::strerror(errno));
    write_header(); // into the stream's own memory: should it fail, the next check finds it
}

wav_writer::~wav_writer() {
    if (!complete_) std::remove(part_.c_str());
}

void wav_writer::write(std::span<const std::int16_t> samples) {
    if (samples.size() > most_samples - samples_)
        throw wav_error("a WAV file cannot hold more than 4 GiB");
    std::array<char, 1024> block;
    while (!samples.empty()) {
        const auto part = samples.first(std::min(samples.size(), block.size() / 2));
        char* end = block.data();
        for (const std::int16_t s : part) end = put_le<2>(end, static_cast<std::uint16_t>(s));
        file_.write(block.data(), end - block.data());
        samples_ += part.size();
        samples = samples.subspan(part.size());
    }
    check();
}

void wav_writer::write_silence(std::uint64_t samples) {
    static constexpr std::array<std::int16_t, 512> silence{};
    while (samples != 0) {
        const auto part = std::min<std::uint64_t>(samples, silence.size());
        write(std::span(silence).first(static_cast<std::size_t>(part)));
        samples -= part;
    }
}

void wav_writer::close() {
    file_.seekp(0);
    write_header();
    file_.close();
    check();
    if (std::rename(part_.c_str(), path_.c_str()) != 0) throw wav_error(std::strerror(errno));
    complete_ = true;
}

void wav_writer::write_header() {
    constexpr unsigned bytes_per_sample = 2;
    std::array<char, header_size> header;
    char* p = header.data();
    p = put_text(p, "RIFF");
    p = put_le<4>(p, header_size - 8 + bytes_per_sample * samples_);
    p = put_text(p, "WAVE");
    p = put_text(p, "fmt ");
    p = put_le<4>(p, 16); // size of this chunk
    p = put_le<2>(p, 1);  // PCM
    p = put_le<2>(p, 1);  // channels
    p = put_le<4>(p, sample_rate);
    p = put_le<4>(p, sample_rate * bytes_per_sample);
    p = put_le<2>(p, bytes_per_sample);
    p = put_le<2>(p, 8 * bytes_per_sample);
    p = put_text(p, "data");
    put_le<4>(p, bytes_per_sample * samples_);
    file_.write(header.data(), header.size());
}

void wav_writer::check() {
    if (!file_) throw wav_error(errno != 0 ? std::strerror(errno) : "write error");
}

} // namespace replay
