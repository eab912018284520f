# Boost's headers, found on this machine, for a compiler of another: the preset `cross` sets Boost_DIR
# to this folder. A link to them has a folder of its own, because others that lie beside them, such as
# those of this machine's C library, must not be found.
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/boost")
file(CREATE_LINK "${RTPSYNTH_BOOST_HEADERS}/boost" "${CMAKE_BINARY_DIR}/boost/boost" SYMBOLIC)
if(NOT TARGET Boost::headers)
    add_library(Boost::headers INTERFACE IMPORTED)
    target_include_directories(Boost::headers INTERFACE "${CMAKE_BINARY_DIR}/boost")
endif()
