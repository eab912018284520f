/// \file
/// Types of Python's own kind (heap types), and the one life cycle that all of them have. With the
/// GIL held.
///
/// A type adds a payload, a C++ struct that every instance holds, and tables of what it can do:
///
///     struct counter {
///         std::optional<long long> value; // none before __init__
///         bool initialised() const noexcept { return value.has_value(); }
///     };
///     bool initialise(counter& self, const arguments<1>& a) {
///         return a[0] == nullptr ? (self.value = 0, true) : to_integer(a[0], "start", …);
///     }
///     PyObject* add(counter& self, const arguments<1>& a) { … }
///     PyObject* get_value(const counter& self) { return PyLong_FromLongLong(*self.value); }
///
///     heap_type<counter>::add({
///         .name = "rtpsynth.Counter.Counter",
///         .doc = "Counts.",
///         .flags = Py_TPFLAGS_BASETYPE,
///         .init = init<"Counter(start=0)", initialise>(),
///         .methods = {method<"add(n)", add>("Adds n and returns the sum.")},
///         .attributes = {attribute<get_value>("value", "int: the sum.")},
///     });
///
/// A payload is made by its default constructor, in __new__, and destroyed with the instance. What
/// else it has decides what its type does:
///
/// - `bool initialised() const noexcept`: whether __init__ ran. If not, every method but __enter__
///   and every attribute raises TypeError. Without this member all instances are whole.
/// - `int traverse(visitproc, void*) const`: tp_traverse; the garbage collector asks such a type.
/// - `void clear()`: tp_clear; drops what traverse() visits.
/// - `void detach() noexcept`: the first step of tp_clear and of the instance's end. From here on
///   C++ threads no longer find it. Runs no Python code.
/// - `void finalize(PyObject* self)`: tp_finalize.
#pragma once

#include "core/call.hpp"

#include <structmember.h>

#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

namespace rtpsynth::python {

/// An entry of a type's slots that is a function.
template <class Function>
PyType_Slot slot(int id, Function* function) noexcept {
    return {id, reinterpret_cast<void*>(function)};
}

/// How every instance begins: a base, since it has standard layout when what follows has not.
struct weak_object {
    PyObject_HEAD PyObject* weakrefs;
};

/// An instance.
template <class Payload>
struct instance : weak_object {
    Payload payload;

    PyObject* object() noexcept { return reinterpret_cast<PyObject*>(this); }
};

template <class Payload>
instance<Payload>& instance_of(PyObject* self) noexcept {
    return *reinterpret_cast<instance<Payload>*>(self);
}

/// \return null with TypeError set if __init__ did not run
template <class Payload>
Payload* initialised(PyObject* self) {
    Payload& payload = instance_of<Payload>(self).payload;
    if constexpr (requires { payload.initialised(); }) {
        if (!payload.initialised()) [[unlikely]] {
            PyErr_Format(PyExc_TypeError,
                         "%.200s object was not initialised, its __init__ did not run",
                         Py_TYPE(self)->tp_name);
            return nullptr;
        }
    }
    return &payload;
}

namespace detail {

/// Of `R f(Payload&, …)`, also with `const Payload&`.
template <class R, class Payload, class... Rest>
std::remove_const_t<Payload> payload_of(R (*)(Payload&, Rest...));

template <auto Function>
using payload_t = decltype(payload_of(Function));

} // namespace detail

/// A method: `method<"skip(npkts)", skip>(doc)`, where skip is a
/// `PyObject*(Payload&, const arguments<1>&)`. One without parameters is a `PyObject*(Payload&)`.
template <literal Signature, auto Function>
function_row method(std::string_view doc) {
    using payload_type = detail::payload_t<Function>;
    using written = signature<Signature>;
    constexpr auto entry = +[](PyObject* self, PyObject* const* args, Py_ssize_t count,
                               PyObject* keywords) -> PyObject* {
        return translated([&]() -> PyObject* {
            payload_type* const payload = initialised<payload_type>(self);
            arguments<written::size> a;
            if (payload == nullptr || !written::parsed.parse({args, count, keywords}, a))
                return nullptr;
            if constexpr (written::size == 0)
                return Function(*payload);
            else
                return Function(*payload, a);
        });
    };
    return fast_row(written::text, true, doc, entry);
}

/// A method that parses its arguments itself, as those with a table of options do:
/// a `PyObject*(Payload&, call)`.
template <auto Function>
function_row method(std::string_view signature, std::string_view doc) {
    using payload_type = detail::payload_t<Function>;
    constexpr auto entry = +[](PyObject* self, PyObject* const* args, Py_ssize_t count,
                               PyObject* keywords) -> PyObject* {
        return translated([&]() -> PyObject* {
            payload_type* const payload = initialised<payload_type>(self);
            return payload != nullptr ? Function(*payload, {args, count, keywords}) : nullptr;
        });
    };
    return fast_row(signature, true, doc, entry);
}

/// __enter__, which returns the object itself.
function_row enter();

/// __exit__, where Leave is a `bool(Payload&, PyObject* self)` that returns false with an error
/// set.
template <auto Leave>
function_row leave(std::string_view doc) {
    constexpr auto entry = +[](PyObject* self, PyObject* const*, Py_ssize_t) -> PyObject* {
        return translated([&]() -> PyObject* {
            auto* const payload = initialised<detail::payload_t<Leave>>(self);
            if (payload == nullptr || !Leave(*payload, self)) return nullptr;
            return py_ref::share(Py_False).release();
        });
    };
    return {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(entry)),
            METH_FASTCALL, documented("__exit__(*exc)", true, doc)};
}

