set(processor aarch64)
set(triple aarch64-linux-gnu)
set(qemu qemu-aarch64)
include("${CMAKE_CURRENT_LIST_DIR}/gnu_linux.cmake")
