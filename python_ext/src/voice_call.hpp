/// \file
/// The Python type VoiceCall.
#pragma once

#include "core/heap_type.hpp"
#include "threads/server.hpp"
#include "threads/voice_link.hpp"

#include <rtpsynth/asio_server/call/voice_stream.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rtpsynth::python {

/// A call and its callback often refer to each other: the garbage collector sees the callback.
struct voice_call {
    /// An operation that a future waits for.
    struct pending {
        std::int64_t id = 0;
        std::shared_ptr<voice_operation> operation;
        py_ref future;
    };

    py_ref handler; ///< on_event, an Inbox, or None; none once closed
    std::shared_ptr<python::server> server;
    std::shared_ptr<voice_link> link;
    std::shared_ptr<asio_server::voice_stream> native;
    std::vector<pending> waiting;
    std::int64_t last_id = 0;
    bool closed = false;

    voice_call() noexcept = default;
    ~voice_call();

    int traverse(visitproc visit, void* arg) const;
    void clear();
    /// From here on no callback begins.
    void detach() noexcept;

    /// \return false with RuntimeError set unless the call is open and its server runs
    bool check_open() const;

    // voice_operations.cpp
    /// Tells those who wait for operations that have finished. In the loop's thread.
    void finish_operations();
    /// Tells all who wait that the call is closed.
    void fail_operations();
};
using call_object = instance<voice_call>;

/// create_call(…): opens a call of \p home. \return none with an error set
py_ref create_call(const std::shared_ptr<server>& home, call c);

// voice_operations.cpp: methods
PyObject* play_and_wait(voice_call& self, const arguments<3>& a);
PyObject* drain_and_wait(voice_call& self, const arguments<1>& a);
PyObject* start_play(voice_call& self, const arguments<3>& a);
PyObject* start_drain(voice_call& self, const arguments<1>& a);
PyObject* cancel_operation(voice_call& self, const arguments<1>& a);

// voice_stats.cpp
PyObject* get_call_stats(const voice_call& self);

/// call_quality.cpp: a rtpsynth.media.CallQuality.
py_ref make_call_quality(const call_quality& quality);

/// Puts VoiceCall into the module that is being made.
void bind_voice_call();

} // namespace rtpsynth::python
