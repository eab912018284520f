# Read by the toolchain files of what PyPI's ziglang compiles for. They set `zig_target`, its name for
# that, and CMAKE_SYSTEM_NAME and CMAKE_SYSTEM_PROCESSOR.
cmake_path(SET build NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../../build")
set(ziglang "${build}/zig/ziglang") # as zig.sh leaves it
set(zig "${build}/zig-${zig_target}")
if(NOT EXISTS "${zig}/zig-ranlib" OR NOT EXISTS "${ziglang}/zig")
    execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/../zig.sh" "${zig}" ${zig_target}
        COMMAND_ERROR_IS_FATAL ANY)
endif()
set(CMAKE_C_COMPILER "${zig}/zig-cc")
set(CMAKE_CXX_COMPILER "${zig}/zig-c++")
set(CMAKE_AR "${zig}/zig-ar")
set(CMAKE_RANLIB "${zig}/zig-ranlib")

# Everything is in the compiler; nothing of this machine must be found.
set(CMAKE_FIND_ROOT_PATH "${zig}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
