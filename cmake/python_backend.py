"""Builds the Python package: scikit-build-core, with Boost.Python from PyPI where the system has
none for the CPython that builds.

Debian 12 has Boost.Python for CPython 3.11 only, and most systems for one version at most. PyPI's
cmeel-boost has it for each; what the extension needs of it goes into the wheel.
"""

import os
import re
import sys
from importlib import metadata
from pathlib import Path

from scikit_build_core.build import *  # noqa: F403
from scikit_build_core import build as scikit

MINIMUM = (1, 81)  # as rtpsynth_boost_version in CMakeLists.txt
PACKAGE = "cmeel-boost>=1.83"


def _prefixes():
    for name in ("CMAKE_PREFIX_PATH", "Boost_ROOT", "BOOST_ROOT"):
        yield from filter(None, os.environ.get(name, "").split(os.pathsep))
    yield from ("/usr/local", "/usr", "/opt/homebrew", "/opt/local")


def _system_has_boost_python():
    """Whether find_package(Boost) would find Boost.Python for this CPython."""
    variant = "libboost_python-variant-*-py{}.{}.cmake".format(*sys.version_info)
    for prefix in _prefixes():
        for libraries in ("lib*", "lib*/*"):
            for found in Path(prefix).glob(f"{libraries}/cmake/boost_python-*/{variant}"):
                version = re.fullmatch(r"boost_python-(\d+)\.(\d+).*", found.parent.name)
                if version and tuple(map(int, version.groups())) >= MINIMUM:
                    return True
    return False


def _with_boost(requirements):
    return requirements if _system_has_boost_python() else [*requirements, PACKAGE]


def _use_boost():
    if _system_has_boost_python():
        return
    prefix = metadata.distribution("cmeel-boost").locate_file("cmeel.prefix")
    known = os.environ.get("CMAKE_PREFIX_PATH")
    os.environ["CMAKE_PREFIX_PATH"] = os.pathsep.join(filter(None, (str(prefix), known)))
    arguments = os.environ.get("CMAKE_ARGS", "")
    os.environ["CMAKE_ARGS"] = f"{arguments} -DRTPSYNTH_PYTHON_BUNDLE_BOOST=ON"


def get_requires_for_build_wheel(config_settings=None):
    return _with_boost(scikit.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings=None):
    return _with_boost(scikit.get_requires_for_build_editable(config_settings))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _use_boost()
    return scikit.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    _use_boost()
    return scikit.build_editable(wheel_directory, config_settings, metadata_directory)
