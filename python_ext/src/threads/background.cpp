#include "threads/background.hpp"

#include "threads/gil.hpp"

#include <stdexcept>

namespace rtpsynth::python {

namespace {

// With the GIL held:
background* all = nullptr;
bool ending = false;

} // namespace

background::background(const char* name) : name_{name}, link_{&all}, next_{all} {
    if (ending) throw std::runtime_error("the interpreter is ending");
    if (next_ != nullptr) next_->link_ = &next_;
    all = this;
}

background::~background() {
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
}

bool background::check_usable() const {
    if (inherited())
        PyErr_Format(PyExc_RuntimeError, "%s was made before fork(); make a new one", name_);
    else if (shut_down_)
        PyErr_Format(PyExc_RuntimeError, "%s is shutting down", name_);
    else
        return true;
    return false;
}

void background::request_stop() noexcept {
    if (inherited()) return;
    shut_down_ = true;
    stop();
}

void background::await_stop(callback_thread::clock::time_point deadline) {
    if (inherited()) return;
    const gil_released others_run;
    join_until(deadline);
}

void background::shutdown() {
    request_stop();
    await_stop(callback_thread::clock::now() + callback_thread::patience);
}

bool stopped_all_backgrounds() noexcept { return ending; }

void stop_all_backgrounds() {
    ending = true;
    for (background* b = all; b != nullptr; b = b->next_) b->request_stop();
    const auto deadline = callback_thread::clock::now() + std::chrono::milliseconds{100};
    while (background* const b = all) {
        all = b->next_;
        if (all != nullptr) all->link_ = &all;
        b->link_ = &b->next_; // so that its destructor changes nothing but itself
        b->next_ = nullptr;
        // Another thread may let go of it meanwhile.
        if (const auto kept = b->weak_from_this().lock()) kept->await_stop(deadline);
    }
}

} // namespace rtpsynth::python
