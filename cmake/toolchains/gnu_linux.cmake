# Read by the toolchain files of Linux on other processors: the cross compiler g++-TRIPLE of Debian or
# Ubuntu, and qemu to run the tests. They set `processor`, `triple` and `qemu`, the emulator's name.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${processor})
set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_CXX_COMPILER ${triple}-g++)

set(CMAKE_FIND_ROOT_PATH /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

find_program(RTPSYNTH_QEMU NAMES ${qemu}-static ${qemu})
if(RTPSYNTH_QEMU)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${RTPSYNTH_QEMU} -L /usr/${triple})
endif()
