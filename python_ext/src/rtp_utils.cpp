#include "core/call.hpp"
#include "core/heap_type.hpp"
#include "core/pcm.hpp"
#include "public_types.hpp"
#include "threads/gil.hpp"

#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/audio/resample.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace rtpsynth::python {

namespace {

// Larger blocks, which take 0.1 ms or more, are computed without the GIL. Taking it back from a
// busy Python thread takes 5 ms, which is too much for smaller ones.
constexpr std::size_t large = 1 << 20; // bytes, in and out together

template <class F>
void compute(std::size_t bytes, F&& f) {
    if (bytes < large) return f();
    const gil_released released;
    f();
}

/// \return false with ValueError set
bool is_enough(std::size_t there, std::size_t wanted, const char* unit) {
    if (there >= wanted) return true;
    PyErr_Format(PyExc_ValueError, "out must have room for %zu %s, not %zu", wanted, unit, there);
    return false;
}

/// Calls f(from, to); with a copy of \p from where \p to overlaps it.
template <class From, class To, class F>
void write_into(std::span<const From> from, std::span<To> to, F&& f) {
    const std::size_t bytes = from.size_bytes() + to.size_bytes();
    const auto* const source = reinterpret_cast<const char*>(from.data());
    const auto* const target = reinterpret_cast<const char*>(to.data());
    const std::less<const char*> before;
    if (from.empty() || to.empty() || !before(source, target + to.size_bytes()) ||
        !before(target, source + from.size_bytes()))
        return compute(bytes, [&] { f(from, to); });
    const std::vector<char> copy(source, source + from.size_bytes()); // aligned for any element
    compute(bytes, [&] {
        f(std::span{reinterpret_cast<const From*>(copy.data()), from.size()}, to);
    });
}

/// For objects that have __index__ and are buffers too: a scalar is a number, an array is not, even
/// if it can be converted.
[[gnu::noinline]] bool is_scalar(PyObject* value) {
    if (!PyObject_CheckBuffer(value)) return true;
    Py_buffer view;
    if (PyObject_GetBuffer(value, &view, PyBUF_FULL_RO) != 0) {
        PyErr_Clear();
        return false; // reading it will fail again
    }
    const bool scalar = view.ndim == 0;
    PyBuffer_Release(&view);
    return scalar;
}

/// An int, or an object with __index__.
bool is_number(PyObject* value) {
    if (PyLong_Check(value)) return true;
    const PyNumberMethods* const number = Py_TYPE(value)->tp_as_number;
    return number != nullptr && number->nb_index != nullptr && is_scalar(value);
}

std::optional<std::int16_t> clipped(PyObject* value) {
    const py_ref index{PyNumber_Index(value)};
    if (!index) return {};
    int overflow = 0;
    const long n = PyLong_AsLongAndOverflow(index.get(), &overflow);
    if (overflow != 0) return static_cast<std::int16_t>(overflow > 0 ? 32767 : -32768);
    if (n == -1 && PyErr_Occurred()) return {};
    return static_cast<std::int16_t>(std::clamp(n, -32768L, 32767L));
}

std::optional<std::uint8_t> low_byte(PyObject* value) {
    const py_ref index{PyNumber_Index(value)};
    if (!index) return {};
    const unsigned long n = PyLong_AsUnsignedLongMask(index.get());
    if (n == static_cast<unsigned long>(-1) && PyErr_Occurred()) return {};
    return static_cast<std::uint8_t>(n);
}

struct ulaw {
    static constexpr const char* codes_name = "ulaw";
    static auto encode(auto... a) { return ulaw_encode(a...); }
    static auto decode(auto... a) { return ulaw_decode(a...); }
};

struct alaw {
    static constexpr const char* codes_name = "alaw";
    static auto encode(auto... a) { return alaw_encode(a...); }
    static auto decode(auto... a) { return alaw_decode(a...); }
};

template <class Law>
PyObject* encode(const arguments<1>& a) {
    if (is_number(a[0])) {
        const auto sample = clipped(a[0]);
        return sample ? PyLong_FromLong(Law::encode(*sample)) : nullptr;
    }
    media_view pcm;
    if (!pcm.assign_samples(a[0], "pcm16")) return nullptr;
    const auto from = pcm.samples();
    py_ref codes{PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(from.size()))};
    if (!codes) return nullptr;
    const std::span to{reinterpret_cast<std::uint8_t*>(PyBytes_AS_STRING(codes.get())),
                       from.size()};
    compute(from.size_bytes() + to.size_bytes(), [&] { Law::encode(from, to); });
    return codes.release();
}

