#include "core/heap_type.hpp"
#include "public_types.hpp"

#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rtpsynth::python {

namespace {

using std::chrono::milliseconds;

struct sender_payload {
    std::optional<telephone_event_sender> sender; // none before __init__
    bool initialised() const noexcept { return sender.has_value(); }
};

struct receiver_payload {
    std::optional<telephone_event_receiver> receiver; // none before __init__
    bool initialised() const noexcept { return receiver.has_value(); }
};

bool initialise_sender(sender_payload& self, const arguments<1>& a) {
    std::uint32_t clock_rate;
    if (!to_integer(a[0], "clock_rate", clock_rate, 1)) return false;
    self.sender.emplace(clock_rate);
    return true;
}

bool initialise_receiver(receiver_payload& self, const arguments<1>& a) {
    std::uint32_t clock_rate;
    if (!to_integer(a[0], "clock_rate", clock_rate, 1)) return false;
    self.receiver.emplace(clock_rate);
    return true;
}

/// A number of milliseconds, unless it was left out.
bool to_ms(PyObject* value, const char* name, long long least, duration& out) {
    constexpr long long hour = 3'600'000;
    long long ms;
    if (value == nullptr) return true;
    if (!to_integer(value, name, ms, least, hour)) return false;
    out = milliseconds{ms};
    return true;
}

bool to_volume(PyObject* value, digit_timing& timing) {
    return value == nullptr || to_integer(value, "volume", timing.volume, 0, 63);
}

PyObject* queued(const result<void>& done, const char* unknown) {
    if (done) Py_RETURN_NONE;
    if (done.error() == errc::buffer_too_small)
        PyErr_Format(PyExc_ValueError, "at most %zu events can wait",
                     telephone_event_sender::max_queued);
    else
        PyErr_SetString(PyExc_ValueError, unknown);
    return nullptr;
}

PyObject* queue(sender_payload& self, const arguments<4>& a) {
    digit_timing timing;
    std::string_view digits;
    if (!to_text(a[0], "digits", digits) || !to_ms(a[1], "on_ms", 1, timing.on) ||
        !to_ms(a[2], "off_ms", 0, timing.off) || !to_volume(a[3], timing))
        return nullptr;
    return queued(self.sender->queue(digits, timing), "digits must be of 0..9, *, # and A..D");
}

PyObject* queue_event(sender_payload& self, const arguments<4>& a) {
    std::uint8_t event;
    digit_timing timing;
    if (!to_integer(a[0], "event", event) || !to_ms(a[1], "on_ms", 1, timing.on) ||
        !to_ms(a[2], "off_ms", 0, timing.off) || !to_volume(a[3], timing))
        return nullptr;
    return queued(self.sender->queue_event(event, timing), "");
}

PyObject* press(sender_payload& self, const arguments<3>& a) {
    std::uint8_t event;
    digit_timing timing;
    if (!to_integer(a[0], "event", event) || !to_ms(a[1], "off_ms", 0, timing.off) ||
        !to_volume(a[2], timing))
        return nullptr;
    return queued(self.sender->press(event, timing), "");
}

PyObject* release(sender_payload& self) {
    self.sender->release();
    Py_RETURN_NONE;
}

PyObject* clear(sender_payload& self) {
    self.sender->clear();
    Py_RETURN_NONE;
}

PyObject* next(sender_payload& self, const arguments<2>& a) {
    std::uint32_t timestamp, units;
    if (!to_integer(a[0], "timestamp", timestamp) || !to_integer(a[1], "units", units))
        return nullptr;
    const auto packet = self.sender->next(timestamp, units);
    if (!packet) Py_RETURN_NONE;
    std::array<std::uint8_t, telephone_event_size> payload;
    packet->event.store(payload);
    return Py_BuildValue("(Oky#)", packet->marker ? Py_True : Py_False,
                         static_cast<unsigned long>(packet->timestamp),
                         reinterpret_cast<const char*>(payload.data()),
                         static_cast<Py_ssize_t>(payload.size()));
}

PyObject* get_queued(const sender_payload& self) {
    return PyLong_FromSize_t(self.sender->queued());
}

PyObject* get_busy(const sender_payload& self) { return PyBool_FromLong(self.sender->busy()); }

/// \return null with MemoryError set
PyObject* list_of(const telephone_event_changes& changes) {
    py_ref list{PyList_New(0)};
    for (const telephone_event_change& c : changes) {
        const bool began = c.what == telephone_event_change::kind::began;
        const py_ref change{Py_BuildValue("(siL)", began ? "began" : "ended", int{c.event},
                                          static_cast<long long>(c.length.count()))};
        if (!list || !change || PyList_Append(list.get(), change.get()) != 0) return nullptr;
    }
    return list.release();
}

PyObject* receive(receiver_payload& self, const arguments<2>& a) {
    time_point now;
    bytes_view datagram;
    rtp_packet_view packet;
    if (!to_time(a[1], now) || !datagram.assign(a[0], "packet") || !to_packet(datagram, packet))
        return nullptr;
    return list_of(self.receiver->receive(packet, now));
}

PyObject* expire(receiver_payload& self, const arguments<1>& a) {
    time_point now;
    return to_time(a[0], now) ? list_of(self.receiver->expire(now)) : nullptr;
}

PyObject* finish(receiver_payload& self) { return list_of(self.receiver->finish()); }

PyObject* get_deadline(const receiver_payload& self) {
    const auto deadline = self.receiver->deadline();
    if (!deadline) Py_RETURN_NONE;
    return PyLong_FromLongLong(deadline->time_since_epoch().count());
}

PyObject* get_pressed(const receiver_payload& self) {
    const auto event = self.receiver->pressed();
    if (!event) Py_RETURN_NONE;
    return PyLong_FromLong(*event);
}

PyObject* digit_of_event(const arguments<1>& a) {
    std::uint8_t event;
    if (!to_integer(a[0], "event", event)) return nullptr;
    const auto digit = digit_of(event);
    if (!digit) Py_RETURN_NONE;
    return PyUnicode_FromStringAndSize(&*digit, 1);
}

PyObject* event_of_digit(const arguments<1>& a) {
    const bool one = PyUnicode_Check(a[0]) && PyUnicode_GET_LENGTH(a[0]) == 1;
    const Py_UCS4 c = one ? PyUnicode_READ_CHAR(a[0], 0) : 0;
    if (!one) {
        PyErr_SetString(PyExc_TypeError, "digit must be a str of one character");
        return nullptr;
    }
    const auto event = c < 128 ? event_of(static_cast<char>(c)) : std::nullopt;
    if (!event) Py_RETURN_NONE;
    return PyLong_FromLong(*event);
}

constexpr const char* sender_doc =
    R"(Makes the packets of a queue of telephone events (RFC 4733), such as digits, one a tick (a packet's
time) and in the place of the tick's audio.

