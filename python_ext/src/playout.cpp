#include <rtpsynth/jitter/playout.hpp>

#include "audio_codecs.hpp"
#include "core/heap_type.hpp"
#include "core/pcm.hpp"
#include "core/stats.hpp"
#include "metrics.hpp"
#include "public_types.hpp"

#include <rtpsynth/metrics/stream_metrics.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace rtpsynth::python {

namespace {

struct playout_payload {
    std::optional<playout> player; // none before __init__
    bool initialised() const noexcept { return player.has_value(); }
};

/// A delay, unless it was left out.
bool to_delay(PyObject* value, const char* name, duration& out) {
    std::int64_t ns;
    constexpr std::int64_t longest = 10'000'000'000;
    if (value == nullptr) return true;
    if (!to_integer(value, name, ns, 0, longest)) return false;
    out = duration{ns};
    return true;
}

bool to_payload_type(PyObject* value, std::uint8_t& out) {
    return to_integer(value, "payload_type", out, 0, 127);
}

bool initialise(playout_payload& self, const arguments<5>& a) {
    playout_options o;
    if ((a[0] != nullptr && !to_integer(a[0], "rate", o.rate, 8000, 96000)) ||
        !to_delay(a[1], "initial_delay_ns", o.initial_delay) ||
        !to_delay(a[2], "min_delay_ns", o.min_delay) ||
        !to_delay(a[3], "max_delay_ns", o.max_delay) || !to_double(a[4], o.late_target))
        return false;
    self.player.emplace(o);
    return true;
}

PyObject* add_decoder(playout_payload& self, const arguments<3>& a) {
    std::uint8_t payload_type;
    std::string_view encoding;
    codec_parameters parameters;
    if (!to_payload_type(a[0], payload_type) || !to_text(a[1], "rtpmap", encoding) ||
        (a[2] != nullptr && !to_text(a[2], "fmtp", parameters.fmtp)))
        return nullptr;
    self.player->add_decoder(payload_type, codecs().make_decoder(encoding, parameters));
    Py_RETURN_NONE;
}

template <void (playout::*Add)(std::uint8_t)>
PyObject* add(playout_payload& self, const arguments<1>& a) {
    std::uint8_t payload_type;
    if (!to_payload_type(a[0], payload_type)) return nullptr;
    ((*self.player).*Add)(payload_type);
    Py_RETURN_NONE;
}

PyObject* insert(playout_payload& self, const arguments<2>& a) {
    time_point now;
    bytes_view datagram;
    rtp_packet_view packet;
    if (!to_time(a[1], now) || !datagram.assign(a[0], "packet") || !to_packet(datagram, packet))
        return nullptr;
    self.player->insert(packet, now);
    Py_RETURN_NONE;
}

PyObject* name_of(playout_kind kind) {
    constexpr const char* names[] = {"concealed", "stretched",     "compressed",
                                     "speech",    "comfort_noise", "silence"};
    static_assert(std::size(names) == static_cast<std::size_t>(playout_kind::silence) + 1);
    return PyUnicode_InternFromString(names[static_cast<std::size_t>(kind)]);
}

constexpr std::size_t most_samples = 384000; // a second at the highest rate of all

PyObject* pull(playout_payload& self, const arguments<2>& a) {
    time_point now;
    std::size_t samples;
    sample_array pcm;
    if (!to_time(a[0], now) || !to_integer(a[1], "samples", samples, 0, most_samples) ||
        !pcm.allocate(samples))
        return nullptr;
    const py_ref kind{name_of(self.player->pull(now, pcm.samples()))};
    const py_ref audio{pcm.release()};
    return kind && audio ? PyTuple_Pack(2, kind.get(), audio.get()) : nullptr;
}

PyObject* pull_into(playout_payload& self, const arguments<2>& a) {
    time_point now;
    media_view pcm;
    if (!to_time(a[0], now) || !pcm.assign_samples(a[1], "pcm16", true)) return nullptr;
    const std::span<std::int16_t> out = pcm.writable_samples();
    if (reinterpret_cast<std::uintptr_t>(out.data()) % alignof(std::int16_t) == 0)
        return name_of(self.player->pull(now, out));
    sample_array aligned;
    if (!aligned.allocate(out.size())) return nullptr;
    const playout_kind kind = self.player->pull(now, aligned.samples());
    std::memcpy(out.data(), aligned.samples().data(), aligned.samples().size_bytes());
    return name_of(kind);
}

PyObject* get_rate(const playout_payload& self) {
    return PyLong_FromUnsignedLong(self.player->options().rate);
}

PyObject* get_stats(const playout_payload& self) {
    return make_stats(self.player->stats()).release();
}

constexpr const char* playout_doc =
    R"(Plays one stream of voice: packets go in as they arrive, in any order, and every tick one tick of
audio is pulled, whatever has arrived. The delay follows the network; what is missing is concealed.

rate: of the audio that is pulled, in Hz, 8000..96000. initial_delay_ns: how long the first packet of
a stream waits. min_delay_ns, max_delay_ns: 0..10000000000, the bounds of the delay; equal ones fix
it. late_target: 0..0.1, the share of packets that may come too late. Else: ValueError. Calling
__init__ again begins anew, without payload types.)";

