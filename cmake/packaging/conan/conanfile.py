"""Conan 2 recipe of the library and the server, built from the checkout that it lies in:

    conan create cmake/packaging/conan --build=missing
"""

import re
from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd, stdcpp_library
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir

SOURCES = ("CMakeLists.txt", "LICENSE", "asio_server/*", "cmake/*", "docs/CMakeLists.txt", "lib/*")


class Rtpsynth(ConanFile):
    name = "rtpsynth"
    description = "Makes, sends, receives and reorders RTP media streams by the thousand"
    license = "BSD-2-Clause"
    topics = ("rtp", "rtcp", "voip", "jitter-buffer", "g711", "asio")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    # Boost's headers are all that is needed; whoever depends on this may ask for more of Boost.
    default_options = {"shared": False, "fPIC": True, "boost/*:header_only": True}
    implements = ["auto_shared_fpic"]

    @property
    def _checkout(self):
        return Path(self.recipe_folder).parents[2]

    def set_version(self):
        header = self._checkout / "lib/include/rtpsynth/base/version.h"
        self.version = ".".join(re.findall(r"_(?:MAJOR|MINOR|PATCH) (\d+)", header.read_text()))

    def export_sources(self):
        for pattern in SOURCES:
            copy(self, pattern, str(self._checkout), self.export_sources_folder)

    def requirements(self):
        self.requires("boost/[>=1.81]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ("BUILD_EXAMPLES", "BUILD_PYTHON", "BUILD_TESTS", "OPUS", "SRTP"):
            toolchain.cache_variables[f"RTPSYNTH_{part}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, str(Path(self.package_folder) / "licenses"))
        # Conan writes these itself, from what package_info says.
        rmdir(self, str(Path(self.package_folder) / "lib/cmake"))
        rmdir(self, str(Path(self.package_folder) / "lib/pkgconfig"))
        rmdir(self, str(Path(self.package_folder) / "share"))

    def package_info(self):
        library = self.cpp_info.components["rtpsynth"]
        library.libs = ["rtpsynth"]
        library.requires = ["boost::headers"]
        if not self.options.shared and (runtime := stdcpp_library(self)):
            library.system_libs = [runtime]  # for programs in C
        library.set_property("cmake_target_name", "rtpsynth::rtpsynth")
        library.set_property("pkg_config_name", "rtpsynth")

        server = self.cpp_info.components["asio_server"]
        server.libs = ["rtpsynth_asio_server"]
        server.requires = ["rtpsynth", "boost::headers"]
        server.set_property("cmake_target_name", "rtpsynth::asio_server")
        server.set_property("pkg_config_name", "rtpsynth_asio_server")
        if self.settings.os in ("Linux", "FreeBSD"):
            server.system_libs = ["pthread"]
        elif self.settings.os == "Windows":
            server.system_libs = ["ws2_32", "mswsock"]
