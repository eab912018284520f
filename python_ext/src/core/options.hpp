/// \file
/// Options of a Python function, written once: a table of them is its parser, the messages of its
/// errors, its signature, its documentation, and what a test compares the stubs and docs with.
#pragma once

#include "core/call.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rtpsynth::python {

/// The part of an option that is independent of the struct its value goes to.
struct option_text {
    const char* name;
    const char* type;     ///< as the stubs have it; None goes if it ends with "| None"
    const char* fallback; ///< the default, as Python writes it; null if it must be given
    const char* range;    ///< "LEAST..MOST"; "" if the type says it all
    const char* doc;
};

/// \p Target: what a call's options are put into; its members have the defaults.
template <class Target>
struct option {
    option_text text;
    /// Converts \p value into a member of \p out. \return false with the error set
    bool (*assign)(PyObject* value, const option_text& text, Target& out);
};

/// "LEAST..MOST" as numbers.
template <class Number>
struct bounds {
    Number least, most;
};

template <class Number>
constexpr bounds<Number> bounds_of(std::string_view range) {
    const auto number = [](std::string_view text) {
        Number n = 0;
        std::size_t i = 0;
        for (; i != text.size() && text[i] != '.'; ++i) n = n * 10 + (text[i] - '0');
        if constexpr (std::floating_point<Number>) {
            Number unit = 1;
            for (++i; i < text.size(); ++i) n += (text[i] - '0') / (unit *= 10);
        }
        return n;
    };
    const auto dots = range.find("..");
    return {number(range.substr(0, dots)), number(range.substr(dots + 2))};
}

/// \return false with TypeError set if \p value is None and the option's type has no None
bool check_none(PyObject* value, const option_text& text);

/// Converts to an integer member, or to a std::optional of one, which None leaves as it is.
template <auto Member, class Target, class Class, class T>
bool assign_integer(PyObject* value, const option_text& text, Target& out, T Class::*) {
    const auto range = bounds_of<long long>(text.range);
    long long number;
    if constexpr (requires { typename T::value_type; })
        if (value == Py_None) return true;
    if (!to_integer(value, text.name, range.least, range.most, number)) return false;
    if constexpr (requires { typename T::value_type; })
        out.*Member = static_cast<typename T::value_type>(number);
    else
        out.*Member = static_cast<T>(number);
    return true;
}

template <auto Member, class Target>
bool integer(PyObject* value, const option_text& text, Target& out) {
    return assign_integer<Member>(value, text, out, Member);
}

/// Converts to a bool member; any object but None is true or false.
template <auto Member, class Target>
bool flag(PyObject* value, const option_text&, Target& out) {
    const int truth = PyObject_IsTrue(value);
    out.*Member = truth == 1;
    return truth >= 0;
}

/// Keeps the object, borrowed from the call; null for None.
template <auto Member, class Target>
bool borrowed(PyObject* value, const option_text&, Target& out) {
    out.*Member = value == Py_None ? nullptr : value;
    return true;
}

/// "NAME(A, B=1, *, C=2)"
std::string signature_of(const char* function, const std::vector<option_text>& options,
                         std::size_t positional);
/// A paragraph for each option, in lines for help().
std::string documentation_of(const std::vector<option_text>& options);
/// Puts a table into the module's private `_options`, a dict of lists of (name, type, default or
/// None, range, doc, whether it may be given by position).
void publish_options(const char* function, const std::vector<option_text>& options,
                     std::size_t positional);

/// All options of a function. The first \p positional ones may be given by position.
template <class Target, std::size_t N>
struct option_table {
    const char* function;
    std::size_t positional;
    std::array<option<Target>, N> options;

    /// \p reader: what errors call the function, if not by its name.
    /// \return false with the error set
    bool parse(call c, Target& out, const char* reader = nullptr) const {
        parameters<N> p{reader != nullptr ? reader : function, 0, positional, {}};
        for (std::size_t i = 0; i != N; ++i) {
            p.names[i] = options[i].text.name;
            if (options[i].text.fallback == nullptr) p.required = i + 1;
        }
        arguments<N> a;
        if (!p.parse(c, a)) return false;
        for (std::size_t i = 0; i != N; ++i)
            if (a[i] != nullptr && !(check_none(a[i], options[i].text) &&
                                     options[i].assign(a[i], options[i].text, out)))
                return false;
        return true;
    }

    std::vector<option_text> texts() const {
        std::vector<option_text> all;
        for (const auto& o : options) all.push_back(o.text);
        return all;
    }
    std::string signature() const { return signature_of(function, texts(), positional); }
    std::string documentation() const { return documentation_of(texts()); }
    /// While the module is being made.
    void publish() const { publish_options(function, texts(), positional); }
};

} // namespace rtpsynth::python
