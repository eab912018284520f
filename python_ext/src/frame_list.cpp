#include "frame_list.hpp"

namespace rtpsynth::python {

py_ref frame_list::publish_all() {
    for (frame_object* f = first_; f != nullptr; f = f->next) {
        if (!f->has_gap) continue;
        frame_object* const gap = new_erasure_frame(f->gap);
        if (gap == nullptr) return {};
        f->gap_frame = publish(gap);
        f->has_gap = false;
    }
    // From here on no other code runs: none sees a list that is not filled.
    py_ref list{PyList_New(static_cast<Py_ssize_t>(items_))};
    if (!list) return {};
    Py_ssize_t i = 0;
    for (frame_object* f = first_; f != nullptr;) {
        frame_object* const next = std::exchange(f->next, nullptr);
        if (f->gap_frame != nullptr)
            PyList_SET_ITEM(list.get(), i++, std::exchange(f->gap_frame, nullptr));
        PyList_SET_ITEM(list.get(), i++, publish(f));
        f = next;
    }
    first_ = last_ = nullptr;
    items_ = 0;
    return list;
}

} // namespace rtpsynth::python
