#include <rtpsynth/audio/resampler.hpp>

#include "core/heap_type.hpp"
#include "core/pcm.hpp"
#include "public_types.hpp"
#include "threads/gil.hpp"

#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace rtpsynth::python {

namespace {

struct resampler_payload {
    std::optional<resampler> converter; // none before __init__
    bool initialised() const noexcept { return converter.has_value(); }
};

/// \return false with TypeError or ValueError set
bool to_quality(PyObject* value, resampler_quality& quality) {
    constexpr std::string_view names[] = {"low", "standard", "high"};
    std::string_view name;
    if (!to_text(value, "quality", name)) return false;
    for (std::size_t i = 0; i != std::size(names); ++i)
        if (name == names[i]) {
            quality = static_cast<resampler_quality>(i);
            return true;
        }
    PyErr_Format(PyExc_ValueError, "quality must be 'low', 'standard' or 'high', not %R", value);
    return false;
}

bool initialise(resampler_payload& self, const arguments<3>& a) {
    std::uint32_t in_rate;
    std::uint32_t out_rate;
    auto quality = resampler_quality::standard;
    if (!to_integer(a[0], "in_rate", in_rate, resampler::lowest_rate, resampler::highest_rate) ||
        !to_integer(a[1], "out_rate", out_rate, resampler::lowest_rate, resampler::highest_rate) ||
        (a[2] != nullptr && !to_quality(a[2], quality)))
        return false;
    // Other threads run meanwhile, and may use the object: it gets its filter afterwards.
    std::optional<resampler> made;
    {
        const gil_released others_run;
        made.emplace(in_rate, out_rate, quality);
    }
    self.converter = std::move(made);
    return true;
}

/// \p out, which has room for what was made unless making room ran code that used the object.
PyObject* whole(sample_array& out, const result<std::size_t>& made) {
    if (made && *made == out.samples().size()) [[likely]]
        return out.release();
    PyErr_SetString(PyExc_RuntimeError, "the resampler was used while it was used");
    return nullptr;
}

PyObject* process(resampler_payload& self, const arguments<1>& a) {
    media_view in;
    sample_array out;
    if (!in.assign_samples(a[0], "pcm16") ||
        !out.allocate(self.converter->output_size(in.samples().size())))
        return nullptr;
    return whole(out, self.converter->process(in.samples(), out.samples()));
}

PyObject* flush(resampler_payload& self) {
    sample_array out;
    if (!out.allocate(self.converter->flush_size())) return nullptr;
    return whole(out, self.converter->flush(out.samples()));
}

PyObject* reset(resampler_payload& self) {
    self.converter->reset();
    Py_RETURN_NONE;
}

PyObject* get_in_rate(const resampler_payload& self) {
    return PyLong_FromUnsignedLong(self.converter->in_rate());
}

PyObject* get_out_rate(const resampler_payload& self) {
    return PyLong_FromUnsignedLong(self.converter->out_rate());
}

PyObject* get_delay_samples(const resampler_payload& self) {
    return PyLong_FromSize_t(self.converter->delay_samples());
}

constexpr const char* resampler_doc =
    R"(Converts one stream of 16-bit mono PCM from one sample rate to another, band-limited.

in_rate, out_rate: in Hz, 4000..384000. quality: 'low', 'standard' or 'high'; pass band 0.8, 0.9 or
0.95 of half the lower rate, at least 50, 62 or 85 dB less above that, and a delay of about 16, 40 or
123 samples of the lower rate. The output is the same whatever the pieces, and after n samples
of input there are n * out_rate / in_rate of output, rounded up. Equal rates copy.)";

constexpr const char* process_doc =
    "Takes all of pcm16 and returns what it gives, an array.array('h').";
constexpr const char* flush_doc =
    "Returns the end of the stream, as if silence followed, and starts anew.";
constexpr const char* reset_doc = "Forgets the stream so far.";

} // namespace

void bind_resampler() {
    heap_type<resampler_payload>::add({
        .name = "rtpsynth.media.Resampler",
        .doc = resampler_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"Resampler(in_rate, out_rate, quality='standard')", initialise>(),
        .methods = {method<"process(pcm16)", process>(process_doc),
                    method<"flush()", flush>(flush_doc), method<"reset()", reset>(reset_doc)},
        .attributes = {attribute<get_in_rate>("in_rate", "Hz."),
                       attribute<get_out_rate>("out_rate", "Hz."),
                       attribute<get_delay_samples>(
                           "delay_samples", "By how much the output lags, in samples of input.")},
    });
}

} // namespace rtpsynth::python
