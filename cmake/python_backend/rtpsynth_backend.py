"""Builds the Python package: scikit-build-core, and where Boost.Python comes from.

Boost.Python is compiled for one version of CPython. In this order:

- RTPSYNTH_BOOST_SOURCE, an environment variable, names an unpacked Boost release: Boost.Python is
  compiled from its source, into the extension module.
- What the system has for the CPython that builds, such as Debian 12 for 3.11.
- cmeel-boost from the package index, which pip reaches in any case. It has Boost's headers, too,
  and a library for each CPython; the three libraries that are needed go into the package. With
  numpy, which it asks for, that is 54 MB to download and 290 MB in pip's temporary environment.
"""

import os
import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from scikit_build_core.build import *  # noqa: F403
from scikit_build_core import build as scikit

MINIMUM = (1, 81)  # as rtpsynth_boost_version in CMakeLists.txt
PACKAGE = "cmeel-boost>=1.83"


def _refuse_free_threading():
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        sys.exit(
            "rtpsynth: this is a free-threaded CPython, {}.{}t. The package needs the global "
            "interpreter lock: use an ordinary CPython.".format(*sys.version_info)
        )


def _prefixes():
    for name in ("CMAKE_PREFIX_PATH", "Boost_ROOT", "BOOST_ROOT"):
        yield from filter(None, os.environ.get(name, "").split(os.pathsep))
    yield from ("/usr/local", "/usr", "/opt/homebrew", "/opt/local")


def _system_has_boost_python():
    """Whether find_package(Boost) would find Boost.Python for this CPython."""
    python = "{}.{}".format(*sys.version_info)
    number = python.replace(".", "")
    files = (
        f"boost_python-*/libboost_python-variant-*-py{python}.cmake",  # installed by b2
        f"boost_python{number}-*/boost_python{number}-config.cmake",  # by CMake
    )
    for prefix in _prefixes():
        for libraries in ("lib*", "lib*/*"):
            for file in files:
                for found in Path(prefix).glob(f"{libraries}/cmake/{file}"):
                    version = re.match(r"boost_python\d*-(\d+)\.(\d+)", found.parent.name)
                    if version and tuple(map(int, version.groups())) >= MINIMUM:
                        return True
    return False


def _source():
    return os.environ.get("RTPSYNTH_BOOST_SOURCE")


def _with_boost(requirements):
    _refuse_free_threading()
    return requirements if _source() or _system_has_boost_python() else [*requirements, PACKAGE]


def _define(**definitions):
    arguments = " ".join(f'"-D{name}={value}"' for name, value in definitions.items())
    os.environ["CMAKE_ARGS"] = f"{os.environ.get('CMAKE_ARGS', '')} {arguments}"


def _use_boost():
    _refuse_free_threading()
    if _source():
        folder = Path(__file__).resolve().parents[1] / "boost_source"
        _define(Boost_DIR=folder, RTPSYNTH_BOOST_SOURCE=_source())
    elif not _system_has_boost_python():
        prefix = metadata.distribution("cmeel-boost").locate_file("cmeel.prefix")
        known = os.environ.get("CMAKE_PREFIX_PATH")
        os.environ["CMAKE_PREFIX_PATH"] = os.pathsep.join(filter(None, (str(prefix), known)))
        _define(RTPSYNTH_PYTHON_BUNDLE_BOOST="ON")


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
