# libSRTP::srtp2, as libsrtp2's own CMake package calls it: Debian's has only a pkg-config file.
if(TARGET libSRTP::srtp2)
    set(libSRTP_FOUND TRUE)
    return()
endif()
find_path(libSRTP_INCLUDE_DIR srtp2/srtp.h)
find_library(libSRTP_LIBRARY srtp2)
mark_as_advanced(libSRTP_INCLUDE_DIR libSRTP_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(libSRTP REQUIRED_VARS libSRTP_LIBRARY libSRTP_INCLUDE_DIR)

if(libSRTP_FOUND)
    # Global: whoever links our static library needs it, in whatever directory.
    add_library(libSRTP::srtp2 UNKNOWN IMPORTED GLOBAL)
    set_target_properties(libSRTP::srtp2 PROPERTIES
        IMPORTED_LOCATION "${libSRTP_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${libSRTP_INCLUDE_DIR}")
endif()
