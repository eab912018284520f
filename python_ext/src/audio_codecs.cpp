#include "audio_codecs.hpp"
#include "core/heap_type.hpp"
#include "core/pcm.hpp"
#include "public_types.hpp"

#ifdef RTPSYNTH_HAS_OPUS
#    include <rtpsynth/audio/opus.hpp>
#endif

#include <algorithm>
#include <memory>
#include <string_view>

namespace rtpsynth::python {

const codec_set& codecs() {
    static const codec_set all = [] {
        codec_set set;
#ifdef RTPSYNTH_HAS_OPUS
        set.add(opus_codec());
#endif
        return set;
    }();
    return all;
}

namespace {

bool parse(const arguments<3>& a, std::string_view& encoding, codec_parameters& parameters) {
    return to_text(a[0], "rtpmap", encoding) &&
           (a[1] == nullptr || to_text(a[1], "fmtp", parameters.fmtp)) &&
           (a[2] == nullptr || to_integer(a[2], "audio_rate", parameters.audio_rate));
}

/// ValueError with the library's words.
PyObject* fail(errc error) {
    PyErr_SetString(PyExc_ValueError, make_error_code(error).message().c_str());
    return nullptr;
}

struct encoder_payload {
    std::unique_ptr<audio_encoder> encoder; // none before __init__
    bool initialised() const noexcept { return encoder != nullptr; }
};

struct decoder_payload {
    std::unique_ptr<audio_decoder> decoder; // none before __init__
    bool initialised() const noexcept { return decoder != nullptr; }
};

bool initialise_encoder(encoder_payload& self, const arguments<3>& a) {
    std::string_view encoding;
    codec_parameters parameters;
    if (!parse(a, encoding, parameters)) return false;
    self.encoder = codecs().make_encoder(encoding, parameters);
    return true;
}

bool initialise_decoder(decoder_payload& self, const arguments<3>& a) {
    std::string_view encoding;
    codec_parameters parameters;
    if (!parse(a, encoding, parameters)) return false;
    self.decoder = codecs().make_decoder(encoding, parameters);
    return true;
}

PyObject* encode(encoder_payload& self, const arguments<1>& a) {
    media_view pcm;
    if (!pcm.assign_samples(a[0], "pcm16")) return nullptr;
    const std::size_t room = self.encoder->max_payload(pcm.samples().size());
    PyObject* payload = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(room));
    if (payload == nullptr) return nullptr;
    const auto made = self.encoder->encode(
        pcm.samples(), {reinterpret_cast<std::uint8_t*>(PyBytes_AS_STRING(payload)), room});
    if (!made) {
        Py_DECREF(payload);
        return fail(made.error());
    }
    if (*made != room) _PyBytes_Resize(&payload, static_cast<Py_ssize_t>(*made));
    return payload;
}

/// An array of exactly the \p made first samples of \p pcm.
PyObject* first_samples(sample_array& pcm, std::size_t made) {
    if (made == pcm.samples().size()) return pcm.release();
    sample_array less;
    if (!less.allocate(made)) return nullptr;
    std::ranges::copy(pcm.samples().first(made), less.samples().begin());
    return less.release();
}

PyObject* decode(decoder_payload& self, const arguments<1>& a) {
    media_view payload;
    sample_array pcm;
    if (!payload.assign_codes(a[0], "payload")) return nullptr;
    const auto samples = self.decoder->samples(payload.codes());
    if (!samples) return fail(samples.error());
    if (!pcm.allocate(*samples)) return nullptr;
    const auto made = self.decoder->decode(payload.codes(), pcm.samples());
    return made ? first_samples(pcm, *made) : fail(made.error());
}

constexpr std::size_t most_missing = 384000; // samples: a second at the highest rate

PyObject* conceal(decoder_payload& self, const arguments<1>& a) {
    std::size_t samples;
    sample_array pcm;
    if (!to_integer(a[0], "samples", samples, 0, most_missing) || !pcm.allocate(samples))
        return nullptr;
    return first_samples(pcm, self.decoder->conceal(pcm.samples()));
}

PyObject* recover(decoder_payload& self, const arguments<2>& a) {
    media_view payload;
    std::size_t samples;
    sample_array pcm;
    if (!payload.assign_codes(a[0], "next_payload") ||
        !to_integer(a[1], "samples", samples, 0, most_missing) || !pcm.allocate(samples))
        return nullptr;
    return first_samples(pcm, self.decoder->recover(payload.codes(), pcm.samples()));
}

template <class Payload>
auto& codec_of(Payload& self) {
    if constexpr (requires { self.encoder; })
        return *self.encoder;
    else
        return *self.decoder;
}

template <class Payload>
PyObject* reset(Payload& self) {
    codec_of(self).reset();
    Py_RETURN_NONE;
}

template <class Payload>
PyObject* get_audio_rate(const Payload& self) {
    return PyLong_FromUnsignedLong(codec_of(self).rates().audio);
}

template <class Payload>
PyObject* get_clock_rate(const Payload& self) {
    return PyLong_FromUnsignedLong(codec_of(self).rates().clock);
}

constexpr const char* encoder_doc =
    R"(Encodes one stream of audio, a packet at a time.

rtpmap: name and clock rate as in SDP: "PCMU/8000", "PCMA/8000", "G722/8000", "L16/16000", and, where
the package was built with libopus, "opus/48000/2". fmtp: the receiver's parameters, as in SDP;
opus obeys maxplaybackrate, maxaveragebitrate, useinbandfec, usedtx and cbr. audio_rate: in Hz; 0 is
the codec's usual one, and opus (48000) can do 8000, 12000, 16000 and 24000. What the package does
not have is a ValueError that names it.)";

