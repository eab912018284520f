set(target x86_64-linux-musl)
set(CMAKE_SYSTEM_NAME Linux)
include("${CMAKE_CURRENT_LIST_DIR}/zig.cmake")
