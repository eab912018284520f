/// \file
/// Named tuples of the public modules, made of what C++ has. With the GIL held; what returns none
/// has set an error.
#pragma once

#include "core/py_ref.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace rtpsynth::python {

/// A str; bytes that are not UTF-8 become U+FFFD.
py_ref make_text(std::string_view utf8);
py_ref make_bytes(std::span<const std::uint8_t> bytes);
py_ref make_number(unsigned long long n);
py_ref make_bool(bool is);
/// None for nullopt.
py_ref make_nanoseconds(std::optional<duration> time);

/// A call of \p type with \p fields, some of which may be missing with an error set.
py_ref make_record(PyObject* type, std::initializer_list<py_ref> fields);
/// The same with a type of a public module, such as "rtpsynth.rtcp" and "ReportBlock".
py_ref make_record(const char* module, const char* type, std::initializer_list<py_ref> fields);
/// A name of a public module.
py_ref import_name(const char* module, const char* name);

/// A tuple of what \p make makes of each element.
template <class Elements, class Make>
py_ref tuple_of(const Elements& elements, Make&& make) {
    if (PyErr_Occurred() != nullptr) return {}; // of a field before
    py_ref all{PyTuple_New(static_cast<Py_ssize_t>(std::size(elements)))};
    Py_ssize_t i = 0;
    for (const auto& element : elements) {
        if (!all) return {};
        py_ref made = make(element);
        if (!made) return {};
        PyTuple_SET_ITEM(all.get(), i++, made.release());
    }
    return all;
}

} // namespace rtpsynth::python
