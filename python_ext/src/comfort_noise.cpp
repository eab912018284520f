#include "core/heap_type.hpp"
#include "core/pcm.hpp"
#include "public_types.hpp"

#include <rtpsynth/audio/comfort_noise.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace rtpsynth::python {

namespace {

struct noise_payload {
    comfort_noise_generator generator;
};

bool initialise(noise_payload& self, const arguments<1>& a) {
    std::int64_t seed = 0;
    if (a[0] != nullptr && !to_integer(a[0], "seed", seed)) return false;
    self.generator = comfort_noise_generator{static_cast<std::uint64_t>(seed)};
    return true;
}

PyObject* set(noise_payload& self, const arguments<1>& a) {
    bytes_view payload;
    if (!payload.assign(a[0], "payload")) return nullptr;
    const auto noise = comfort_noise::parse(payload.bytes());
    if (!noise) {
        PyErr_SetString(PyExc_ValueError, "payload must have at least one byte");
        return nullptr;
    }
    self.generator.set(*noise);
    Py_RETURN_NONE;
}

PyObject* generate(noise_payload& self, const arguments<1>& a) {
    std::size_t samples;
    sample_array pcm;
    if (!to_integer(a[0], "samples", samples, 0, INT32_MAX) || !pcm.allocate(samples))
        return nullptr;
    self.generator.generate(pcm.samples());
    return pcm.release();
}

PyObject* build(const arguments<2>& a) {
    comfort_noise noise;
    bytes_view coefficients;
    if (!to_integer(a[0], "level", noise.level, 0, 127) ||
        (a[1] != nullptr && !coefficients.assign(a[1], "coefficients")))
        return nullptr;
    const auto from = coefficients.bytes();
    if (from.size() > comfort_noise::max_order) {
        PyErr_Format(PyExc_ValueError, "coefficients must be at most %zu bytes, not %zu",
                     comfort_noise::max_order, from.size());
        return nullptr;
    }
    noise.order = static_cast<std::uint8_t>(from.size());
    std::copy(from.begin(), from.end(), noise.coefficients.begin());
    std::array<std::uint8_t, 1 + comfort_noise::max_order> out;
    const std::size_t size = noise.store(out).value();
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(out.data()),
                                     static_cast<Py_ssize_t>(size));
}

PyObject* level(const arguments<1>& a) {
    media_view pcm;
    if (!pcm.assign_samples(a[0], "pcm16")) return nullptr;
    return PyLong_FromLong(noise_level(pcm.samples()));
}

constexpr const char* noise_doc =
    R"(Makes comfort noise (RFC 3389): silence until set(), then noise of the level and spectrum that a
payload describes.

seed, of 64 bits and signed (ValueError): equal seeds and calls give equal noise. Calling __init__
again begins anew.)";

constexpr const char* payload_doc =
    R"(The payload for noise of a level, 0..127 in -dBov (127: silence), and up to 16 quantised reflection
coefficients, bytes-like, where N stands for 258 * (N - 127) / 32768; none: white noise.)";

constexpr const char* level_doc =
    R"(The level of samples, 0..127 in -dBov: a C-contiguous array('h') or bytes-like object, not too long:
other threads wait.)";

} // namespace

void bind_comfort_noise() {
    heap_type<noise_payload>::add({
        .name = "rtpsynth.media.ComfortNoise",
        .doc = noise_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"ComfortNoise(seed=0)", initialise>(),
        .methods = {method<"set(payload)", set>(
                        "Makes noise as payload, bytes-like and not empty, describes it from here "
                        "on."),
                    method<"generate(samples)", generate>(
                        "Returns the next samples, 0..2147483647, as array('h').")},
    });
    add_functions({function<"comfort_noise_payload(level, coefficients=b'')", build>(payload_doc),
                   function<"noise_level(pcm16)", level>(level_doc)});
}

} // namespace rtpsynth::python
