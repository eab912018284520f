find_path(RTPSYNTH_BOOST_HEADERS boost/version.hpp
    PATHS /usr/include /usr/local/include /opt/homebrew/include
    NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH REQUIRED
    DOC "Where the folder boost is, with Boost's headers")
file(STRINGS "${RTPSYNTH_BOOST_HEADERS}/boost/version.hpp" PACKAGE_VERSION
    REGEX "^#define BOOST_LIB_VERSION ")
string(REGEX REPLACE ".*\"(.*)\"" "\\1" PACKAGE_VERSION "${PACKAGE_VERSION}")
string(REPLACE "_" "." PACKAGE_VERSION "${PACKAGE_VERSION}")
if(PACKAGE_VERSION VERSION_GREATER_EQUAL PACKAGE_FIND_VERSION)
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
