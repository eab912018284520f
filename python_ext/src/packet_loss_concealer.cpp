#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include "core/heap_type.hpp"
#include "core/pcm.hpp"
#include "public_types.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace rtpsynth::python {

namespace {

struct concealer_payload {
    std::optional<packet_loss_concealer> concealer; // none before __init__
    bool initialised() const noexcept { return concealer.has_value(); }
};

bool initialise(concealer_payload& self, const arguments<1>& a) {
    std::uint32_t rate;
    if (!to_integer(a[0], "rate", rate, packet_loss_concealer::min_rate,
                    packet_loss_concealer::max_rate))
        return false;
    self.concealer.emplace(rate);
    return true;
}

PyObject* receive(concealer_payload& self, const arguments<1>& a) {
    media_view in;
    sample_array out;
    if (!in.assign_samples(a[0], "pcm16") || !out.allocate(in.samples().size())) return nullptr;
    std::ranges::copy(in.samples(), out.samples().begin());
    self.concealer->receive(out.samples());
    return out.release();
}

PyObject* conceal(concealer_payload& self, const arguments<2>& a) {
    std::size_t samples;
    media_view next;
    sample_array out;
    const bool is_next = a[1] != nullptr && a[1] != Py_None;
    constexpr std::size_t most = 384000; // a second at the highest rate of all
    if (!to_integer(a[0], "samples", samples, 0, most) ||
        (is_next && !next.assign_samples(a[1], "next_pcm16")) || !out.allocate(samples))
        return nullptr;
    if (!is_next) {
        self.concealer->conceal(out.samples());
        return out.release();
    }
    sample_array behind; // whose samples are aligned
    if (!behind.allocate(next.samples().size())) return nullptr;
    std::ranges::copy(next.samples(), behind.samples().begin());
    self.concealer->conceal(out.samples(), behind.samples());
    return out.release();
}

PyObject* interrupt(concealer_payload& self) {
    self.concealer->interrupt();
    Py_RETURN_NONE;
}

PyObject* reset(concealer_payload& self) {
    self.concealer->reset();
    Py_RETURN_NONE;
}

PyObject* get_rate(const concealer_payload& self) {
    return PyLong_FromUnsignedLong(self.concealer->rate());
}

PyObject* get_is_silent(const concealer_payload& self) {
    return PyBool_FromLong(self.concealer->is_silent());
}

constexpr const char* concealer_doc =
    R"(Fills the gaps of one stream of speech with the continuation of the audio before them, and where the
audio behind a gap is known, from both sides. All of a stream's audio goes through it, in order.

rate: in Hz, 8000..96000 (ValueError). Calling __init__ again forgets all.)";

constexpr const char* receive_doc =
    R"(Takes the next piece of audio (16-bit samples, mono) and returns it, an array.array('h'), whose
beginning is faded in over the continuation if there was a gap.)";

constexpr const char* conceal_doc =
    R"(Returns `samples` samples, 0..384000, of a gap, an array.array('h'), that fade to silence within 60
ms. next_pcm16: the audio behind the gap, if it is known; give it to receive() afterwards.)";

constexpr const char* interrupt_doc =
    "The audio received next does not continue what was before it, though nothing is missing.";

} // namespace

void bind_packet_loss_concealer() {
    heap_type<concealer_payload>::add({
        .name = "rtpsynth.media.PacketLossConcealer",
        .doc = concealer_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"PacketLossConcealer(rate)", initialise>(),
        .methods = {method<"receive(pcm16)", receive>(receive_doc),
                    method<"conceal(samples, next_pcm16=None)", conceal>(conceal_doc),
                    method<"interrupt()", interrupt>(interrupt_doc),
                    method<"reset()", reset>("Forgets all audio.")},
        .attributes = {attribute<get_rate>("rate", "int: in Hz."),
                       attribute<get_is_silent>(
                           "is_silent", "bool: the gap is 60 ms long, and what is made silence.")},
    });
}

} // namespace rtpsynth::python