/// An attribute that is read, by a `PyObject*(const Payload&)`.
template <auto Get>
PyGetSetDef attribute(const char* name, const char* doc) {
    constexpr auto entry = +[](PyObject* self, void*) -> PyObject* {
        return translated([&]() -> PyObject* {
            auto* const payload = initialised<detail::payload_t<Get>>(self);
            return payload != nullptr ? Get(*payload) : nullptr;
        });
    };
    return {name, entry, nullptr, doc, nullptr};
}

/// How instances are initialised, and the class's signature.
struct init_row {
    std::string signature;
    initproc function = nullptr;
};

/// An __init__ that parses its arguments itself, a `bool(Payload&, call)` that returns false with
/// an error set. May be called any number of times.
template <auto Function>
init_row init(std::string signature) {
    constexpr auto entry = +[](PyObject* self, PyObject* args, PyObject* keywords) -> int {
        const py_ref done{translated([&]() -> PyObject* {
            auto& payload = instance_of<detail::payload_t<Function>>(self).payload;
            unpacked_call c;
            if (!c.assign(args, keywords) || !Function(payload, c.get())) return nullptr;
            return py_ref::share(Py_None).release();
        })};
        return done ? 0 : -1;
    };
    return {std::move(signature), entry};
}

namespace detail {

template <literal Signature, auto Function>
bool parse_and_call(payload_t<Function>& payload, call c) {
    arguments<signature<Signature>::size> a;
    return signature<Signature>::parsed.parse(c, a) && Function(payload, a);
}

} // namespace detail

/// `init<"RtpSynth(srate, ptime)", initialise>()`, a `bool(Payload&, const arguments<2>&)`.
template <literal Signature, auto Function>
init_row init() {
    return init<detail::parse_and_call<Signature, Function>>(Signature.chars);
}

/// What a type adds.
struct type_description {
    const char* name; ///< begins with the public module's
    std::string doc;
    unsigned long flags = 0; ///< Py_TPFLAGS_BASETYPE, Py_TPFLAGS_IMMUTABLETYPE
    init_row init = {};      ///< none: only C++, or make, makes instances
    newfunc make = nullptr;  ///< instead of the usual __new__
    std::vector<function_row> methods = {};
    std::vector<PyGetSetDef> attributes = {};
    std::vector<PyType_Slot> slots = {}; ///< what else the type can do
};

/// Makes a type and puts it into the module that is being made. It is kept for good.
/// \throws boost::python::error_already_set
PyTypeObject* add_type(PyType_Spec& spec);
PyTypeObject* add_type(const type_description& description, int size, unsigned long flags,
                       std::vector<PyType_Slot> life);