template <class Law>
PyObject* decode(const arguments<1>& a) {
    if (is_number(a[0])) {
        const auto code = low_byte(a[0]);
        return code ? PyLong_FromLong(Law::decode(*code)) : nullptr;
    }
    media_view codes;
    if (!codes.assign_codes(a[0], Law::codes_name)) return nullptr;
    const auto from = codes.codes();
    sample_array pcm;
    if (!pcm.allocate(from.size())) return nullptr;
    const auto to = pcm.samples();
    compute(from.size_bytes() + to.size_bytes(), [&] { Law::decode(from, to); });
    return pcm.release();
}

template <class Law>
PyObject* encode_into(const arguments<2>& a) {
    media_view pcm, out;
    if (!pcm.assign_samples(a[0], "pcm16") || !out.assign_codes(a[1], "out", true)) return nullptr;
    const auto from = pcm.samples();
    const auto to = out.writable_codes();
    if (!is_enough(to.size(), from.size(), "bytes")) return nullptr;
    write_into(from, to.first(from.size()), [](auto f, auto t) { Law::encode(f, t); });
    return PyLong_FromSize_t(from.size());
}

template <class Law>
PyObject* decode_into(const arguments<2>& a) {
    media_view codes, out;
    if (!codes.assign_codes(a[0], Law::codes_name) || !out.assign_samples(a[1], "out", true))
        return nullptr;
    const auto from = codes.codes();
    const auto to = out.writable_samples();
    if (!is_enough(to.size(), from.size(), "samples")) return nullptr;
    write_into(from, to.first(from.size()), [](auto f, auto t) { Law::decode(f, t); });
    return PyLong_FromSize_t(from.size());
}

/// A bytes object for \p n samples, and these. \return none with MemoryError set
py_ref bytes_of_samples(std::size_t n, std::span<std::int16_t>& samples) {
    if (n > static_cast<std::size_t>(PY_SSIZE_T_MAX) / sizeof(std::int16_t))
        return py_ref{PyErr_NoMemory()};
    py_ref result{
        PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(n * sizeof(std::int16_t)))};
    if (result) samples = {reinterpret_cast<std::int16_t*>(PyBytes_AS_STRING(result.get())), n};
    return result;
}

template <class Law>
PyObject* decode_to_bytes(const arguments<1>& a) {
    media_view codes;
    if (!codes.assign_codes(a[0], Law::codes_name)) return nullptr;
    const auto from = codes.codes();
    std::span<std::int16_t> to;
    py_ref pcm = bytes_of_samples(from.size(), to);
    if (!pcm) return nullptr;
    compute(from.size_bytes() + to.size_bytes(), [&] { Law::decode(from, to); });
    return pcm.release();
}

/// The arguments pcm16, in_rate and out_rate.
struct resampling {
    media_view pcm;
    std::uint32_t in_rate = 0;
    std::uint32_t out_rate = 0;

    template <std::size_t N>
    bool parse(const arguments<N>& a) {
        return to_integer(a[1], "in_rate", in_rate, 1) &&
               to_integer(a[2], "out_rate", out_rate, 1) && pcm.assign_samples(a[0], "pcm16");
    }
    std::size_t size() const { return resampled_size(pcm.samples().size(), in_rate, out_rate); }
    void run(std::span<const std::int16_t> from, std::span<std::int16_t> to) const {
        static_cast<void>(rtpsynth::resample_linear(from, in_rate, out_rate, to)); // checked above
    }
    void run(std::span<std::int16_t> to) const {
        const auto from = pcm.samples();
        compute(from.size_bytes() + to.size_bytes(), [&] { run(from, to); });
    }
};

PyObject* resample_linear(const arguments<3>& a) {
    resampling r;
    sample_array out;
    if (!r.parse(a) || !out.allocate(r.size())) return nullptr;
    r.run(out.samples());
    return out.release();
}

PyObject* resample_linear_into(const arguments<4>& a) {
    resampling r;
    media_view out;
    if (!r.parse(a) || !out.assign_samples(a[3], "out", true)) return nullptr;
    const std::size_t size = r.size();
    const auto to = out.writable_samples();
    if (!is_enough(to.size(), size, "samples")) return nullptr;
    write_into(r.pcm.samples(), to.first(size), [&](auto f, auto t) { r.run(f, t); });
    return PyLong_FromSize_t(size);
}

PyObject* resample_linear_to_bytes(const arguments<3>& a) {
    resampling r;
    if (!r.parse(a)) return nullptr;
    std::span<std::int16_t> to;
    py_ref out = bytes_of_samples(r.size(), to);
    if (!out) return nullptr;
    r.run(to);
    return out.release();
}

constexpr const char* utils_doc =
    R"(G.711 and sample rate conversion, as static methods; the module has the same functions.

