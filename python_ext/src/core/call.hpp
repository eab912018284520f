/// \file
/// Functions and methods that take their arguments straight from the vectorcall array
/// (METH_FASTCALL | METH_KEYWORDS): a third of the cost of a boost::python `def`. With the GIL
/// held.
///
/// A function's parameters are written once, as Python writes them: `"skip(npkts)"` or
/// `"next_pkt(plen, pt, pload=None)"`. From that text come the parser and its error messages, at
/// compile time, and what help() and inspect.signature() show. Names and defaults are all there may
/// be: no `*`, `/` or annotations, and no comma in a default. What has those uses a table of
/// options (core/options.hpp).
#pragma once

#include "core/convert.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace rtpsynth::python {

/// The arguments of one call, borrowed.
struct call {
    PyObject* const* args;
    Py_ssize_t positional;
    PyObject* keywords; ///< tuple of the names of those behind the positional ones, or null
};

/// One argument a parameter, borrowed; null where none was given.
template <std::size_t N>
using arguments = std::array<PyObject*, N>;

/// parameters::parse with keywords or with errors.
bool parse_any(const char* function, std::size_t required, std::size_t positional,
               std::span<const char* const> names, call c, std::span<PyObject*> out);

/// What a function's parameters are called. The first \p required must be given; those from
/// \p positional on only by keyword.
template <std::size_t N>
struct parameters {
    const char* function;
    std::size_t required;
    std::size_t positional;
    std::array<const char*, N> names;

    /// Puts each argument in its parameter's place. \return false with TypeError set
    bool parse(call c, arguments<N>& out) const {
        const auto given = static_cast<std::size_t>(c.positional);
        if (c.keywords == nullptr && given >= required && given <= positional) [[likely]] {
            for (std::size_t i = 0; i != N; ++i) out[i] = i < given ? c.args[i] : nullptr;
            return true;
        }
        return parse_any(function, required, positional, names, c, out);
    }
};

/// A call of arguments that are a tuple and a dict, such as those of __init__. Owns them, since
/// what converts them may change the dict.
class unpacked_call {
public:
    /// \p positional: a tuple, or null; \p keywords: a dict, or null.
    /// \return false with TypeError, for a key that is no str, or MemoryError set
    bool assign(PyObject* positional, PyObject* keywords);

    call get() const noexcept {
        return {PySequence_Fast_ITEMS(values_.get()), positional_, names_.get()};
    }

private:
    py_ref values_; // tuple or list
    py_ref names_;  // tuple
    Py_ssize_t positional_ = 0;
};

/// A string literal as a template's argument.
template <std::size_t Size>
struct literal {
    char chars[Size];
    // NOLINTNEXTLINE: implicit, so that a literal stands for it
    consteval literal(const char (&from)[Size]) { std::copy_n(from, Size, chars); }
};

/// The first of the characters \p wanted in \p text, from \p at on. By index: GCC's undefined
/// behaviour sanitizer takes no pointer into a template's argument for a constant that is not null,
/// as std::string_view::find wants it.
template <std::size_t Size>
constexpr std::size_t find_any(const char (&text)[Size], std::initializer_list<char> wanted,
                               std::size_t at) {
    while (at != Size && std::ranges::find(wanted, text[at]) == wanted.end()) ++at;
    return at;
}

/// How many parameters "NAME(A, B=1)" has.
template <std::size_t Size>
constexpr std::size_t count_parameters(const char (&written)[Size]) {
    const auto begin = find_any(written, {'('}, 0) + 1;
    if (written[begin] == ')') return 0;
    std::size_t count = 1;
    for (std::size_t i = begin; i != Size; ++i) count += written[i] == ',';
    return count;
}

/// Whether a signature has nothing but names and defaults, and none without a default after one
/// with.
template <std::size_t Size>
constexpr bool is_plain(const char (&written)[Size]) {
    std::size_t at = find_any(written, {'('}, 0) + 1;
    bool optional = false;
    while (at < Size && written[at] != ')') {
        while (written[at] == ' ') ++at;
        const std::size_t end = find_any(written, {'=', ',', ')'}, at);
        if (end == Size || end == at) return false;
        for (std::size_t i = at; i != end; ++i)
            if (written[i] != '_' && !(written[i] >= 'a' && written[i] <= 'z') &&
                !(written[i] >= '0' && written[i] <= '9'))
                return false;
        if (written[end] != '=' && optional) return false;
        optional = written[end] == '=';
        const std::size_t next = find_any(written, {',', ')'}, end);
        if (next == Size || find_any(written, {'('}, end) < next) return false;
        at = written[next] == ',' ? next + 1 : next;
    }
    return at < Size;
}

/// The parameters of a function that is written as in Python.
template <literal Written>
class signature {
    static_assert(is_plain(Written.chars), "names and defaults only: see the head of this file");

    // The text with a null character behind each name.
    static constexpr auto split = [] {
        auto copy = std::to_array(Written.chars);
        for (char& c : copy)
            if (c == '(' || c == ')' || c == ',' || c == '=') c = 0;
        return copy;
    }();

public:
    static constexpr std::size_t size = count_parameters(Written.chars);
    static constexpr const char* text = Written.chars;

    static constexpr parameters<size> parsed = [] {
        parameters<size> p{split.data(), 0, size, {}};
        std::size_t at = find_any(Written.chars, {'('}, 0) + 1;
        for (std::size_t i = 0; i != size; ++i) {
            while (split[at] == ' ') ++at;
            p.names[i] = split.data() + at;
            if (Written.chars[find_any(Written.chars, {'=', ',', ')'}, at)] != '=')
                p.required = i + 1;
            at = find_any(Written.chars, {',', ')'}, at) + 1;
        }
        return p;
    }();
};

/// A row of a table of methods or functions, for PyMethodDef.
struct function_row {
    std::string name;
    PyCFunction call;
    int flags;
    std::string doc; ///< begins with the signature
};

/// \p doc behind the signature, as CPython expects it.
/// \p method: with `$self, /` before the parameters.
std::string documented(std::string_view signature, bool method, std::string_view doc);

/// A row for a function of METH_FASTCALL | METH_KEYWORDS.
function_row fast_row(std::string_view signature, bool method, std::string_view doc,
                      PyObject* (*function)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*));

/// A function of the module, or a static method: `function<"set_randfunc(f)", set_randfunc>(doc)`,
/// where set_randfunc is a `PyObject*(const arguments<1>&)`.
template <literal Signature, auto Function>
function_row function(std::string_view doc) {
    using written = signature<Signature>;
    constexpr auto entry =
        +[](PyObject*, PyObject* const* args, Py_ssize_t count, PyObject* keywords) -> PyObject* {
        return translated([&]() -> PyObject* {
            arguments<written::size> a;
            if (!written::parsed.parse({args, count, keywords}, a)) return nullptr;
            return Function(a);
        });
    };
    return fast_row(written::text, false, doc, entry);
}

/// The rows as CPython wants them, which are kept for good.
PyMethodDef* method_table(std::span<const function_row> rows);

/// Puts functions into the module that is being made.
void add_functions(std::initializer_list<function_row> rows);

/// Puts functions into the module that is being made, and gives them to a class as static methods.
void add_static_methods(PyTypeObject* type, std::initializer_list<function_row> rows);

} // namespace rtpsynth::python
