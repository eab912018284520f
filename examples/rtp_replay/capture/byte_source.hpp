/// \file
/// Reads a file's bytes in order, decompressing gzip.
#pragma once

#include "capture/packet_bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace replay {

/// The capture cannot be read (further); what() is one line, without the file's name.
struct capture_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Memory is bounded by the largest number of bytes asked for, whatever the file.
class byte_source {
public:
    /// Takes ownership of \p file, but does not close standard input.
    /// \throws capture_error if it is compressed in another format than gzip
    explicit byte_source(std::FILE* file);
    ~byte_source();
    byte_source(const byte_source&) = delete;
    byte_source& operator=(const byte_source&) = delete;

    /// The next \p size bytes, fewer only at the end of the file. Valid until the next call of
    /// peek() or skip().
    /// \throws capture_error where the file cannot be read or decompressed further, once everything
    /// before is consumed
    byte_span peek(std::size_t size);
    /// Steps over bytes that peek() has returned.
    void consume(std::size_t size) noexcept { begin_ += size; }
    /// Steps over \p size bytes. Returns false if the file ends before.
    bool skip(std::uint64_t size);

    /// Bytes read from the file so far, before decompression.
    std::uint64_t position() const noexcept { return position_; }

private:
    struct closer {
        void operator()(std::FILE* file) const noexcept;
    };
    struct inflater;

    void fill();
    std::size_t read_file(std::span<std::uint8_t> into);
    std::size_t inflate_file(std::span<std::uint8_t> into);
    void end(std::string error = {});

    std::unique_ptr<std::FILE, closer> file_;
    std::array<std::uint8_t, 6> head_{}; // the file's first bytes, read to recognise its format
    std::span<const std::uint8_t> head_left_;
    std::unique_ptr<inflater> inflater_; // if the file is compressed
    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0, end_ = 0; // of what is in the buffer and not consumed
    std::uint64_t position_ = 0;
    bool ended_ = false;
    std::string error_; // why it ended, if early
};

} // namespace replay
