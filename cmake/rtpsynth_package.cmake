# Packages for Debian and what descends from it, by `cpack -G DEB`, one for each component that is
# installed. The preset `package` sets what has to be known when configuring: the prefix /usr, no run
# path, and where Debian's Python looks.
get_target_property(library_type rtpsynth TYPE)
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr" OR NOT library_type STREQUAL "SHARED_LIBRARY")
    message(FATAL_ERROR
        "RTPSYNTH_PACKAGES needs the prefix /usr and a shared library: use the preset `package`")
endif()
find_program(GZIP_EXECUTABLE gzip REQUIRED)
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps REQUIRED) # without it CPack leaves dependencies out

set(files "${PROJECT_BINARY_DIR}/debian")
set(sources "${CMAKE_CURRENT_LIST_DIR}/packaging/debian")
set(release 0upstream1) # less than Debian's own 1, if there ever is one
# Debian's tools know whoever makes a package by two variables of the environment.
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
    set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
else()
    set(maintainer "rtpsynth for C++ <rtpsynth@users.noreply.github.com>")
endif()

# What Debian has in place of a LICENSE file. A paragraph's lines are indented, empty ones are dots.
file(READ "${PROJECT_SOURCE_DIR}/LICENSE" license)
string(REGEX MATCH "Copyright \\(c\\) ([^\n]+)\n\n(.+)\n" license "${license}")
set(holder "${CMAKE_MATCH_1}")
set(terms "${CMAKE_MATCH_2}") # quoted: there are semicolons in it
string(REPLACE "\n" "\n " license " ${terms}")
string(REPLACE "\n \n" "\n .\n" license "${license}")
configure_file("${sources}/copyright.in" "${files}/copyright" @ONLY)

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # or $SOURCE_DATE_EPOCH
configure_file("${sources}/changelog.in" "${files}/changelog.Debian" @ONLY)
configure_file("${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${files}/changelog" COPYONLY)
execute_process(COMMAND "${GZIP_EXECUTABLE}" --best --no-name --force changelog changelog.Debian
    WORKING_DIRECTORY "${files}" COMMAND_ERROR_IS_FATAL ANY)

function(rtpsynth_debian_package component name section synopsis contents)
    string(TOUPPER "${component}" key)
    string(JOIN "\n" description
        "${synopsis}"
        "rtpsynth makes, sends, receives and reorders RTP media streams: packet"
        "synthesiser, jitter buffer, playout of voice, codecs, RTCP statistics,"
        "and a server for UDP channels and timers on Boost.Asio."
        ""
        "This package has ${contents}.")
    set(CPACK_COMPONENT_${key}_DESCRIPTION "${description}" PARENT_SCOPE)
    set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name} PARENT_SCOPE)
    set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${section} PARENT_SCOPE)
    set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
    install(FILES "${files}/copyright" "${files}/changelog.gz" "${files}/changelog.Debian.gz"
        DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/${name}" COMPONENT ${component})
endfunction()

# The package of a shared library, and what programs that link it are to depend on.
function(rtpsynth_debian_library component library name synopsis contents)
    rtpsynth_debian_package(${component} ${name} libs "${synopsis}" "${contents}")
    string(TOUPPER "${component}" key)
    file(WRITE "${files}/${component}/shlibs"
        "${library} ${PROJECT_VERSION_MAJOR} ${name} (>= ${PROJECT_VERSION})\n")
    set(CPACK_DEBIAN_${key}_PACKAGE_CONTROL_EXTRA
        "${files}/${component}/shlibs" "${sources}/triggers" PARENT_SCOPE)
    return(PROPAGATE CPACK_COMPONENTS_ALL CPACK_COMPONENT_${key}_DESCRIPTION
        CPACK_DEBIAN_${key}_PACKAGE_NAME CPACK_DEBIAN_${key}_PACKAGE_SECTION)
endfunction()

rtpsynth_debian_library(runtime librtpsynth librtpsynth${PROJECT_VERSION_MAJOR}
    "RTP packet synthesiser and jitter buffer - shared library"
    "the shared library")
set(libraries runtime)
set(component_headers "")
if(TARGET rtpsynth_opus)
    rtpsynth_debian_library(opus librtpsynth_opus librtpsynth-opus${PROJECT_VERSION_MAJOR}
        "RTP packet synthesiser and jitter buffer - codec opus"
        "the codec opus, by libopus, for programs that link it")
    set(CPACK_COMPONENT_OPUS_DEPENDS runtime)
    list(APPEND libraries opus)
    string(APPEND component_headers ", libopus-dev")
endif()
if(TARGET rtpsynth_srtp)
    rtpsynth_debian_library(srtp librtpsynth_srtp librtpsynth-srtp${PROJECT_VERSION_MAJOR}
        "RTP packet synthesiser and jitter buffer - SRTP"
        "SRTP and SRTCP, by libsrtp2, for programs that link it")
    set(CPACK_COMPONENT_SRTP_DEPENDS runtime)
    string(APPEND component_headers ", libsrtp2-dev")
endif()
rtpsynth_debian_package(development librtpsynth-dev libdevel
    "RTP packet synthesiser, jitter buffer and server - development files"
    "headers, the server's static library, and files for CMake and\npkg-config")
if(RTPSYNTH_BUILD_EXAMPLES)
    rtpsynth_debian_package(tools rtpsynth-tools net
        "analyse, echo, generate and relay RTP media streams"
        "rtp_replay, which analyses captures, rtp_echo, which answers,\nrtp_load, which measures servers, and rtp_relay, which SIP proxies drive")
endif()
if(RTPSYNTH_BUILD_PYTHON)
    rtpsynth_debian_package(python python3-rtpsynth python
        "RTP packet synthesiser, jitter buffer and server - Python package"
        "the modules for Python 3")
    set(python "${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR}")
    math(EXPR next "${Python3_VERSION_MINOR} + 1")
    set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
        "python3 (>= ${python}~), python3 (<< ${Python3_VERSION_MAJOR}.${next})")
    set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA "${sources}/postinst" "${sources}/prerm")
endif()

# Dependencies of binaries are dpkg-shlibdeps's; it does not know packages of the same build.
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
get_target_property(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS rtpsynth BINARY_DIR)
set(CPACK_COMPONENT_TOOLS_DEPENDS runtime)
if(TARGET rtpsynth_srtp)
    list(APPEND CPACK_COMPONENT_TOOLS_DEPENDS srtp)
endif()
if(TARGET rtpsynth_srtp)
    list(APPEND libraries srtp)
endif()
set(CPACK_COMPONENT_PYTHON_DEPENDS ${libraries})
set(CPACK_COMPONENT_DEVELOPMENT_DEPENDS ${libraries})
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libboost-dev (>= ${rtpsynth_boost_version}) | libboost${rtpsynth_boost_version}-dev${component_headers}")

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_IGNORE_GROUPS ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${release})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${maintainer}")
set(CPACK_DEBIAN_PACKAGE_SOURCE rtpsynth)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
include(CPack)
