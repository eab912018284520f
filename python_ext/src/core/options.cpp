#include "core/options.hpp"

#include <sstream>
#include <utility>

namespace rtpsynth::python {

namespace bp = boost::python;

bool check_none(PyObject* value, const option_text& text) {
    if (value != Py_None || std::string_view{text.type}.ends_with("| None")) return true;
    PyErr_Format(PyExc_TypeError, "%s must not be None", text.name);
    return false;
}

std::string signature_of(const char* function, const std::vector<option_text>& options,
                         std::size_t positional) {
    std::string text{function};
    const char* separator = "(";
    for (std::size_t i = 0; i != options.size(); ++i) {
        text += std::exchange(separator, ", ");
        if (i == positional) text += "*, ";
        text += options[i].name;
        if (options[i].fallback != nullptr) text.append("=").append(options[i].fallback);
    }
    return text + ")";
}

std::string documentation_of(const std::vector<option_text>& options) {
    constexpr std::size_t width = 96;
    std::string all;
    for (const option_text& o : options) {
        std::istringstream words{std::string{o.name} + ": " + o.range +
                                 (*o.range != 0 ? "; " : "") + o.doc};
        std::string line, word;
        words >> line;
        while (words >> word) {
            if (line.size() + 1 + word.size() > width)
                all.append(std::exchange(line, "    " + word)).append("\n");
            else
                line.append(" ").append(word);
        }
        all.append(line).append("\n");
    }
    return all;
}

void publish_options(const char* function, const std::vector<option_text>& options,
                     std::size_t positional) {
    bp::list rows;
    for (std::size_t i = 0; i != options.size(); ++i) {
        const option_text& o = options[i];
        const bp::object fallback = o.fallback != nullptr ? bp::object{o.fallback} : bp::object{};
        rows.append(bp::make_tuple(o.name, o.type, fallback, o.range, o.doc, i < positional));
    }
    bp::scope module;
    if (PyObject_HasAttrString(module.ptr(), "_options") == 0) module.attr("_options") = bp::dict{};
    module.attr("_options")[function] = rows;
}

} // namespace rtpsynth::python
