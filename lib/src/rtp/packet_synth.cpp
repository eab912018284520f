#include <rtpsynth/rtp/packet_synth.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace rtpsynth {
namespace {

// The last packet needs no gap after it. Dividing keeps the product from overflowing.
errc check_layout(std::size_t packet_size, std::size_t count, std::size_t stride,
                  std::size_t room) noexcept {
    if (stride < packet_size) return errc::invalid_argument;
    if (count == 0) return {};
    if (room < packet_size || count - 1 > (room - packet_size) / stride)
        return errc::buffer_too_small;
    return {};
}

} // namespace

packet_synth::packet_synth(std::uint32_t clock_rate, duration ptime, const stream_origin& origin)
    : next_{origin.timestamp, 0},
      ssrc_{origin.ssrc},
      seq_{origin.seq},
      clock_rate_{clock_rate},
      ptime_{ptime} {
    if (clock_rate == 0)
        throw std::invalid_argument("rtpsynth::packet_synth: clock_rate must be at least 1 Hz");
    if (ptime <= duration::zero())
        throw std::invalid_argument("rtpsynth::packet_synth: ptime must be more than 0");
    step_ = media(static_cast<std::uint64_t>(ptime.count()));
}

// The advance of the timestamp in this many nanoseconds. Only whole cycles of the timestamp
// overflow: the rest of a second times 2^32 Hz stays below 2^62.
packet_synth::media_position packet_synth::media(std::uint64_t ns) const noexcept {
    constexpr std::uint64_t second = media_position::unit;
    return {ns / second * clock_rate_, ns % second * clock_rate_};
}

result<std::size_t> packet_synth::write_batch(time_point now, packet_format format,
                                              std::size_t count, std::size_t stride,
                                              std::span<std::uint8_t> out,
                                              std::span<const std::uint8_t> payloads) noexcept {
    if (!format.valid()) return errc::invalid_argument;
    const std::size_t size = format.payload_size;
    // The number of payloads, rounded up: the last one may be shorter.
    if (!payloads.empty() && (size == 0 || (payloads.size() - 1) / size >= count)) {
        return errc::invalid_argument;
    }
    if (const errc e = check_layout(format.packet_size(), count, stride, out.size()); e != errc{})
        return e;
    if (count == 0) return format.packet_size();
    std::uint8_t* packet = out.data();
    if (payloads.empty() && stride == format.packet_size()) {
        std::memset(packet, 0, count * stride); // headers too: faster than the payloads one by one
        return stamp_batch(now, format, count, stride, out);
    }
    for (std::size_t i = 0; i != count; ++i, packet += stride) {
        const auto payload = payloads.first(std::min(size, payloads.size()));
        payloads = payloads.subspan(payload.size());
        fill(packet + rtp_header_size, size, payload);
    }
    return stamp_batch(now, format, count, stride, out);
}

result<std::size_t> packet_synth::stamp_batch(time_point now, packet_format format,
                                              std::size_t count, std::size_t stride,
                                              std::span<std::uint8_t> out) noexcept {
    if (!format.valid()) return errc::invalid_argument;
    if (const errc e = check_layout(format.packet_size(), count, stride, out.size()); e != errc{})
        return e;
    if (count == 0) return format.packet_size();
    // Stores of bytes might alias the stream's state, which could then not stay in registers; a
    // local copy can. Only the first packet needs the marker.
    packet_synth synth = *this;
    std::uint8_t* packet = out.data();
    synth.stamp_one(now, format, packet);
    for (std::size_t i = 1; i != count; ++i) synth.stamp_one(now, format, packet += stride);
    *this = synth;
    return format.packet_size();
}

void packet_synth::skip(std::size_t count) noexcept {
    // In two parts, of which only whole cycles of the timestamp overflow.
    constexpr std::uint64_t unit = media_position::unit;
    const std::uint64_t n = count;
    next_ = {next_.timestamp() + n * step_.timestamp() + n / unit * step_.billionths(),
             next_.billionths() + n % unit * step_.billionths()};
}

stream_position packet_synth::resync(time_point now) noexcept {
    const stream_position before = next_position();
    if (!started_) return before;
    // Unsigned, so that the difference of any two time points is exact.
    const std::uint64_t pause =
        now > last_time_ ? static_cast<std::uint64_t>(now.time_since_epoch().count()) -
                               static_cast<std::uint64_t>(last_time_.time_since_epoch().count())
                         : 0;
    next_ = last_;
    next_.advance(pause <= static_cast<std::uint64_t>(ptime_.count()) ? step_ : media(pause));
    return before;
}

} // namespace rtpsynth
