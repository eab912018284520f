#include "audio/audio_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace replay {

using common::audio_error;

/// Records the reason if the stream has failed.
void audio_writer::output::check() {
    if (!file && error == 0) error = errno != 0 ? errno : EIO;
}

SF_VIRTUAL_IO audio_writer::output::calls() {
    SF_VIRTUAL_IO io{};
    io.get_filelen = [](void* self) { return static_cast<output*>(self)->size; };
    io.tell = [](void* self) { return static_cast<output*>(self)->position; };
    io.seek = [](sf_count_t offset, int whence, void* self) -> sf_count_t {
        auto& out = *static_cast<output*>(self);
        if (whence == SEEK_CUR) offset += out.position;
        if (whence == SEEK_END) offset += out.size;
        errno = 0;
        out.file.seekp(offset);
        out.check();
        return out.error != 0 ? -1 : out.position = offset;
    };
    io.read = [](void*, sf_count_t, void*) -> sf_count_t { return 0; };
    io.write = [](const void* bytes, sf_count_t count, void* self) -> sf_count_t {
        auto& out = *static_cast<output*>(self);
        errno = 0;
        out.file.write(static_cast<const char*>(bytes), count);
        out.check();
        if (out.error != 0) return 0;
        out.position += count;
        out.size = std::max(out.size, out.position);
        return count;
    };
    return io;
}

audio_writer::audio_writer(const std::string& path, std::uint32_t rate, unsigned channels)
    : format_(format_named(path)), path_(path), part_(part_of(path)) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
        throw audio_error("is not a regular file");
    // Opening a pipe waits, and a link would have another file overwritten.
    const auto part_status = std::filesystem::symlink_status(part_, ignored);
    if (std::filesystem::exists(part_status) && !std::filesystem::is_regular_file(part_status))
        throw audio_error("cannot be written by way of " + part_ + ", which is not a regular file");
    errno = 0;
    output_.file.open(part_, std::ios::binary | std::ios::trunc);
    if (!output_.file) throw audio_error(std::strerror(errno));
    SF_INFO info{};
    info.samplerate = static_cast<int>(rate);
    info.channels = static_cast<int>(channels);
    info.format = format_.code;
    SF_VIRTUAL_IO io = output::calls();
    file_.reset(sf_open_virtual(&io, SFM_WRITE, &info, &output_));
    if (file_) return;
    std::remove(part_.c_str());
    throw audio_error(std::string(format_.name) + " cannot be written: " + sf_strerror(nullptr));
}

audio_writer::~audio_writer() {
    file_.reset();
    if (!complete_) std::remove(part_.c_str());
}

void audio_writer::write(std::span<const std::int16_t> samples) {
    if (samples.size() > format_.most_samples - samples_)
        throw audio_error(std::string(format_.name) + " cannot hold more than 4 GiB; FLAC can");
    const auto size = static_cast<sf_count_t>(samples.size());
    if (sf_write_short(file_.get(), samples.data(), size) != size && output_.error == 0)
        throw audio_error(sf_strerror(file_.get()));
    samples_ += samples.size();
    check();
}

void audio_writer::write_silence(std::uint64_t samples) {
    static constexpr std::array<std::int16_t, 512> silence{};
    while (samples != 0) {
        const auto part = std::min<std::uint64_t>(samples, silence.size());
        write(std::span(silence).first(static_cast<std::size_t>(part)));
        samples -= part;
    }
}

void audio_writer::close() {
    const int failed = sf_close(file_.release());
    errno = 0;
    output_.file.close();
    output_.check();
    check();
    if (failed != 0) throw audio_error(sf_error_number(failed));
    if (std::rename(part_.c_str(), path_.c_str()) != 0) throw audio_error(std::strerror(errno));
    complete_ = true;
}

void audio_writer::check() {
    if (output_.error != 0) throw audio_error(std::strerror(output_.error));
}

} // namespace replay
