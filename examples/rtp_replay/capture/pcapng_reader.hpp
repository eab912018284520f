/// \file
/// The pcapng format (draft-ietf-opsawg-pcapng).
#pragma once

#include "capture/byte_source.hpp"
#include "capture/frame_reader.hpp"

#include <vector>

namespace replay {

/// Any number of sections, each of its own byte order; interfaces of any link types, snap lengths
/// and time stamp resolutions; enhanced, simple and obsolete packet blocks. Other blocks are
/// skipped.
class pcapng_reader final : public frame_reader {
public:
    static bool recognises(byte_span head) noexcept;

    /// \p source is at the beginning of the file and must outlive this object.
    explicit pcapng_reader(byte_source& source) : source_(source) {}

    std::optional<frame> next() override;

private:
    struct interface {
        std::uint32_t link_type = 0;
        std::uint32_t snap_length = 0; ///< 0: no limit
        std::uint8_t resolution = 6;   ///< if_tsresol: 10^-n s, or 2^-(n - 128) s from 128 on
        std::int64_t offset = 0;       ///< if_tsoffset, in seconds

        file_time time(std::uint64_t ticks) const noexcept;
    };
    struct block {
        std::uint32_t type = 0;
        std::uint32_t body = 0; ///< bytes between type and length, and the final length
    };

    std::optional<block> next_block();
    /// The first \p size bytes of the block's body. \throws capture_error if it has fewer
    byte_span body(const block& b, std::uint32_t size);
    /// Skips the rest of a block of whose body \p consumed bytes have been read.
    void finish(const block& b, std::uint32_t consumed);

    void begin_section(const block& b);
    void add_interface(const block& b);
    void read_options(interface& i, byte_span options) const noexcept;
    frame packet(const block& b);
    frame simple_packet(const block& b);
    const interface& interface_at(std::uint32_t id) const;

    std::uint32_t u32(byte_span b, std::size_t at) const noexcept;
    std::uint64_t u64(byte_span b, std::size_t at) const noexcept;

    byte_source& source_;
    bool big_endian_ = false;
    std::vector<interface> interfaces_; // of this section
    std::uint64_t to_skip_ = 0;         // rest of the last block
};

} // namespace replay
