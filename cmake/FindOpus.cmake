# Opus::opus, as libopus's own CMake package calls it: Debian's has only a pkg-config file.
if(TARGET Opus::opus)
    set(Opus_FOUND TRUE)
    return()
endif()
find_path(Opus_INCLUDE_DIR opus.h PATH_SUFFIXES opus)
find_library(Opus_LIBRARY opus)
mark_as_advanced(Opus_INCLUDE_DIR Opus_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Opus REQUIRED_VARS Opus_LIBRARY Opus_INCLUDE_DIR)

if(Opus_FOUND)
    # Global: whoever links our static library needs it, in whatever directory.
    add_library(Opus::opus UNKNOWN IMPORTED GLOBAL)
    set_target_properties(Opus::opus PROPERTIES
        IMPORTED_LOCATION "${Opus_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${Opus_INCLUDE_DIR}")
endif()