/// The same with an exception, whose \p full_name begins with the public module's.
PyObject* add_exception(const char* full_name, const char* doc, PyObject* base = nullptr);

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

/// The life cycle of a type's instances.
template <class Payload>
class heap_type {
public:
    static_assert(std::is_nothrow_default_constructible_v<Payload>);
    static_assert(alignof(instance<Payload>) <= alignof(std::max_align_t));

    static PyTypeObject* add(const type_description& description) {
        std::vector<PyType_Slot> life{slot(Py_tp_dealloc, deallocate)};
        if (description.make != nullptr)
            life.push_back(slot(Py_tp_new, description.make));
        else if (description.init.function != nullptr)
            life.push_back(slot(Py_tp_new, make));
        if constexpr (collected) life.push_back(slot(Py_tp_traverse, traverse));
        if constexpr (collected) life.push_back(slot(Py_tp_clear, clear));
        if constexpr (finalized) life.push_back(slot(Py_tp_finalize, finalize));
        type_ = add_type(description, sizeof(instance<Payload>),
                         collected ? Py_TPFLAGS_HAVE_GC : 0UL, std::move(life));
        return type_;
    }

    /// A new instance of \p type, for a function in the place of __new__.
    /// \return none with MemoryError set
    static py_ref allocate(PyTypeObject* type) {
        py_ref object{type->tp_alloc(type, 0)};
        if (object) std::construct_at(&instance_of<Payload>(object.get()).payload);
        return object;
    }

    /// An instance made by C++, completed by \p fill, a `bool(instance<Payload>&)`. The collector
    /// does not know it before. \return none with an error set, if there is no memory or \p fill
    /// returned false
    template <class Fill>
    static py_ref create(Fill&& fill) {
        py_ref object = allocate(type_);
        if (!object) return object;
        if constexpr (collected) PyObject_GC_UnTrack(object.get());
        if (!fill(instance_of<Payload>(object.get()))) return {};
        if constexpr (collected) PyObject_GC_Track(object.get());
        return object;
    }

private:
    static constexpr bool collected = requires(const Payload& p, visitproc visit, void* arg) {
        p.traverse(visit, arg);
    };
    static constexpr bool detached = requires(Payload & p) { p.detach(); };
    static constexpr bool finalized = requires(Payload & p, PyObject* self) { p.finalize(self); };

    static PyObject* make(PyTypeObject* type, PyObject*, PyObject*) {
        return allocate(type).release();
    }

    static int traverse(PyObject* self, visitproc visit, void* arg) {
        Py_VISIT(Py_TYPE(self));
        return instance_of<Payload>(self).payload.traverse(visit, arg);
    }

    static int clear(PyObject* self) {
        Payload& payload = instance_of<Payload>(self).payload;
        if constexpr (detached) payload.detach();
        payload.clear();
        return 0;
    }

    static void finalize(PyObject* self) {
        const error_aside kept;
        instance_of<Payload>(self).payload.finalize(self);
    }

    static void deallocate(PyObject* self) {
        if constexpr (finalized)
            if (PyObject_CallFinalizerFromDealloc(self) != 0) return;
        // Before any more code runs, which would let a callback revive it.
        if constexpr (detached) instance_of<Payload>(self).payload.detach();
        if constexpr (collected) {
            PyObject_GC_UnTrack(self);
            // A chain of a million objects must not exhaust the stack.
            Py_TRASHCAN_BEGIN(self, deallocate) destroy(self);
            Py_TRASHCAN_END
        } else {
            destroy(self);
        }
    }

    static void destroy(PyObject* self) {
        auto& object = instance_of<Payload>(self);
        if (object.weakrefs != nullptr) PyObject_ClearWeakRefs(self);
        {
            const error_aside kept;
            std::destroy_at(&object.payload);
        }
        PyTypeObject* const type = Py_TYPE(self);
        type->tp_free(self);
        Py_DECREF(type);
    }

    static inline PyTypeObject* type_ = nullptr;
};

} // namespace rtpsynth::python
