/// \file
/// Functions and methods that Python calls with its vectorcall arguments as they lie on the stack
/// (METH_FASTCALL | METH_KEYWORDS): a third of the cost of a boost::python `def`.
///
/// Such a function is `PyObject* f(PyObject* self, call arguments)`; a table of them is a
/// PyMethodDef array, of a type's slot or a module's. The doc string begins with a line
/// `name($self, /, plen, pt, pload=None)\n--\n\n`, where inspect.signature finds the parameters.
///
///     constexpr parameters<3> next_pkt_parameters{"next_pkt", 2, {"plen", "pt", "pload"}};
///     PyObject* next_pkt(PyObject* self, call c) {
///         std::array<PyObject*, 3> a;
///         if (!next_pkt_parameters.parse(c, a)) return nullptr;
///         …
///     PyMethodDef methods[] = {function<next_pkt>("next_pkt", next_pkt_doc), {}};
#pragma once

#include "core/convert.hpp"

#include <array>
#include <cstddef>

namespace rtpsynth::python {

/// The arguments of one call, borrowed.
struct call {
    PyObject* const* args;
    Py_ssize_t positional;
    PyObject* keywords; ///< tuple of the names of those behind the positional ones, or null
};

/// What a function's parameters are called. The first \p required must be given; those from
/// \p positional on only by keyword.
template <std::size_t N>
class parameters {
public:
    constexpr parameters(const char* function, std::size_t required,
                         std::array<const char*, N> names, std::size_t positional = N) noexcept
        : function_{function}, required_{required}, positional_{positional}, names_{names} {}

    /// Puts each argument in its parameter's place, and null where there is none.
    /// \return false with TypeError set
    bool parse(call c, std::array<PyObject*, N>& out) const {
        const auto given = static_cast<std::size_t>(c.positional);
        if (c.keywords == nullptr && given >= required_ && given <= positional_) [[likely]] {
            std::size_t i = 0;
            for (; i != given; ++i) out[i] = c.args[i];
            for (; i != N; ++i) out[i] = nullptr;
            return true;
        }
        return parse_any(function_, required_, positional_, names_, c, out);
    }

private:
    const char* function_;
    std::size_t required_;
    std::size_t positional_;
    std::array<const char*, N> names_;
};

/// parameters::parse with keywords or with errors.
bool parse_any(const char* function, std::size_t required, std::size_t positional,
               std::span<const char* const> names, call c, std::span<PyObject*> out);

/// An entry of a table of functions of a module, or of methods of a type of one's own, whose
/// \p self then is the instance.
template <PyObject* (*Function)(PyObject*, call)>
PyMethodDef function(const char* name, const char* doc) {
    constexpr auto entry = +[](PyObject* self, PyObject* const* args, Py_ssize_t count,
                               PyObject* keywords) -> PyObject* {
        return translated([&] { return Function(self, {args, count, keywords}); });
    };
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(entry)),
            METH_FASTCALL | METH_KEYWORDS, doc};
}

/// Gives a class the functions of a table, which ends with an empty entry and lives for good, as
/// static methods.
void attach_static(boost::python::object cls, PyMethodDef* functions);

/// Puts the functions of such a table into the module that is being made.
void add_functions(PyMethodDef* functions);

} // namespace rtpsynth::python
