# Read by the toolchain files of systems whose headers PyPI's `ziglang` has, which is Clang with libc++
# and many a C library. They set `target`, a triple of `zig targets`, and CMAKE_SYSTEM_NAME.
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR "${target}")
file(GLOB rtpsynth_zig_folder
    "${CMAKE_CURRENT_LIST_DIR}/../../build/ziglang/lib/python3*/site-packages/ziglang") # cross.sh
find_program(RTPSYNTH_ZIG zig HINTS ${rtpsynth_zig_folder} REQUIRED)

set(CMAKE_C_COMPILER "${RTPSYNTH_ZIG}" cc)
set(CMAKE_CXX_COMPILER "${RTPSYNTH_ZIG}" c++)
set(CMAKE_C_COMPILER_TARGET ${target})
set(CMAKE_CXX_COMPILER_TARGET ${target})
# What CMAKE_AR and CMAKE_RANLIB name cannot have an argument.
foreach(language IN ITEMS C CXX)
    set(CMAKE_${language}_ARCHIVE_CREATE
        "\"${RTPSYNTH_ZIG}\" ar qc <TARGET> <LINK_FLAGS> <OBJECTS>")
    set(CMAKE_${language}_ARCHIVE_APPEND
        "\"${RTPSYNTH_ZIG}\" ar q <TARGET> <LINK_FLAGS> <OBJECTS>")
    set(CMAKE_${language}_ARCHIVE_FINISH "\"${RTPSYNTH_ZIG}\" ranlib <TARGET>")
endforeach()

set(CMAKE_FIND_ROOT_PATH "${CMAKE_CURRENT_LIST_DIR}/boost")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
