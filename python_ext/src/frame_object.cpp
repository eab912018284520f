#include "frame_object.hpp"

#include <algorithm>
#include <utility>

namespace rtpsynth::python {

frame_type_table frame_types{};

namespace {

// Blocks that nobody uses, for the next frames: with the GIL held. As with Python's own lists of
// that kind the collector does not count them as allocations, so that a stream that is played and
// forgotten never makes it run.
frame_object* free_blocks = nullptr;
unsigned free_count = 0;
constexpr unsigned most_free = 1024;

// A view does not count its reference to its type: the types are kept for good.
void place_view(PyObject* view, PyTypeObject* type) noexcept {
    Py_SET_REFCNT(view, 0);
    Py_SET_TYPE(view, type);
}

RTPSYNTH_NOINLINE frame_object* allocate_block() noexcept {
    auto* const f = PyObject_GC_New(frame_object, frame_types.wrapper);
    if (f == nullptr) return nullptr;
    place_view(&f->views[frame_view], frame_types.frame);
    place_view(&f->views[rtp_view], frame_types.rtp);
    place_view(&f->views[info_view], frame_types.info);
    return f;
}

inline frame_object* new_block() noexcept {
    frame_object* f = free_blocks;
    if (f != nullptr) [[likely]] {
        free_blocks = f->next;
        --free_count;
        revive(f->object());
    } else {
        f = allocate_block();
        if (f == nullptr) return nullptr;
    }
    f->payload = nullptr;
    f->gap_frame = nullptr;
    f->next = nullptr;
    f->pins = 1;
    f->has_gap = false;
    return f;
}

void unpin(frame_object* f) noexcept {
    if (--f->pins != 0) return;
    PyObject* const bytes = f->bytes;
    if (free_count < most_free) [[likely]] {
        f->next = std::exchange(free_blocks, f);
        ++free_count;
    } else {
        PyTypeObject* const type = Py_TYPE(f->object());
        PyObject_GC_Del(f);
        Py_DECREF(type);
    }
    Py_XDECREF(bytes); // exact bytes: runs no code
}

// What the wrapper refers to goes when it is no frame any more: that may run any code.
inline void end_wrapper(frame_object* f) noexcept {
    PyObject* const data = f->data;
    PyObject* const opaque = f->opaque;
    PyObject* const payload = f->payload;
    PyObject* const gap_frame = f->gap_frame;
    unpin(f);
    Py_XDECREF(payload);
    Py_XDECREF(gap_frame);
    Py_XDECREF(data);
    Py_XDECREF(opaque);
}

inline bool may_refer_to_others(PyObject* object) noexcept {
    return object != nullptr && PyObject_IS_GC(object);
}

} // namespace

frame_object* new_packet_frame(const rtp_packet_view& packet, PyObject* bytes, PyObject* data,
                               PyObject* opaque) noexcept {
    frame_object* const f = new_block();
    if (f == nullptr) [[unlikely]]
        return nullptr;
    if (opaque == Py_None) opaque = nullptr;
    if (data == Py_None) data = nullptr;
    Py_INCREF(bytes);
    Py_XINCREF(data);
    Py_XINCREF(opaque);
    f->bytes = bytes;
    f->data = data;
    f->opaque = opaque;
    f->packet = packet;
    f->is_erasure = false;
    f->cyclic = (data != bytes && may_refer_to_others(data)) || may_refer_to_others(opaque);
    place_view(&f->views[content_view], frame_types.rtp_content);
    return f;
}

frame_object* new_erasure_frame(const erasure& gap) noexcept {
    frame_object* const f = new_block();
    if (f == nullptr) [[unlikely]]
        return nullptr;
    f->bytes = f->data = f->opaque = nullptr;
    f->gap = gap;
    f->is_erasure = true;
    f->cyclic = false;
    place_view(&f->views[content_view], frame_types.ers_content);
    return f;
}

int traverse_frame(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    return traverse_unpublished(reinterpret_cast<frame_object*>(self), visit, arg);
}

int clear_frame(PyObject* self) {
    auto* const f = reinterpret_cast<frame_object*>(self);
    Py_CLEAR(f->data);
    Py_CLEAR(f->opaque);
    return 0;
}

void deallocate_frame(PyObject* self) {
    auto* const f = reinterpret_cast<frame_object*>(self);
    if (!f->cyclic) [[likely]] {
        end_wrapper(f);
        return;
    }
    PyObject_GC_UnTrack(self);
    // A frame that is another's opaque, and so on for a million of them, must not end the stack.
    Py_TRASHCAN_BEGIN(self, deallocate_frame) end_wrapper(f);
    Py_TRASHCAN_END
}

template <view_index I>
void deallocate_view(PyObject* self) {
    unpin(block_of<I>(self));
}

template void deallocate_view<content_view>(PyObject*);
template void deallocate_view<frame_view>(PyObject*);
template void deallocate_view<rtp_view>(PyObject*);
template void deallocate_view<info_view>(PyObject*);

} // namespace rtpsynth::python
