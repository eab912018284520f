# Which Python is meant: Debian's, unless the user names another (-DPython3_EXECUTABLE=…) or works in
# a virtual environment. A python3 that comes first in PATH, such as pyenv's, often has no pytest and
# no Boost.Python.
if(PROJECT_IS_TOP_LEVEL AND EXISTS /usr/bin/python3
        AND NOT DEFINED Python3_ROOT_DIR AND NOT DEFINED ENV{VIRTUAL_ENV})
    set(Python3_EXECUTABLE /usr/bin/python3 CACHE FILEPATH "The Python to build for and test with")
endif()
if(RTPSYNTH_BUILD_PYTHON)
    find_package(Python3 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
else()
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()
message(STATUS "Python: ${Python3_EXECUTABLE} (${Python3_VERSION})")