constexpr const char* add_decoder_doc =
    R"(Decodes packets of a payload type, 0..127, by the codec of an rtpmap (see Decoder) from now on. Its
audio is resampled where it has another rate.)";

constexpr const char* add_comfort_noise_doc =
    "Packets of this payload type, 0..127, are comfort noise (RFC 3389).";

constexpr const char* add_event_doc =
    R"(Packets of this payload type, 0..127, are telephone events (RFC 4733): there is no audio in them, and
none is missing.)";

constexpr const char* insert_doc =
    R"(Puts in an RTP packet, bytes-like, that arrived at now_ns, 0..2**62 - 1, of any clock that does not go
back. It is copied. ValueError: the packet is not RTP.)";

constexpr const char* pull_doc =
    R"(Returns the tick of audio that begins at now_ns, as a tuple of what it is and of samples,
0..384000, an array.array('h'). It is "concealed", "stretched", "compressed", "speech",
"comfort_noise" or "silence"; where it has parts of several, the first of these. A tick is up to 120
ms; a longer one ends in silence.)";

constexpr const char* pull_into_doc =
    "The same into a writable buffer of samples, or of their bytes. Returns what it is.";

constexpr const char* stats_doc =
    R"(dict of ints since __init__. received = played + waiting + late + duplicate + discarded: packets.
underruns: times that packets ran out. restarts: of the sender. grown, shrunk: changes of the delay.
..._ticks: pulled, by kind. delay_ns: from arrival to pull of the packet played last; mean_delay_ns:
on average; target_ns: what the network needs.)";

bool write_metrics(PyObject* object, metrics_page& page, const metric_labels& labels) {
    const auto* const self = initialised<playout_payload>(object);
    if (self == nullptr) return false;
    add_metrics(page, self->player->stats(), labels);
    return true;
}

} // namespace

void bind_playout() {
    auto* const type = heap_type<playout_payload>::add({
        .name = "rtpsynth.media.Playout",
        .doc = playout_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"Playout(rate=8000, initial_delay_ns=40000000, min_delay_ns=0, "
                     "max_delay_ns=500000000, late_target=0.01)",
                     initialise>(),
        .methods = {method<"add_decoder(payload_type, rtpmap, fmtp='')", add_decoder>(
                        add_decoder_doc),
                    method<"add_comfort_noise(payload_type)", add<&playout::add_comfort_noise>>(
                        add_comfort_noise_doc),
                    method<"add_event(payload_type)", add<&playout::add_event>>(add_event_doc),
                    method<"insert(packet, now_ns)", insert>(insert_doc),
                    method<"pull(now_ns, samples)", pull>(pull_doc),
                    method<"pull_into(now_ns, pcm16)", pull_into>(pull_into_doc)},
        .attributes = {attribute<get_rate>("rate", "int: of the audio, in Hz."),
                       attribute<get_stats>("stats", stats_doc)},
    });
    publish_metrics(type, write_metrics);
}

} // namespace rtpsynth::python
