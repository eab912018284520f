# macOS on arm64. There is nothing here to run its programs.
set(zig_target aarch64-macos)
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR arm64)
include("${CMAKE_CURRENT_LIST_DIR}/zig.cmake")
# macOS's math.h includes a part of float.h, after which libc++'s float.h includes nothing more. So
# clang's comes right behind.
set(CMAKE_CXX_FLAGS_INIT
    "-include math.h -include ${ziglang}/lib/include/float.h -Wno-include-next-absolute-path")
