/// \file
/// Python types of our own, made when the module is: what they have in common. With the GIL held.
#pragma once

#include "core/py_ref.hpp"

#include <structmember.h>

#include <cstddef>

namespace rtpsynth::python {

/// An entry of a type's slots that is a function.
template <class Function>
PyType_Slot slot(int id, Function* function) noexcept {
    return {id, reinterpret_cast<void*>(function)};
}

/// How an object begins that can be referred to weakly: a base, since it has standard layout when
/// what follows has not.
struct weak_object {
    PyObject_HEAD PyObject* weakrefs;
};

/// The members of its type.
inline PyMemberDef weak_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(weak_object, weakrefs), READONLY, nullptr}, {}};

/// An early step of its tp_dealloc. Runs the callbacks of its weak references.
inline void clear_weak_references(weak_object& object) noexcept {
    if (object.weakrefs != nullptr) PyObject_ClearWeakRefs(reinterpret_cast<PyObject*>(&object));
}

/// Entries of a type's methods that make it a context manager.
PyMethodDef enter_method() noexcept;
constexpr PyMethodDef exit_method(PyCFunction function, const char* doc) noexcept {
    return {"__exit__", function, METH_VARARGS, doc};
}

/// Makes a type and puts it into the module that is being made. It is kept for good.
/// \throws boost::python::error_already_set
PyTypeObject* add_type(const char* name, PyType_Spec& spec);

/// The same with an exception, whose \p full_name begins with the public module's.
PyObject* add_exception(const char* name, const char* full_name, const char* doc,
                        PyObject* base = nullptr);

/// The exception of whoever drops an object's last reference, put aside while the object ends.
class error_aside {
public:
    error_aside() noexcept { PyErr_Fetch(&type_, &value_, &traceback_); }
    ~error_aside() { PyErr_Restore(type_, value_, traceback_); }
    error_aside(const error_aside&) = delete;
    error_aside& operator=(const error_aside&) = delete;

private:
    PyObject *type_, *value_, *traceback_;
};

/// The last step of a tp_dealloc.
void free_object(PyObject* object) noexcept;

} // namespace rtpsynth::python
