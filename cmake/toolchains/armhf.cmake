set(processor armv7l)
set(triple arm-linux-gnueabihf)
set(qemu qemu-arm)
# GCC notes at each call what its calling convention was before GCC 7.
set(CMAKE_CXX_FLAGS_INIT -Wno-psabi)
include("${CMAKE_CURRENT_LIST_DIR}/gnu_linux.cmake")
