# Linux with musl, on x86-64. Debian's musl runs the tests, which load functions that they replace.
set(zig_target x86_64-linux-musl)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_EXE_LINKER_FLAGS_INIT -dynamic)
include("${CMAKE_CURRENT_LIST_DIR}/zig.cmake")
