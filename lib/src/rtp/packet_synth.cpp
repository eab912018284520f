#include <rtpsynth/rtp/packet_synth.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace rtpsynth {
namespace {

int positive(int value, const char* message) {
    if (value <= 0) throw std::invalid_argument(message);
    return value;
}

// The last packet needs no gap behind it. The division keeps the product from overflowing.
int check_layout(std::size_t packet_size, std::size_t count, std::size_t stride,
                 std::size_t room) noexcept {
    if (stride < packet_size) return static_cast<int>(errc::invalid_argument);
    if (count == 0) return 0;
    if (room < packet_size || count - 1 > (room - packet_size) / stride) {
        return static_cast<int>(errc::buffer_too_small);
    }
    return 0;
}

} // namespace

packet_synth::packet_synth(int clock_rate, int ptime, const stream_origin& origin)
    : next_{origin.timestamp, 0},
      ssrc_{origin.ssrc},
      seq_{origin.seq},
      clock_rate_{positive(clock_rate, "clock_rate must be 1..2147483647 Hz")},
      ptime_{positive(ptime, "ptime must be 1..2147483647 ms")} {
    const std::uint64_t thousandths =
        static_cast<std::uint64_t>(clock_rate) * static_cast<std::uint64_t>(ptime);
    step_ = {static_cast<std::uint32_t>(thousandths / 1000),
             static_cast<std::uint32_t>(thousandths % 1000)};
}

result<std::size_t> packet_synth::write_batch(time_point now, packet_format format,
                                              std::size_t count, std::size_t stride,
                                              std::span<std::uint8_t> out,
                                              std::span<const std::uint8_t> payloads) noexcept {
    if (!format.valid()) return errc::invalid_argument;
    const std::size_t size = format.payload_size;
    // Whole payloads, rounded up: what is left over is the front of one more.
    if (!payloads.empty() && (size == 0 || (payloads.size() - 1) / size >= count)) {
        return errc::invalid_argument;
    }
    if (const int e = check_layout(format.packet_size(), count, stride, out.size())) {
        return static_cast<errc>(e);
    }
    if (count == 0) return format.packet_size();
    std::uint8_t* packet = out.data();
    if (payloads.empty() && stride == format.packet_size()) {
        std::memset(packet, 0, count * stride); // headers too: quicker than piece by piece
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
    if (const int e = check_layout(format.packet_size(), count, stride, out.size())) {
        return static_cast<errc>(e);
    }
    if (count == 0) return format.packet_size();
    // The stream's state cannot stay in registers while bytes are stored that might be it: a copy
    // can. And only the first packet has a marker to look at.
    packet_synth synth = *this;
    std::uint8_t* packet = out.data();
    synth.stamp_one(now, format, packet);
    for (std::size_t i = 1; i != count; ++i) synth.stamp_one(now, format, packet += stride);
    *this = synth;
    return format.packet_size();
}

result<void> packet_synth::skip(int npackets) noexcept {
    if (npackets < 0) return errc::invalid_argument;
    const auto n = static_cast<std::uint64_t>(npackets);
    const std::uint64_t thousandths = next_.thousandths() + n * step_.thousandths();
    const std::uint64_t timestamp = next_.timestamp() + n * step_.timestamp() + thousandths / 1000;
    next_ = {static_cast<std::uint32_t>(timestamp), static_cast<std::uint32_t>(thousandths % 1000)};
    return {};
}

stream_position packet_synth::resync(time_point now) noexcept {
    const stream_position before = next_position();
    if (!started_) return before;
    constexpr std::uint64_t ns_per_ms = 1'000'000;
    // In unsigned numbers the difference of any two time points is exact.
    const std::uint64_t pause =
        now > last_time_ ? static_cast<std::uint64_t>(now.time_since_epoch().count()) -
                               static_cast<std::uint64_t>(last_time_.time_since_epoch().count())
                         : 0;
    if (pause <= static_cast<std::uint64_t>(ptime_) * ns_per_ms) {
        next_ = last_;
        next_.advance(step_);
        return before;
    }
    // Whole seconds may wrap, as timestamps do; the rest times 2^31 Hz stays below 2^61.
    const auto rate = static_cast<std::uint64_t>(clock_rate_);
    const std::uint64_t thousandths =
        last_.thousandths() + pause % (1000 * ns_per_ms) * rate / ns_per_ms;
    const std::uint64_t timestamp =
        last_.timestamp() + pause / (1000 * ns_per_ms) * rate + thousandths / 1000;
    next_ = {static_cast<std::uint32_t>(timestamp), static_cast<std::uint32_t>(thousandths % 1000)};
    return before;
}

} // namespace rtpsynth
