#include "voice_call.hpp"

#include "aio_inbox.hpp"
#include "core/addresses.hpp"
#include "threads/gil.hpp"
#include "voice_arguments.hpp"
#include "voice_events.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rtpsynth::python {

namespace asio_error = boost::asio::error;
using asio_server::voice_event;
using asio_server::voice_stream;

voice_call::~voice_call() {
    handler = {};
    waiting.clear();
    if (!native) return;
    const gil_released others_run; // while the sockets are closed
    native.reset();
}

int voice_call::traverse(visitproc visit, void* arg) const {
    Py_VISIT(handler.get());
    for (const pending& p : waiting) Py_VISIT(p.future.get());
    return 0;
}

void voice_call::clear() { // the sockets are closed when the object goes
    handler = {};
    const auto nobody_waits = std::exchange(waiting, {});
}

void voice_call::detach() noexcept {
    if (link) link->call = nullptr;
    closed = true;
}

bool voice_call::check_open() const {
    if (server->inherited())
        server->check_usable();
    else if (closed)
        PyErr_SetString(PyExc_RuntimeError, "call is closed");
    else if (server->is_shut_down())
        PyErr_SetString(PyExc_RuntimeError, "Server has been shutdown");
    else
        return true;
    return false;
}

namespace {

PyObject* none_unless(const boost::system::error_code& ec, const char* what) {
    if (!ec) Py_RETURN_NONE;
    if (ec == asio_error::no_memory)
        PyErr_NoMemory();
    else if (ec == asio_error::bad_descriptor)
        PyErr_SetString(PyExc_RuntimeError, "call is closed");
    else
        set_os_error(ec.value(), std::string{what} + ": " + ec.message());
    return nullptr;
}

PyObject* set_peer(voice_call& self, const arguments<2>& a) {
    if (!self.check_open()) return nullptr;
    const auto native = self.native; // the call may be closed while names are looked up
    const auto peer = to_peer(a[0], a[1], native->local_endpoint().address().is_v6());
    if (!peer || !self.check_open()) return nullptr;
    return none_unless(native->set_peer(*peer), "peer");
}

PyObject* set_codec(voice_call& self, const arguments<1>& a) {
    asio_server::voice_codec codec;
    if (!to_codec(a[0], codec) || !self.check_open()) return nullptr;
    const auto native = self.native;
    native->set_codec(codec);
    Py_RETURN_NONE;
}

PyObject* set_srtp(voice_call& self, const arguments<1>& a) {
    std::shared_ptr<asio_server::packet_protection> protection;
    if (!to_protection(a[0], protection) || !self.check_open()) return nullptr;
    const auto native = self.native;
    native->set_protection(std::move(protection));
    Py_RETURN_NONE;
}

PyObject* set_play_rate(voice_call& self, const arguments<1>& a) {
    std::uint32_t rate;
    if (!to_integer(a[0], "rate", rate, 4000, 384000) || !self.check_open()) return nullptr;
    self.native->set_play_rate(rate);
    Py_RETURN_NONE;
}

PyObject* end_item(voice_call& self) {
    if (!self.check_open()) return nullptr;
    self.native->end_item();
    Py_RETURN_NONE;
}

PyObject* clear(voice_call& self) {
    if (!self.check_open()) return nullptr;
    return make_played(self.native->clear()).release();
}

PyObject* send_digits(voice_call& self, const arguments<4>& a) {
    std::string_view digits;
    std::int64_t on = 100, off = 60;
    digit_timing timing;
    if (!to_text(a[0], "digits", digits) ||
        (a[1] != nullptr && !to_integer(a[1], "on_ms", on, 1, 3'600'000)) ||
        (a[2] != nullptr && !to_integer(a[2], "off_ms", off, 0, 3'600'000)) ||
        (a[3] != nullptr && !to_integer(a[3], "volume", timing.volume, 0, 63)) ||
        !self.check_open())
        return nullptr;
    timing.on = std::chrono::milliseconds{on};
    timing.off = std::chrono::milliseconds{off};
    const auto ec = self.native->send_digits(digits, timing);
    if (ec == errc::invalid_argument) {
        PyErr_Format(PyExc_ValueError,
                     "digits must be 0-9, *, # or A-D, and the call must have dtmf, not %R", a[0]);
        return nullptr;
    }
    if (ec == errc::buffer_too_small) {
        PyErr_Format(PyExc_ValueError, "digits: at most %zu can be queued",
                     telephone_event_sender::max_queued);
        return nullptr;
    }
    if (ec == errc::not_enough_memory) return PyErr_NoMemory();
    return none_unless(ec, "digits");
}

bool close_call(voice_call& self, std::string_view reason) {
    if (!self.check_open()) return false;
    self.detach();
    const py_ref handler{std::move(self.handler)};
    const auto native = self.native;
    {
        const gil_released others_run;
        native->close(reason);
    }
    self.fail_operations();
    return true;
}

PyObject* close(voice_call& self, const arguments<1>& a) {
    std::string_view reason;
    if (a[0] != nullptr && !to_text(a[0], "reason", reason)) return nullptr;
    const py_ref kept = py_ref::share(a[0]);
    return close_call(self, reason) ? py_ref::share(Py_None).release() : nullptr;
}

bool leave_call(voice_call& self, PyObject*) {
    return self.closed || self.server->is_shut_down() || close_call(self, {});
}

PyObject* get_local_addr(const voice_call& self) {
    return to_address(self.native->local_endpoint()).release();
}

PyObject* get_peer(const voice_call& self) {
    if (self.server->inherited()) return self.check_open(), nullptr;
    const auto peer = self.native->peer();
    if (!peer) Py_RETURN_NONE;
    return to_address(*peer).release();
}

PyObject* get_closed(const voice_call& self) { return PyBool_FromLong(self.closed); }

PyObject* get_quality(const voice_call& self) {
    if (self.server->inherited()) return self.check_open(), nullptr;
    return make_call_quality(self.native->quality()).release();
}

/// The handlers, which put what comes into the link.
void set_handlers(asio_server::voice_stream_options& options, bool audio,
                  const std::shared_ptr<voice_link>& link,
                  const std::shared_ptr<callback_queue>& queue) {
    if (audio)
        options.on_audio = [link, queue](voice_stream&, const asio_server::audio_tick& tick,
                                         std::span<const std::int16_t> pcm) {
            if (link->put(tick, pcm)) queue->push(link);
        };
    options.on_event = [link, queue](voice_stream&, const voice_event& event) {
        if (std::holds_alternative<asio_server::digit_pressed>(event)) return; // Digit is released
        if (link->put(event)) queue->push(link);
    };
    options.event_queue = 16; // until on_event is called, right after
}

/// \return none with an error set
py_ref open_call(const std::shared_ptr<server>& home, call_arguments& a) {
    return heap_type<voice_call>::create([&](call_object& object) {
        voice_call& self = object.payload;
        self.server = home;
        self.handler = py_ref::share(a.on_event != nullptr ? a.on_event : Py_None);
        self.link =
            std::make_shared<voice_link>(voice_backlog::limits{a.audio_queue, a.event_queue});
        self.link->call = &object;
        aio_inbox* const inbox = to_inbox(self.handler.get());
        if (inbox != nullptr) inbox->voice = self.link;
        const bool called = inbox == nullptr && a.on_event != nullptr;
        if (called) self.link->want();
        set_handlers(a.stream, a.audio && a.on_event != nullptr, self.link, home->queue());
        std::shared_ptr<voice_stream> native;
        {
            const gil_released others_run;
            native = std::make_shared<voice_stream>(home->native(), a.stream);
        }
        self.native = std::move(native);
        return true;
    });
}

constexpr const char* call_doc =
    R"(A telephone call: audio and digits both ways over RTP, with RTCP. Made by RtpServer.create_call.

The server cuts the audio that is played into packets and sends them on time, and turns what comes
into gapless audio, without holding the GIL. What comes is passed to on_event, one at a time:

Audio: a tick of received audio; one every ptime_ms from the first packet on
Digit: a key was pressed and released
Played: the last audio of an item was sent
Quiet: no RTP has come for quiet_after seconds
Source: RTP comes from a source that is new
Bye: the other side has ended its stream

What on_event raises goes to sys.unraisablehook, and the next event comes. Every method may be called
from any thread and from inside any callback. A call that nothing refers to any more is closed, even
if its callback refers to it. `with call:` closes it. After close() or the server's shutdown methods
raise RuntimeError.)";