clock_rate: of the timestamps in Hz, that of the audio, 1..4294967295 (ValueError). An event has the
timestamp of its first tick and a duration that grows; the packet that ends it is sent three times.
The next one begins after the pause and these repetitions. At most 64 events can wait (ValueError).
Calling __init__ again forgets all.)";

constexpr const char* queue_doc =
    R"(Puts digits, a str of 0..9, *, #, A..D or a..d, behind what is queued. on_ms, 1..3600000: how long
each lasts; off_ms, 0..3600000: the pause after it; volume, 0..63: in -dBm0. ValueError: something is
out of range, or not all of them fit; then none is queued.)";

constexpr const char* queue_event_doc =
    "The same with one event of any code, 0..255: see event_of() and digit_of().";

constexpr const char* press_doc = "Puts an event behind what is queued that lasts until release().";

constexpr const char* release_doc =
    R"(Ends the event that was pressed last; one that still waits will last a tick. Does nothing if none is
held.)";

constexpr const char* clear_doc = "Drops what is queued, and ends the event that is being sent.";

constexpr const char* next_doc =
    R"(What to send in the tick that begins at timestamp of the media clock and has units: a tuple of
marker, timestamp and payload (4 bytes), for a packet that has the next sequence number; or None: the
tick belongs to the audio. Call it for every tick; audio goes on behind an event as if it had been
sent meanwhile.)";

constexpr const char* receiver_doc =
    R"(Tells key presses from the packets of one source's telephone events (RFC 4733): of each press of which
a packet arrives, one beginning and one end, whatever is lost, repeated or out of order.

clock_rate: of the timestamps in Hz, 1..4294967295 (ValueError). Changes are tuples of "began" or
"ended", the event's code (see digit_of()) and how long it lasted in ns, 0 for "began". A press ends
with the first packet that says so, when a later one begins, or 100 ms after its last packet. Calling
__init__ again forgets all.)";

constexpr const char* receive_doc =
    R"(Takes an RTP packet with an event, bytes-like, that arrived at now_ns, 0..2**62 - 1, of any clock that
does not go back. Returns a list of changes. ValueError: the packet is not RTP.)";

constexpr const char* expire_doc = "Ends the press whose last packet came 100 ms before now_ns, or "
                                   "earlier. Returns a list of changes.";

constexpr const char* finish_doc =
    "Ends the press that is going on, as at the end of a call. Returns a list of changes.";

} // namespace

void bind_telephone_events() {
    heap_type<sender_payload>::add({
        .name = "rtpsynth.media.TelephoneEventSender",
        .doc = sender_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"TelephoneEventSender(clock_rate)", initialise_sender>(),
        .methods = {method<"queue(digits, on_ms=100, off_ms=60, volume=10)", queue>(queue_doc),
                    method<"queue_event(event, on_ms=100, off_ms=60, volume=10)", queue_event>(
                        queue_event_doc),
                    method<"press(event, off_ms=60, volume=10)", press>(press_doc),
                    method<"release()", release>(release_doc), method<"clear()", clear>(clear_doc),
                    method<"next(timestamp, units)", next>(next_doc)},
        .attributes = {attribute<get_queued>("queued", "int: events that have not begun."),
                       attribute<get_busy>(
                           "busy", "bool: an event is being sent, the repetitions of its end "
                                   "included, or waits.")},
    });
    heap_type<receiver_payload>::add({
        .name = "rtpsynth.media.TelephoneEventReceiver",
        .doc = receiver_doc,
        .flags = Py_TPFLAGS_BASETYPE,
        .init = init<"TelephoneEventReceiver(clock_rate)", initialise_receiver>(),
        .methods = {method<"receive(packet, now_ns)", receive>(receive_doc),
                    method<"expire(now_ns)", expire>(expire_doc),
                    method<"finish()", finish>(finish_doc)},
        .attributes = {attribute<get_deadline>(
                           "next_deadline_ns",
                           "int | None: when to call expire(); None: no press is going on."),
                       attribute<get_pressed>("pressed",
                                              "int | None: the event whose press is going on.")},
    });
    add_functions({function<"digit_of(event)", digit_of_event>(
                       "The digit of an event code, 0..255; None if it is no DTMF digit."),
                   function<"event_of(digit)", event_of_digit>(
                       "The event code of a digit, a str of one character; None for others.")});
}

} // namespace rtpsynth::python
