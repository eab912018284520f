/// \file
/// The classic pcap format (draft-ietf-opsawg-pcap).
#pragma once

#include "capture/byte_source.hpp"
#include "capture/frame_reader.hpp"

namespace replay {

/// Either byte order; microseconds, nanoseconds, or the longer record headers of a patched libpcap.
class pcap_reader final : public frame_reader {
public:
    static bool recognises(byte_span head) noexcept;

    /// \p source is at the beginning of the file and must outlive this object.
    /// \throws capture_error
    explicit pcap_reader(byte_source& source);

    std::optional<frame> next() override;

private:
    byte_source& source_;
    bool big_endian_ = false;
    bool nanoseconds_ = false;
    std::size_t record_header_ = 16;
    std::uint32_t link_type_ = 0;
};

} // namespace replay
