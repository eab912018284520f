set(target x86_64-linux-gnu.2.28)
set(CMAKE_SYSTEM_NAME Linux)
include("${CMAKE_CURRENT_LIST_DIR}/zig.cmake")
