set(processor armv7l)
set(triple arm-linux-gnueabihf)
set(qemu qemu-arm)
include("${CMAKE_CURRENT_LIST_DIR}/gnu_linux.cmake")