constexpr const char* play_doc =
    R"(Plays samples of 16 bits, an array('h') or bytes-like, at the call's rate, of any number. Returns when
all of them are in the queue: at once if there is room, else as the queue is played. True: all were
queued; False: clear() was called meanwhile.

item: 0..18446744073709551615. Consecutive pieces with one number form one item, such as an
utterance, of which Played and clear() tell.
timeout: seconds, 0..86400; None: no limit. TimeoutError: what was not queued then is dropped.)";

constexpr const char* drained_doc =
    R"(Waits until all audio and digits were sent, at most timeout seconds, 0..86400 (TimeoutError); None: no
limit.)";

constexpr const char* clear_doc =
    R"(Drops all audio that was not sent yet, as when the other side interrupts. Returns a Played: the first
item that was not sent completely, and how many ms of it were sent; or (None, 0) if there is none.)";

constexpr const char* send_digits_doc =
    R"(Queues digits, 0-9, *, #, A-D, of on_ms (1..3600000) each, with pauses of off_ms (0..3600000) after
them, at volume (0..63, -dBm0). They are sent in place of audio. Raises ValueError.)";

constexpr const char* set_peer_doc =
    R"(Sends RTP to another host, an address or a name, which is resolved without holding the GIL, and port,
1..65535, as after a re-INVITE. Raises ValueError, OSError (no such host).)";

