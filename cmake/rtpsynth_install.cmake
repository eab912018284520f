# Installs the libraries for find_package(rtpsynth CONFIG) and pkg-config. Components: `runtime`
# (what a finished program needs), `opus` and `srtp` (what it needs beyond that if it uses
# rtpsynth::opus or rtpsynth::srtp), `development` (what compiling one needs, with those before) and
# `tools` (the example programs).
include(CMakePackageConfigHelpers)

set(cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/rtpsynth")
function(rtpsynth_install_library name component)
    install(TARGETS ${name} EXPORT rtpsynth-targets
        RUNTIME COMPONENT ${component}
        LIBRARY COMPONENT ${component} NAMELINK_COMPONENT development
        ARCHIVE COMPONENT development
        FILE_SET HEADERS COMPONENT development)
endfunction()
rtpsynth_install_library(rtpsynth runtime)
rtpsynth_install_library(asio_server runtime)
set(pc_names rtpsynth rtpsynth_asio_server)
if(TARGET rtpsynth_opus)
    rtpsynth_install_library(rtpsynth_opus opus)
    list(APPEND pc_names rtpsynth_opus)
    get_target_property(rtpsynth_opus_type rtpsynth_opus TYPE)
    install(FILES "${CMAKE_CURRENT_LIST_DIR}/FindOpus.cmake"
        DESTINATION "${cmake_dir}" COMPONENT development)
endif()
if(TARGET rtpsynth_srtp)
    rtpsynth_install_library(rtpsynth_srtp srtp)
    list(APPEND pc_names rtpsynth_srtp)
    get_target_property(rtpsynth_srtp_type rtpsynth_srtp TYPE)
    install(FILES "${CMAKE_CURRENT_LIST_DIR}/FindlibSRTP.cmake"
        DESTINATION "${cmake_dir}" COMPONENT development)
endif()
install(EXPORT rtpsynth-targets
    NAMESPACE rtpsynth:: DESTINATION "${cmake_dir}" COMPONENT development)

configure_package_config_file(
    "${CMAKE_CURRENT_LIST_DIR}/rtpsynth-config.cmake.in" rtpsynth-config.cmake
    INSTALL_DESTINATION "${cmake_dir}"
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(rtpsynth-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/rtpsynth-config.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/rtpsynth-config-version.cmake"
    DESTINATION "${cmake_dir}" COMPONENT development)

if(NOT RTPSYNTH_PACKAGES) # Debian's have a file of their own
    foreach(component IN ITEMS runtime development)
        install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
            DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/rtpsynth" COMPONENT ${component})
    endforeach()
endif()

# Paths in the .pc file are relative to where it lies, so that the installed tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" OUTPUT_VARIABLE pc_prefix)
cmake_path(APPEND pc_libdir "\${prefix}" "${CMAKE_INSTALL_LIBDIR}")
cmake_path(APPEND pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")
# What the C++ compiler links of itself and the C compiler does not: a C program that links the
# static library needs it.
set(cxx_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_ITEM cxx_runtime ${CMAKE_C_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_DUPLICATES cxx_runtime)
list(TRANSFORM cxx_runtime PREPEND "-l")
list(JOIN cxx_runtime " " pc_libs_private)
set(pc_socket_libs "")
if(WIN32)
    set(pc_socket_libs " -lws2_32 -lmswsock")
endif()
set(pc_asio_flags "")
if(MINGW)
    set(pc_asio_flags " -DBOOST_ASIO_HAS_PTHREADS") # asio_server/CMakeLists.txt says why
endif()
foreach(name IN LISTS pc_names)
    configure_file("${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in" ${name}.pc @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
endforeach()
