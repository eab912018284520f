"""Stands in for ConanCenter's recipe of Boost, which is not to be had without a network: the headers
of the system, under the names of that recipe.
"""

import os
import re
from pathlib import Path

from conan import ConanFile

HEADERS = Path(os.environ.get("RTPSYNTH_BOOST_HEADERS", "/usr/include")) / "boost"


class Boost(ConanFile):
    name = "boost"
    package_type = "header-library"
    options = {"header_only": [True]}
    default_options = {"header_only": True}

    def set_version(self):
        version = (HEADERS / "version.hpp").read_text()
        self.version = re.search(r'BOOST_LIB_VERSION "(\w+)"', version)[1].replace("_", ".")

    def package(self):
        include = Path(self.package_folder) / "include"
        include.mkdir()
        (include / "boost").symlink_to(HEADERS)

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "Boost")
        headers = self.cpp_info.components["headers"]
        headers.libdirs = headers.bindirs = []
        headers.set_property("cmake_target_name", "Boost::headers")
