#include "frame_block.hpp"

#include "threads/gil.hpp"

#include "rtp_profile.hpp"

#include <rtpsynth/rtp/payload_type.hpp>

#include <utility>

namespace rtpsynth::python {

frame_type_table frame_types{};

namespace {

// Free blocks, for the next frames; used with the GIL held. As with Python's own free lists, the
// collector does not count a reused block as an allocation, so that a stream whose frames are
// played and dropped never makes it run.
frame_object* free_blocks = nullptr;
unsigned free_count = 0;
constexpr unsigned most_free = 1024;

/// Gives an object that has no references one.
inline void revive(PyObject* object) noexcept {
#ifdef Py_REF_DEBUG
    PyObject_Init(object, Py_TYPE(object));
    Py_DECREF(Py_TYPE(object)); // types are kept for good, so that only blocks count them
#else
    Py_SET_REFCNT(object, 1);
#endif
}

template <class Object>
PyObject* object_in(Object& inner) noexcept {
    return reinterpret_cast<PyObject*>(&inner);
}

void prepare(PyObject* inner, PyTypeObject* type) noexcept {
    *inner = {}; // not by Py_SET_REFCNT, which may take what the memory held for an immortal object
    Py_SET_TYPE(inner, type);
}

RTPSYNTH_NOINLINE frame_object* allocate_block() {
    auto* const f = guarded([] { return PyObject_GC_New(frame_object, frame_types.wrapper); });
    if (f == nullptr) return nullptr;
    prepare(object_in(f->content), frame_types.rtp_content);
    prepare(object_in(f->either), frame_types.either);
    prepare(object_in(f->rtp), frame_types.rtp);
    prepare(object_in(f->info), frame_types.info);
    return f;
}

inline frame_object* new_block() {
    frame_object* f = free_blocks;
    if (f != nullptr) [[likely]] {
        free_blocks = f->next;
        --free_count;
        revive(f->object());
    } else {
        f = allocate_block();
        if (f == nullptr) return nullptr;
    }
    f->addr = nullptr;
    f->payload = nullptr;
    f->gap_frame = nullptr;
    f->next = nullptr;
    f->pins = 1;
    f->has_gap = false;
    f->has_content = false;
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

void release_numbers(rtp_object& rtp) noexcept { Py_DECREF(rtp.lseq); }

void release_numbers(info_object& info) noexcept {
    Py_DECREF(info.seq);
    Py_DECREF(info.ts);
    Py_DECREF(info.ssrc);
    Py_DECREF(info.data_size);
    Py_DECREF(info.data_offset);
    Py_DECREF(info.nsamples);
    Py_DECREF(info.appendable);
    Py_DECREF(info.rtp_profile);
}

inline void release_content(frame_object* f) noexcept {
#ifndef Py_REF_DEBUG
    if (!f->is_erasure && Py_REFCNT(object_in(f->content)) == 1 &&
        Py_REFCNT(object_in(f->either)) == 1 && Py_REFCNT(object_in(f->rtp)) == 1 &&
        Py_REFCNT(object_in(f->info)) == 1) [[likely]] { // the same as below, at once
        Py_DECREF(f->content.type);
        Py_DECREF(f->either.ers);
        release_numbers(f->rtp);
        release_numbers(f->info);
        f->pins = 1;
        return;
    }
#endif
    Py_DECREF(object_in(f->content));
}

/// A number that most packets of a stream share; with the GIL held.
PyObject* ssrc_number(std::uint32_t ssrc) noexcept {
    static std::uint32_t last = 0;
    static PyObject* number = nullptr;
    if (number == nullptr || last != ssrc) {
        PyObject* const fresh = PyLong_FromUnsignedLong(ssrc);
        if (fresh == nullptr) return nullptr;
        last = ssrc;
        Py_XDECREF(std::exchange(number, fresh));
    }
    return py_ref::share(number).release();
}

/// Makes the objects that the content's attributes are. \return false with MemoryError set
bool fill_content(frame_object* f) {
    const rtp_packet_view& p = f->packet;
    const std::size_t size = p.payload().size();
    py_ref seq{PyLong_FromLong(p.seq())};
    py_ref lseq =
        f->lseq == p.seq() ? py_ref::share(seq.get()) : py_ref{PyLong_FromLongLong(f->lseq)};
    py_ref ts{PyLong_FromUnsignedLong(p.timestamp())};
    py_ref ssrc{ssrc_number(p.ssrc())};
    py_ref data_size{PyLong_FromSize_t(size)};
    py_ref data_offset{PyLong_FromSize_t(p.payload_offset())};
    py_ref nsamples{PyLong_FromLong(rtpsynth::nsamples(p.payload_type(), p.payload()))};
    py_ref type{PyLong_FromLong(0)};
    if (!seq || !lseq || !ts || !ssrc || !data_size || !data_offset || !nsamples || !type)
        return false;
    f->info.seq = seq.release();
    f->info.ts = ts.release();
    f->info.ssrc = ssrc.release();
    f->info.data_size = data_size.release();
    f->info.data_offset = data_offset.release();
    f->info.nsamples = nsamples.release();
    f->info.appendable = PyBool_FromLong(appendable(p.payload_type(), size));
    f->info.rtp_profile = profile_object(p.payload_type());
    f->rtp.lseq = lseq.release();
    f->content.type = type.release();
    f->either.ers = py_ref::share(Py_None).release();
    f->rtp.info = object_in(f->info);
    f->either.rtp = object_in(f->rtp);
    f->content.frame = object_in(f->either);
    revive(f->rtp.info);
    revive(f->either.rtp);
    revive(f->content.frame);
    f->pins = static_cast<unsigned char>(f->pins + 3);
    return true;
}

// What the wrapper refers to is released last: that may run any code.
inline void end_wrapper(frame_object* f) {
    PyObject* const data = f->data;
    PyObject* const opaque = f->opaque;
    PyObject* const addr = f->addr;
    PyObject* const payload = f->payload;
    PyObject* const gap_frame = f->gap_frame;
    if (f->has_content) release_content(f);
    unpin(f);
    Py_XDECREF(addr);
    Py_XDECREF(payload);
    Py_XDECREF(gap_frame);
    release_reference(data);
    release_reference(opaque);
}

inline bool may_refer_to_others(PyObject* object) noexcept {
    return object != nullptr && PyObject_IS_GC(object);
}

} // namespace

frame_object* new_packet_frame(const rtp_packet_view& packet, PyObject* bytes, PyObject* data,
                               PyObject* opaque) {
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
    Py_SET_TYPE(object_in(f->content), frame_types.rtp_content);
    return f;
}

frame_object* new_erasure_frame(const erasure& gap) {
    frame_object* const f = new_block();
    if (f == nullptr) [[unlikely]]
        return nullptr;
    f->bytes = f->data = f->opaque = nullptr;
    f->gap = gap;
    f->is_erasure = true;
    f->cyclic = false;
    Py_SET_TYPE(object_in(f->content), frame_types.ers_content);
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
    // A chain of a million frames, each the opaque of the next, must not exhaust the stack.
    Py_TRASHCAN_BEGIN(self, deallocate_frame) end_wrapper(f);
    Py_TRASHCAN_END
}

PyObject* content_of(frame_object* f) {
    PyObject* const content = object_in(f->content);
    if (!f->has_content) {
        if (!f->is_erasure && !fill_content(f)) return nullptr;
        revive(content);
        ++f->pins;
        f->has_content = true;
    }
    Py_INCREF(content);
    return content;
}

void deallocate_rtp_content(PyObject* self) {
    frame_object* const f = block_of<offsetof(frame_object, content)>(self);
    Py_DECREF(f->content.type);
    Py_DECREF(f->content.frame);
    unpin(f);
}

void deallocate_ers_content(PyObject* self) {
    unpin(block_of<offsetof(frame_object, content)>(self));
}

void deallocate_union(PyObject* self) {
    frame_object* const f = block_of<offsetof(frame_object, either)>(self);
    Py_DECREF(f->either.ers);
    Py_DECREF(f->either.rtp);
    unpin(f);
}

void deallocate_rtp(PyObject* self) {
    frame_object* const f = block_of<offsetof(frame_object, rtp)>(self);
    release_numbers(f->rtp);
    Py_DECREF(f->rtp.info);
    unpin(f);
}

void deallocate_info(PyObject* self) {
    frame_object* const f = block_of<offsetof(frame_object, info)>(self);
    release_numbers(f->info);
    unpin(f);
}

} // namespace rtpsynth::python