constexpr const char* set_codec_doc =
    R"(Sends with another codec from the next tick on: a str or a Codec, see create_call. Audio in the queue is
kept. Raises ValueError.)";

constexpr const char* set_srtp_doc =
    R"(Encrypts and decrypts with other keys from now on, see create_call; None: not at all. Raises ValueError,
NotImplementedError (rtpsynth was built without libsrtp2).)";

constexpr const char* close_doc =
    R"(Ends the call: sends an RTCP BYE with reason, of which 255 bytes at most, and closes the sockets. Audio
that waits is not sent: see drained(). On return the ports are free and no further callback starts; a
callback that runs already is not waited for. Raises RuntimeError if the call is closed, or its server
shut down.)";

constexpr const char* stats_doc =
    R"(A dict of counters since the call was made.

sender: of what is sent: ticks by their kind; payload_bytes; samples (of play()); items; dry_runs (audio
of an item ran out and went on later); late, missed and failed ticks
playout: as rtpsynth.media.Playout.stats, of what is received
session: RTP and RTCP packets by what became of them
rtp, rtcp: the sockets', as RtpChannel.stats
audio_lost: ticks of audio that audio_queue had no room for; events_lost: events likewise
unsent: packets that could not be sent; late_by_1ms: ticks sent more than 1 ms late; most_late_ns: the
greatest lateness
malformed, other, not_authentic, rtcp_rejected, not_played, latched, latch_rejected: packets received
that were not played, and why
round_trip_ns: from the last report; None: there is none)";

} // namespace

py_ref create_call(const std::shared_ptr<server>& home, call c) {
    call_arguments a;
    if (!home->check_usable() || !load_voice_types() || !a.parse(c) || !home->check_usable())
        return {};
    try {
        return open_call(home, a);
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio_error::operation_aborted)
            PyErr_SetString(PyExc_RuntimeError, "RtpServer is shutting down");
        else
            set_os_error(e.code().value(),
                         e.code().message() + ": " + asio_server::to_string(a.stream.channel.bind));
        return {};
    }
}

void bind_voice_call() {
    heap_type<voice_call>::add({
        .name = "rtpsynth.voice.VoiceCall",
        .doc = call_doc,
        .flags = Py_TPFLAGS_IMMUTABLETYPE,
        .methods =
            {method<"play(pcm, item=0, timeout=None)", play_and_wait>(play_doc),
             method<"drained(timeout=None)", drain_and_wait>(drained_doc),
             method<"clear()", clear>(clear_doc),
             method<"end_item()", end_item>("The item that was played last is complete: Played "
                                            "comes as soon as it was sent, not a second later."),
             method<"set_play_rate(rate)", set_play_rate>(
                 "Later samples of play() have this rate, 4000..384000 Hz (ValueError)."),
             method<"send_digits(digits, on_ms=100, off_ms=60, volume=10)", send_digits>(
                 send_digits_doc),
             method<"set_peer(host, port)", set_peer>(set_peer_doc),
             method<"set_codec(codec)", set_codec>(set_codec_doc),
             method<"set_srtp(keys)", set_srtp>(set_srtp_doc),
             method<"close(reason='')", close>(close_doc), enter(),
             leave<leave_call>("close(), unless it is closed."),
             method<"_play(pcm, item, create_future)", start_play>("For rtpsynth.voice.Call."),
             method<"_drain(create_future)", start_drain>("For rtpsynth.voice.Call."),
             method<"_cancel(id)", cancel_operation>("For rtpsynth.voice.Call.")},
        .attributes =
            {attribute<get_local_addr>("local_addr", "(host, port) of RTP, also when closed."),
             attribute<get_peer>(
                 "peer",
                 "(host, port) that RTP is sent to: set_peer()'s, or the latch's; or None."),
             attribute<get_closed>("closed",
                                   "True after close(). Stays False when the server is shut down."),
             attribute<get_quality>("quality",
                                    "rtpsynth.media.CallQuality: how good what comes sounds."),
             attribute<get_call_stats>("stats", stats_doc)},
    });
}

} // namespace rtpsynth::python
