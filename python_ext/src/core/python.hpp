/// \file
/// Python.h and Boost.Python, which must come before all other headers, and owned references.
#pragma once

// What Boost's headers are like is not ours to mend.
#pragma GCC system_header

#define PY_SSIZE_T_CLEAN
#define BOOST_BIND_GLOBAL_PLACEHOLDERS

#include <boost/python.hpp>

#ifdef Py_GIL_DISABLED
#    error "This is a free-threaded CPython; the package needs the global interpreter lock."
#endif
