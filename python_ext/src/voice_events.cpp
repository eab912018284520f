#include "voice_events.hpp"

#include "aio_inbox.hpp"
#include "core/addresses.hpp"
#include "threads/gil.hpp"
#include "voice_call.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rtpsynth::python {

using asio_server::audio_tick;
using asio_server::voice_event;

namespace {

constexpr int most_in_a_row = 64; // of one call, before the others have their turn

// rtpsynth.voice's, subclasses of tuple. Kept for good:
struct {
    PyTypeObject *audio, *digit, *played, *quiet, *source, *bye;
} types;
std::array<PyObject*, 6> kinds; // str, by playout_kind

/// An instance of a class that is derived from tuple and adds no members.
template <std::size_t N>
py_ref make_tuple(PyTypeObject* type, std::array<py_ref, N> fields) {
    for (const py_ref& field : fields)
        if (!field) return {};
    py_ref tuple{type->tp_alloc(type, N)};
    for (std::size_t i = 0; tuple && i != N; ++i)
        PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), fields[i].release());
    return tuple;
}

py_ref text(std::string_view utf8) {
    return py_ref{
        PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace")};
}

py_ref number(unsigned long long n) { return py_ref{PyLong_FromUnsignedLongLong(n)}; }

py_ref milliseconds(duration time) {
    return py_ref{PyLong_FromLongLong(time / std::chrono::milliseconds{1})};
}

/// Without running any Python code: the link's lock is held.
py_ref bytes_of(std::span<const std::int16_t> pcm) {
    return py_ref{PyBytes_FromStringAndSize(reinterpret_cast<const char*>(pcm.data()),
                                            static_cast<Py_ssize_t>(pcm.size_bytes()))};
}

py_ref make_audio(const audio_tick& tick, py_ref pcm) {
    if (!pcm) return {};
    return make_tuple<4>(types.audio,
                         {std::move(pcm), py_ref::share(kinds[static_cast<std::size_t>(tick.kind)]),
                          py_ref{PyLong_FromLongLong(tick.time.time_since_epoch().count())},
                          number(tick.skipped)});
}

struct event_maker {
    py_ref operator()(const played_item& e) const { return make_played(e); }
    py_ref operator()(const asio_server::digit_released& e) const {
        return make_tuple<3>(types.digit,
                             {text({&e.digit, e.digit != 0 ? std::size_t{1} : std::size_t{0}}),
                              milliseconds(e.length), number(e.event)});
    }
    py_ref operator()(const asio_server::source_changed& e) const {
        return make_tuple<3>(types.source, {to_address(e.source), number(e.ssrc),
                                            py_ref::share(e.first ? Py_True : Py_False)});
    }
    py_ref operator()(const asio_server::network_quiet& e) const {
        const std::chrono::duration<double> silence = std::chrono::steady_clock::now() - e.since;
        return make_tuple<1>(types.quiet, {py_ref{PyFloat_FromDouble(silence.count())}});
    }
    py_ref operator()(const asio_server::source_left& e) const {
        return make_tuple<2>(types.bye, {text(e.reason), number(e.ssrc)});
    }
    // These are not put into a link.
    py_ref operator()(std::monostate) const { return py_ref::share(Py_None); }
    py_ref operator()(const asio_server::digit_pressed&) const { return py_ref::share(Py_None); }
};

/// Calls on_event with what waits. A callback may close the call, or drop it.
void call_with_events(const std::shared_ptr<voice_link>& link, callback_queue& queue,
                      PyObject* callback) {
    for (int left = most_in_a_row; link->call != nullptr && !queue.stopped(); --left) {
        if (link->empty()) return;
        if (left == 0) return queue.push(link);
        const py_ref event = guarded([&] { return take_voice_event(*link); });
        if (!event) {
            write_unraisable(callback);
            return;
        }
        if (link->call == nullptr || queue.stopped()) return; // a garbage collection closed it
        PyObject* args[] = {nullptr, event.get()};
        if (call_back_python(callback, args + 1, 1)) continue;
        queue.count_exception();
        write_unraisable(callback);
    }
}

} // namespace

bool load_voice_types() {
    if (types.bye != nullptr) return true;
    const py_ref module{PyImport_ImportModule("rtpsynth.voice")};
    if (!module) return false;
    constexpr const char* names[] = {"Audio", "Digit", "Played", "Quiet", "Source", "Bye"};
    std::array<py_ref, 6> found;
    for (std::size_t i = 0; i != found.size(); ++i) {
        found[i] = py_ref{PyObject_GetAttrString(module.get(), names[i])};
        if (!found[i]) return false;
        if (!PyType_Check(found[i].get()) ||
            !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(found[i].get()), &PyTuple_Type)) {
            PyErr_Format(PyExc_TypeError, "rtpsynth.voice.%s must be a subclass of tuple",
                         names[i]);
            return false;
        }
    }
    constexpr const char* words[] = {"concealed", "stretched",     "compressed",
                                     "speech",    "comfort_noise", "silence"};
    for (std::size_t i = 0; i != kinds.size(); ++i) {
        kinds[i] = PyUnicode_InternFromString(words[i]);
        if (kinds[i] == nullptr) return false;
    }
    PyTypeObject** const all[] = {&types.audio, &types.digit,  &types.played,
                                  &types.quiet, &types.source, &types.bye};
    for (std::size_t i = 0; i != found.size(); ++i)
        *all[i] = reinterpret_cast<PyTypeObject*>(found[i].release());
    return true;
}

py_ref make_played(const std::optional<played_item>& item) {
    if (!item) return make_tuple<2>(types.played, {py_ref::share(Py_None), number(0)});
    return make_tuple<2>(types.played, {number(item->item), milliseconds(item->length())});
}

py_ref take_voice_event(voice_link& link) {
    std::optional<audio_tick> tick;
    py_ref pcm;
    voice_event event;
    const bool any = link.with_backlog([&](voice_backlog& waiting) {
        if (!waiting.audio_is_first()) {
            event = waiting.pop_event();
            return;
        }
        tick = waiting.first_tick();
        pcm = bytes_of(waiting.first_pcm());
        if (pcm) waiting.pop_tick();
    });
    if (tick) return make_audio(*tick, std::move(pcm));
    if (any) return std::visit(event_maker{}, event);
    PyErr_SetString(PyExc_RuntimeError, "there is no event"); // not reached
    return {};
}

bool deliver_voice(const std::shared_ptr<voice_link>& link, callback_queue& queue) {
    if (link->call == nullptr) return true;
    const py_ref kept = py_ref::share(link->call->object());
    voice_call& call = link->call->payload;
    guarded([&] {
        call.finish_operations();
        return 0;
    });
    const py_ref handler = py_ref::share(call.handler.get());
    if (link->call == nullptr || !handler) return true;
    if (aio_inbox* const inbox = to_inbox(handler.get()))
        return inbox->empty() || inbox->wake(true);
    call_with_events(link, queue, handler.get());
    return true;
}

} // namespace rtpsynth::python
