/// \file
/// The memory of a FrameWrapper.
///
/// A frame is one block of memory that begins with the FrameWrapper and also holds the objects that
/// are read from it: `content`, `content.frame`, `content.frame.rtp` and its `info`. They are
/// filled when content is first read: every attribute is then an object that exists, which Python
/// reads faster than one that has to be made. They may outlive the wrapper: the block is freed when
/// nothing refers to any of the five. They refer to numbers and to each other, never to the
/// wrapper or to what the user gave with the packet, so that only the wrapper can be part of a
/// cycle.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rtpsynth::python {

/// Of RTPFrame, and of ERSFrame, whose attributes are made as they are read.
struct content_object {
    PyObject_HEAD PyObject* type;
    PyObject* frame;
};

/// Of RTPFrameUnion.
struct union_object {
    PyObject_HEAD PyObject* rtp;
    PyObject* ers;
};

/// Of RTPPacket.
struct rtp_object {
    PyObject_HEAD PyObject* lseq;
    PyObject* info;
};

/// Of RTPInfo.
struct info_object {
    PyObject_HEAD PyObject* seq;
    PyObject* ts;
    PyObject* ssrc;
    PyObject* data_size;
    PyObject* data_offset;
    PyObject* nsamples;
    PyObject* appendable;
    PyObject* rtp_profile;
};

struct frame_object {
    PyObject_HEAD PyObject* data; ///< what the user gave as the datagram; null for None
    PyObject* opaque;             ///< null for None
    PyObject* addr;               ///< (host, port) of the sender; null for None
    PyObject* payload;            ///< rtp_data, once it was read
    PyObject* bytes;              ///< exact bytes that hold the packet; null for an erasure
    rtp_packet_view packet;
    std::int64_t lseq;
    erasure gap;         ///< of an erasure's frame
    PyObject* gap_frame; ///< of a packet on its way out: the erasure before it, if there is one
    frame_object* next;  ///< in a list of frames on their way out, or of those free
    unsigned char pins;  ///< how many of the five objects are alive
    bool is_erasure;
    bool has_gap;     ///< gap goes before this packet, and gap_frame is not made yet
    bool cyclic;      ///< data or opaque may refer to other objects
    bool has_content; ///< content was read, and the wrapper refers to it
    content_object content;
    union_object either;
    rtp_object rtp;
    info_object info;

    PyObject* object() noexcept { return reinterpret_cast<PyObject*>(this); }
};

/// The types of the objects in a block, made by bind_frame_types and kept for good.
struct frame_type_table {
    PyTypeObject* wrapper;
    PyTypeObject* rtp_content;
    PyTypeObject* ers_content;
    PyTypeObject* either;
    PyTypeObject* rtp;
    PyTypeObject* info;
};
extern frame_type_table frame_types;

/// A frame of a packet that lies in the exact bytes object \p bytes. The garbage collector is not
/// told of it before publish(): until then its one owner visits what it refers to.
/// May run any code, as what allocates Python objects may. \return null with MemoryError set
frame_object* new_packet_frame(const rtp_packet_view& packet, PyObject* bytes, PyObject* data,
                               PyObject* opaque);

/// The same of an erasure, which refers to nothing.
frame_object* new_erasure_frame(const erasure& gap);

/// Hands a frame to Python: from here on the collector knows it. Runs no code.
inline PyObject* publish(frame_object* f) noexcept {
    if (f->cyclic) [[unlikely]]
        PyObject_GC_Track(f);
    return f->object();
}

/// The slots tp_traverse, tp_clear and tp_dealloc of the types in frame_type_table.
int traverse_frame(PyObject* self, visitproc visit, void* arg);
int clear_frame(PyObject* self);
void deallocate_frame(PyObject* self);
void deallocate_rtp_content(PyObject* self);
void deallocate_ers_content(PyObject* self);
void deallocate_union(PyObject* self);
void deallocate_rtp(PyObject* self);
void deallocate_info(PyObject* self);

/// What an unpublished frame refers to and the garbage collector may need to know, for the owner's
/// tp_traverse.
inline int traverse_unpublished(const frame_object* f, visitproc visit, void* arg) {
    if (f->cyclic) {
        Py_VISIT(f->data);
        Py_VISIT(f->opaque);
    }
    return 0;
}

/// Ends the frame if nothing else refers to it.
struct frame_release {
    void operator()(frame_object* f) const noexcept { Py_DECREF(f->object()); }
};
/// Owns a frame that is not published: what a jitter buffer keeps with a packet.
using frame_owner = std::unique_ptr<frame_object, frame_release>;

/// A new reference to a frame's content. \return null with MemoryError set
PyObject* content_of(frame_object* f);

/// The block that one of its objects lies in: block_of<offsetof(frame_object, info)>(self).
template <std::size_t Offset>
frame_object* block_of(PyObject* inner) noexcept {
    return static_cast<frame_object*>(
        static_cast<void*>(reinterpret_cast<std::byte*>(inner) - Offset));
}

} // namespace rtpsynth::python
