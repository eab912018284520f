#include "core/records.hpp"

namespace rtpsynth::python {

py_ref make_text(std::string_view utf8) {
    return py_ref{
        PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace")};
}

py_ref make_bytes(std::span<const std::uint8_t> bytes) {
    return py_ref{PyBytes_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                            static_cast<Py_ssize_t>(bytes.size()))};
}

py_ref make_number(unsigned long long n) { return py_ref{PyLong_FromUnsignedLongLong(n)}; }
py_ref make_bool(bool is) { return py_ref::share(is ? Py_True : Py_False); }

py_ref make_nanoseconds(std::optional<duration> time) {
    return time ? py_ref{PyLong_FromLongLong(time->count())} : py_ref::share(Py_None);
}

py_ref make_record(PyObject* type, std::initializer_list<py_ref> fields) {
    const py_ref all{PyTuple_New(static_cast<Py_ssize_t>(fields.size()))};
    if (!all) return {};
    Py_ssize_t i = 0;
    for (const py_ref& field : fields) {
        if (!field) return {};
        PyTuple_SET_ITEM(all.get(), i++, py_ref::share(field.get()).release());
    }
    return py_ref{PyObject_CallObject(type, all.get())};
}

py_ref make_record(const char* module, const char* type, std::initializer_list<py_ref> fields) {
    for (const py_ref& field : fields)
        if (!field) return {};
    const py_ref cls = import_name(module, type);
    return cls ? make_record(cls.get(), fields) : py_ref{};
}

py_ref import_name(const char* module, const char* name) {
    const py_ref imported{PyImport_ImportModule(module)};
    return py_ref{imported ? PyObject_GetAttrString(imported.get(), name) : nullptr};
}

} // namespace rtpsynth::python
