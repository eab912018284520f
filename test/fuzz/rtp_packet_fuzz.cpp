// Any datagram: classify and parse it, read all of it, and build it again from what was read.
#include "reader.hpp"

#include <rtpsynth/rtp/builder.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>
#include <rtpsynth/rtp/payload_type.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check;

bool same_element(const rtp_extension_element& a, const rtp_extension_element& b) {
    return a.id == b.id && std::ranges::equal(a.data, b.data);
}

// Elements written anew read as the same elements.
void check_elements(const rtp_packet_view& view) {
    const rtp_extension_elements range{view};
    std::vector<rtp_extension_element> elements;
    for (const rtp_extension_element& e : range) {
        elements.push_back(e);
        check(e.data.data() >= view.extension().data());
        check(e.data.data() + e.data.size() <= view.payload().data());
        check(range.find(e.id).has_value());
    }
    check(range.validate().has_value() || view.has_extension());
    if (elements.empty()) return;

    std::vector<std::uint8_t> out(view.payload_offset());
    const rtp_fields fields{.extension_profile = view.extension_profile(),
                            .extension_elements = elements};
    const auto size = build_rtp(out, fields, {});
    check(size.has_value()); // without padding it is never longer than what was read
    const auto again = rtp_packet_view::parse(std::span{out}.first(*size));
    check(again.has_value());
    check(std::ranges::equal(rtp_extension_elements{*again}, elements, same_element));
}

// The packet from its fields is the datagram, where the padding, whose bytes are free, is 0.
void check_rebuild(const rtp_packet_view& view) {
    std::vector<std::uint32_t> csrcs;
    for (std::size_t i = 0; i < view.csrc_count(); ++i) csrcs.push_back(view.csrc(i));
    rtp_fields fields{.marker = view.marker(),
                      .payload_type = view.payload_type(),
                      .seq = view.seq(),
                      .timestamp = view.timestamp(),
                      .ssrc = view.ssrc(),
                      .csrcs = csrcs,
                      .extension_body = view.extension(),
                      .padding = static_cast<std::uint8_t>(view.padding())};
    if (view.has_extension()) fields.extension_profile = view.extension_profile();

    std::vector<std::uint8_t> expected(view.datagram().begin(), view.datagram().end());
    if (view.padding() != 0) {
        const auto padding = static_cast<std::ptrdiff_t>(view.padding());
        std::fill(expected.end() - padding, expected.end() - 1, std::uint8_t{0});
    }
    std::vector<std::uint8_t> out(expected.size());
    check(build_rtp(out, fields, view.payload()).value() == out.size());
    check(out == expected);
    out.pop_back();
    check(build_rtp(out, fields, view.payload()).error() == errc::buffer_too_small);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> datagram{data, size};
    const datagram_kind kind = classify(datagram);
    // The bytes as a payload of any type, and as the body of an extension of either form.
    const std::uint8_t first = datagram.empty() ? std::uint8_t{0} : datagram[0];
    check(nsamples(first & 0x7f, datagram) >= -1);
    check(nsamples(4, datagram) <= 60 * static_cast<int>(size));
    for (const std::uint16_t profile : {one_byte_extension, two_byte_extension})
        check(std::ranges::distance(rtp_extension_elements{profile, datagram}) <=
              static_cast<std::ptrdiff_t>(size));

    const auto view = rtp_packet_view::parse(datagram);
    if (!view) return 0;
    check(kind == datagram_kind::rtp || kind == datagram_kind::rtcp);
    check(view->payload_offset() + view->payload().size() + view->padding() == size);
    check(nsamples(view->payload_type(), view->payload()) >= -1);
    if (const rtp_profile* profile = static_profile(view->payload_type()))
        check(profile->clock_rate > 0 && profile->encoding_name != nullptr);
    check_elements(*view);
    check_rebuild(*view);
    return 0;
}
