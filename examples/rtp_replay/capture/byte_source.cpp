#include "capture/byte_source.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace replay {
namespace {

constexpr std::size_t chunk = 256 * 1024;

bool begins_with(byte_span data, std::string_view magic) {
    return data.size() >= magic.size() &&
           std::equal(magic.begin(), magic.end(), data.begin(),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

/// The program that decompresses other formats than gzip; null if it is none of them.
const char* decompressor_of(byte_span head) {
    if (begins_with(head, "\x28\xb5\x2f\xfd")) return "zstd";
    if (begins_with(head, "\xfd"
                          "7zXZ"))
        return "xz";
    if (begins_with(head, "BZh")) return "bzip2";
    if (begins_with(head, "\x04\x22\x4d\x18")) return "lz4";
    return nullptr;
}

} // namespace

void byte_source::closer::operator()(std::FILE* file) const noexcept {
    if (file != stdin) std::fclose(file);
}

struct byte_source::inflater {
    z_stream stream{};
    std::array<std::uint8_t, 64 * 1024> input{};
    bool between_members = false; // a gzip file may have several, one after the other

    inflater() {
        if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc(); // 16: gzip's header
    }
    ~inflater() { inflateEnd(&stream); }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;
};

byte_source::byte_source(std::FILE* file) : file_(file), buffer_(chunk) {
    const std::size_t size = read_file(head_);
    head_left_ = std::span(head_).first(size);
    position_ = 0;
    if (const char* program = decompressor_of(head_left_))
        throw capture_error(std::string("is compressed; decompress it first: ") + program +
                            " -dc FILE | rtp_replay -");
    if (begins_with(head_left_, "\x1f\x8b")) inflater_ = std::make_unique<inflater>();
}

byte_source::~byte_source() = default;

byte_span byte_source::peek(std::size_t size) {
    while (end_ - begin_ < size && !ended_) {
        if (buffer_.size() - begin_ < size) {
            std::copy(buffer_.data() + begin_, buffer_.data() + end_, buffer_.data());
            end_ -= begin_;
            begin_ = 0;
            if (buffer_.size() < size) buffer_.resize(size);
        }
        const std::span<std::uint8_t> room = std::span(buffer_).subspan(end_);
        end_ += inflater_ ? inflate_file(room) : read_file(room);
    }
    const std::size_t there = end_ - begin_;
    if (there < size && !error_.empty()) throw capture_error(error_);
    return byte_span(buffer_).subspan(begin_, std::min(size, there));
}

bool byte_source::skip(std::uint64_t size) {
    while (size != 0) {
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(size, chunk));
        const std::size_t there = peek(step).size();
        consume(there);
        if (there < step) return false;
        size -= step;
    }
    return true;
}

void byte_source::end(std::string error) {
    ended_ = true;
    error_ = std::move(error);
}

/// Reads the file's own bytes.
std::size_t byte_source::read_file(std::span<std::uint8_t> into) {
    std::size_t size = std::min(head_left_.size(), into.size());
    if (size != 0) {
        std::copy_n(head_left_.begin(), size, into.begin());
        head_left_ = head_left_.subspan(size);
    } else {
        size = std::fread(into.data(), 1, into.size(), file_.get());
        if (std::ferror(file_.get()))
            end(std::strerror(errno));
        else if (size == 0)
            end();
    }
    position_ += size;
    return size;
}

/// Reads decompressed bytes.
std::size_t byte_source::inflate_file(std::span<std::uint8_t> into) {
    z_stream& z = inflater_->stream;
    if (z.avail_in == 0) {
        z.next_in = inflater_->input.data();
        z.avail_in = static_cast<uInt>(read_file(inflater_->input));
        if (z.avail_in == 0) {
            if (!inflater_->between_members && error_.empty())
                end("the compressed data ends early");
            return 0;
        }
    }
    if (inflater_->between_members) {
        // Trailing bytes that are not another member are ignored, as by gzip.
        if (*z.next_in != 0x1f) {
            end();
            return 0;
        }
        inflateReset(&z);
        inflater_->between_members = false;
    }
    z.next_out = into.data();
    z.avail_out = static_cast<uInt>(std::min<std::size_t>(into.size(), 1U << 30));
    const uInt room = z.avail_out;
    const int outcome = inflate(&z, Z_NO_FLUSH);
    if (outcome == Z_STREAM_END)
        inflater_->between_members = true;
    else if (outcome != Z_OK && outcome != Z_BUF_ERROR)
        end(std::string("the compressed data is damaged") +
            (z.msg ? std::string(": ") + z.msg : ""));
    return room - z.avail_out;
}

} // namespace replay
