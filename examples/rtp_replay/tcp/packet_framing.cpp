#include "tcp/packet_framing.hpp"

#include <rtpsynth/rtp/datagram_kind.hpp>

#include <algorithm>
#include <string_view>

namespace replay {
namespace {

constexpr std::size_t search_window = 4096; // bytes: more than a packet to be found

std::string_view text_of(byte_span bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

void packet_framing::add(byte_span bytes, std::size_t missing, framing_listener& listener) {
    // A recognised beginning of a segment has precedence over bytes held for searching.
    if (kind_ == framing_kind::unknown && !held_.empty() &&
        kind_of(bytes).value_or(framing_kind::unknown) != framing_kind::unknown)
        held_.clear();
    if (held_.empty()) {
        const byte_span rest = parse(bytes, listener);
        held_.assign(rest.begin(), rest.end());
    } else {
        const std::size_t before = held_.size();
        held_.resize(before + bytes.size()); // GCC 14 takes insert() at the end for an overflow
        std::copy(bytes.begin(), bytes.end(), held_.data() + before);
        const byte_span rest = parse(held_, listener);
        held_.erase(held_.begin(), held_.end() - static_cast<std::ptrdiff_t>(rest.size()));
    }
    if (missing != 0) gap(missing, listener);
}

/// Returns the rest: the beginning of an incomplete unit.
byte_span packet_framing::parse(byte_span bytes, framing_listener& listener) {
    if (kind_ == framing_kind::unknown) bytes = find_kind(bytes);
    if (kind_ == framing_kind::unknown) return bytes;
    if (kind_ == framing_kind::sip) {
        if (!bytes.empty()) listener.sip_bytes(bytes);
        return {};
    }
    while (!bytes.empty()) {
        if (kind_ == framing_kind::rtsp && bytes[0] != '$') { // a message; a packet may follow
            const std::size_t end = text_of(bytes).find("\n$");
            if (end == std::string_view::npos) return {};
            bytes = bytes.subspan(end + 1);
        }
        if (bytes.size() < 4) return bytes;
        if (!goes_on(bytes)) {
            kind_ = framing_kind::unknown; // until a segment begins like one
            return {};
        }
        const framed_unit unit = unit_of(kind_, bytes);
        if (bytes.size() < unit.size()) return bytes;
        deliver({bytes.first(unit.size())}, unit, listener);
        bytes = bytes.subspan(unit.size());
    }
    return {};
}

/// Returns the bytes from the first recognised unit on, or those to hold until one is. A segment
/// may begin inside a unit: after a gap, or where the capture begins in the middle.
byte_span packet_framing::find_kind(byte_span bytes) noexcept {
    while (text_of(bytes).starts_with("\r\n")) bytes = bytes.subspan(2); // SIP's keep-alive
    const auto found = kind_of(bytes);
    framing_place place{found.value_or(framing_kind::unknown)};
    if (place.kind == framing_kind::unknown) {
        // Also while more bytes are needed: what looks like the beginning of a unit may not be one.
        if (bytes.size() > search_left_) return found ? byte_span() : bytes;
        search_left_ -= bytes.size();
        place = find_units(bytes);
    }
    if (place.kind == framing_kind::unknown)
        return found ? bytes.last(std::min(bytes.size(), search_window)) : bytes;
    kind_ = place.kind;
    search_left_ = search_at_most;
    return bytes.subspan(place.at);
}

/// Whether \p bytes, at least 4, begin with another unit of this kind.
bool packet_framing::goes_on(byte_span bytes) const noexcept {
    using rtpsynth::datagram_kind;
    if (kind_ == framing_kind::rtsp) return bytes[0] == '$';
    if (kind_ == framing_kind::turn) return bytes[0] < 4 || (bytes[0] & 0xf0) == 0x40;
    if (be16(bytes, 0) == 0) return true; // an empty packet
    const datagram_kind kind = rtpsynth::classify(bytes.subspan(2));
    return kind == datagram_kind::rtp || kind == datagram_kind::rtcp ||
           kind == datagram_kind::stun || kind == datagram_kind::dtls; // RFC 7983
}

void packet_framing::deliver(packet_bytes unit, const framed_unit& sizes,
                             framing_listener& listener) const {
    if (kind_ == framing_kind::turn) return listener.turn_message(unit);
    unit.skip(sizes.header);
    unit.limit(sizes.body);
    if (sizes.body != 0) listener.framed_packet(unit);
}

/// Delivers the captured part of a unit whose end is missing. Unless the gap ends with the unit,
/// the next segment is examined anew.
void packet_framing::gap(std::size_t missing, framing_listener& listener) {
    const byte_span there = held_;
    if (kind_ == framing_kind::unknown) kind_ = kind_of_cut(there, missing);
    bool ends_with_unit = false;
    if (kind_ != framing_kind::unknown && there.size() >= 4 && goes_on(there)) {
        const framed_unit unit = unit_of(kind_, there);
        deliver({there, unit.size() - there.size()}, unit, listener);
        ends_with_unit = there.size() + missing == unit.size();
    }
    held_.clear();
    if (ends_with_unit) return;
    if (kind_ != framing_kind::unknown) search_left_ = search_at_most;
    kind_ = framing_kind::unknown;
}

} // namespace replay
