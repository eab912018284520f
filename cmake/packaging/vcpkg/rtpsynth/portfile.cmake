# An overlay port: it builds the checkout that it lies in. A port of a registry begins with
# vcpkg_from_github(OUT_SOURCE_PATH SOURCE_PATH …) instead.
file(REAL_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." SOURCE_PATH)

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DRTPSYNTH_BUILD_EXAMPLES=OFF
        -DRTPSYNTH_BUILD_PYTHON=OFF
        -DRTPSYNTH_BUILD_TESTS=OFF
        -DRTPSYNTH_OPUS=OFF
        -DRTPSYNTH_SRTP=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/rtpsynth)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE
    "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share"
    "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
