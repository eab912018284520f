# cmake -D WORK=… -D PORT_DIR=… -D LINKAGE=static|shared -P vcpkg_stand_in.cmake
# Runs PORT_DIR's portfile.cmake; WORK/packages has the result.
cmake_minimum_required(VERSION 3.25)
set(PORT rtpsynth)
set(CURRENT_PACKAGES_DIR "${WORK}/packages")
set(tree "${WORK}/tree")

function(run)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE said ERROR_VARIABLE said
        RESULT_VARIABLE result)
    message("${said}")
    # vcpkg fails where a port gives an option that the project does not have.
    if(result OR said MATCHES "were not used by the project:[^-]*RTPSYNTH_")
        message(FATAL_ERROR "failed: ${ARGN}")
    endif()
endfunction()

function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" SOURCE_PATH OPTIONS)
    string(COMPARE EQUAL "${LINKAGE}" shared shared)
    run("${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${tree}" -G Ninja
        -DCMAKE_BUILD_TYPE=Release
        "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}"
        -DCMAKE_INSTALL_LIBDIR:STRING=lib
        -DCMAKE_INSTALL_BINDIR:STRING=bin
        -DCMAKE_ERROR_ON_ABSOLUTE_INSTALL_DESTINATION=ON
        -DBUILD_SHARED_LIBS=${shared}
        ${arg_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
    run("${CMAKE_COMMAND}" --build "${tree}" --target install)
endfunction()

# CMake's files move from lib/cmake/NAME to share/NAME, one level less below the prefix.
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" CONFIG_PATH "")
    set(share "${CURRENT_PACKAGES_DIR}/share/${PORT}")
    file(MAKE_DIRECTORY "${share}")
    file(GLOB files "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*.cmake")
    foreach(file IN LISTS files)
        file(READ "${file}" text)
        set(up "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n")
        string(REPLACE "${up}${up}${up}" "${up}${up}" text "${text}")
        string(REPLACE "\${CMAKE_CURRENT_LIST_DIR}/../../../" "\${CMAKE_CURRENT_LIST_DIR}/../../"
            text "${text}")
        cmake_path(GET file FILENAME name)
        file(WRITE "${share}/${name}" "${text}")
    endforeach()
    cmake_path(GET arg_CONFIG_PATH PARENT_PATH parent)
    file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/${parent}")
endfunction()

function(vcpkg_fixup_pkgconfig) # ours name no absolute path
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" FILE_LIST)
    file(COPY_FILE "${arg_FILE_LIST}" "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright")
endfunction()

include("${PORT_DIR}/portfile.cmake")