Samples are native 16-bit integers: an array('h'), or a C-contiguous bytes-like object with an even
number of bytes (ValueError). A buffer of other elements is a TypeError. Any thread may call any
function; for large blocks other threads run meanwhile.

..._into writes to the beginning of out, a writable C-contiguous buffer of the kind that the result
has (array('h') or bytes-like), and returns the number of samples, or of bytes for an encoder. out
may overlap the input. ValueError: it is too small, and nothing was written; BufferError: it is
read-only or not contiguous. ..._to_bytes returns native 16-bit samples as bytes.)";

constexpr const char* linear2ulaw_doc =
    R"(mu-law (ITU-T G.711) of linear PCM: bytes for a block of samples; for an int, which is clipped to
-32768..32767, an int 0..255. Magnitudes are clipped to 32635.)";

constexpr const char* ulaw2linear_doc =
    R"(Linear PCM, -32124..32124, of mu-law (ITU-T G.711): array('h') for a bytes-like object, an int for
the low 8 bits of an int.)";

constexpr const char* linear2alaw_doc =
    R"(A-law (ITU-T G.711) of linear PCM: bytes for a block of samples; for an int, which is clipped to
-32768..32767, an int 0..255.)";

constexpr const char* alaw2linear_doc =
    R"(Linear PCM, -32256..32256, of A-law (ITU-T G.711): array('h') for a bytes-like object, an int for
the low 8 bits of an int.)";

constexpr const char* resample_linear_doc =
    R"(Converts a block of samples from in_rate to out_rate, both in Hz, 1..4294967295 (ValueError), and
returns an array('h'). n samples become max(1, round(n * out_rate / in_rate)), none become none.

Sample i is that at i * in_rate / out_rate, interpolated between its neighbours in double precision
and rounded half to even; past the last sample that one is held. Nothing is filtered: a lower
out_rate aliases what lies above half of it.)";

constexpr const char* encode_into_doc =
    R"(Writes the code of each sample of pcm16 to out, a writable bytes-like object of as many bytes or
more, which may overlap pcm16. Returns the number of bytes.)";

constexpr const char* decode_into_doc =
    R"(Writes the sample of each code to out, a writable array('h') or bytes-like object with room for as
many samples or more, which may overlap the codes. Returns the number of samples.)";

constexpr const char* decode_to_bytes_doc =
    "The native 16-bit samples of a bytes-like object of codes, as bytes.";

constexpr const char* resample_linear_into_doc =
    R"(Writes what resample_linear returns to out, a writable array('h') or bytes-like object with room for
as many samples or more, which may overlap pcm16. Returns the number of samples.)";

constexpr const char* resample_linear_to_bytes_doc =
    "What resample_linear returns, as bytes of native 16-bit samples.";

} // namespace

void bind_utils() {
    bind_pcm();
    // Not by heap_type: instances hold nothing, so that object's own life cycle serves them.
    const std::string doc = documented("RtpUtils()", false, utils_doc);
    PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(doc.c_str())}, {0, nullptr}};
    PyType_Spec spec{"rtpsynth.RtpUtils.RtpUtils", sizeof(PyObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyTypeObject* const type = add_type(spec);
    add_static_methods(
        type,
        {function<"linear2ulaw_into(pcm16, out)", encode_into<ulaw>>(encode_into_doc),
         function<"ulaw2linear_into(ulaw, out)", decode_into<ulaw>>(decode_into_doc),
         function<"ulaw2linear_to_bytes(ulaw)", decode_to_bytes<ulaw>>(decode_to_bytes_doc),
         function<"linear2alaw_into(pcm16, out)", encode_into<alaw>>(encode_into_doc),
         function<"alaw2linear_into(alaw, out)", decode_into<alaw>>(decode_into_doc),
         function<"alaw2linear_to_bytes(alaw)", decode_to_bytes<alaw>>(decode_to_bytes_doc),
         function<"resample_linear_into(pcm16, in_rate, out_rate, out)", resample_linear_into>(
             resample_linear_into_doc),
         function<"resample_linear_to_bytes(pcm16, in_rate, out_rate)", resample_linear_to_bytes>(
             resample_linear_to_bytes_doc),
         function<"linear2ulaw(pcm16)", encode<ulaw>>(linear2ulaw_doc),
         function<"ulaw2linear(ulaw)", decode<ulaw>>(ulaw2linear_doc),
         function<"linear2alaw(pcm16)", encode<alaw>>(linear2alaw_doc),
         function<"alaw2linear(alaw)", decode<alaw>>(alaw2linear_doc),
         function<"resample_linear(pcm16, in_rate, out_rate)", resample_linear>(
             resample_linear_doc)});
}

} // namespace rtpsynth::python
