#include "capture/capture.hpp"

#include "capture/pcap_reader.hpp"
#include "capture/pcapng_reader.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace replay {
namespace {

std::FILE* open_file(const std::string& path) {
    if (path == "-") return stdin;
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) throw capture_error(std::strerror(errno));
    struct stat status {};
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        std::fclose(file);
        throw capture_error("is a directory");
    }
    return file;
}

std::unique_ptr<frame_reader> reader_of(byte_source& source) {
    const byte_span head = source.peek(4);
    if (pcap_reader::recognises(head)) return std::make_unique<pcap_reader>(source);
    if (pcapng_reader::recognises(head)) return std::make_unique<pcapng_reader>(source);
    throw capture_error("not a capture: neither pcap nor pcapng");
}

} // namespace

capture::capture(const std::string& path) : capture(open_file(path)) {}

capture::capture(std::FILE* file) : source_(file), reader_(reader_of(source_)) {
    struct stat status {};
    const int descriptor = fileno(file);
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))
        size_ = static_cast<std::uint64_t>(status.st_size);
}

std::optional<captured_frame> capture::next() {
    const auto frame = reader_->next();
    if (!frame) return std::nullopt;
    if (frame->time) latest_ = relative(*frame->time);
    return captured_frame{frame->bytes, frame->link_type, latest_};
}

/// Time stamps are held within 120 years of the first, so that no difference of two overflows.
rtpsynth::time_point capture::relative(file_time time) noexcept {
    constexpr std::int64_t limit = 4'000'000'000;
    if (!first_) first_ = time;
    // Halves, because the difference of two 64-bit numbers need not be one.
    const std::int64_t halves = time.seconds / 2 - first_->seconds / 2;
    const std::int64_t elapsed = halves > limit ? limit
                                 : halves < -limit
                                     ? -limit
                                     : std::clamp(time.seconds - first_->seconds, -limit, limit);
    return rtpsynth::time_point(
        rtpsynth::duration(elapsed * 1'000'000'000 + time.nanoseconds - first_->nanoseconds));
}

} // namespace replay