constexpr const char* encode_doc =
    R"(Encodes the audio of one packet (16-bit samples, mono) and returns its payload, which is empty if
none is to be sent (opus with usedtx=1, in silence). A number of samples that the codec has no
packet of is a ValueError: 0, an odd one for G722, any but 2.5, 5, 10, 20, 40, 60, 80, 100 and 120 ms
for opus.)";

constexpr const char* decoder_doc =
    R"(Decodes one stream of audio, a packet at a time, in the order of the packets.

rtpmap and audio_rate: see Encoder. fmtp is ignored by all codecs so far.)";

constexpr const char* decode_doc =
    R"(Decodes the payload of one packet and returns its samples, an array.array('h'). What is empty or
not this codec's is a ValueError.)";

constexpr const char* conceal_doc =
    R"(Makes up to `samples` (0..384000) samples for a packet that is missing, in the codec's own way.
Returns an empty array for a codec that has none; opus makes whole multiples of 2.5 ms, up to 120 ms.)";

constexpr const char* recover_doc =
    R"(Makes up to `samples` (0..384000) samples of a packet that is missing from what the next one
repeats of it (opus's in-band FEC); an empty array if it repeats nothing. Decode next_payload
afterwards as always.)";

constexpr const char* reset_doc = "Forgets what was before: goes on like a new object.";
constexpr const char* audio_rate_doc = "Rate of the audio in Hz.";
constexpr const char* clock_rate_doc =
    "Rate of the RTP timestamp in Hz; for G722 half the rate of the audio.";

} // namespace

void bind_codecs() {
    heap_type<encoder_payload>::add({
        .name = "rtpsynth.media.Encoder",
        .doc = encoder_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"Encoder(rtpmap, fmtp='', audio_rate=0)", initialise_encoder>(),
        .methods = {method<"encode(pcm16)", encode>(encode_doc),
                    method<"reset()", reset<encoder_payload>>(reset_doc)},
        .attributes = {attribute<get_audio_rate<encoder_payload>>("audio_rate", audio_rate_doc),
                       attribute<get_clock_rate<encoder_payload>>("clock_rate", clock_rate_doc)},
    });
    heap_type<decoder_payload>::add({
        .name = "rtpsynth.media.Decoder",
        .doc = decoder_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"Decoder(rtpmap, fmtp='', audio_rate=0)", initialise_decoder>(),
        .methods = {method<"decode(payload)", decode>(decode_doc),
                    method<"conceal(samples)", conceal>(conceal_doc),
                    method<"recover(next_payload, samples)", recover>(recover_doc),
                    method<"reset()", reset<decoder_payload>>(reset_doc)},
        .attributes = {attribute<get_audio_rate<decoder_payload>>("audio_rate", audio_rate_doc),
                       attribute<get_clock_rate<decoder_payload>>("clock_rate", clock_rate_doc)},
    });
}

} // namespace rtpsynth::python
