"""Sphinx's configuration. CMake's target `docs` says where Doxygen's XML and the built package are."""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, os.environ["RTPSYNTH_PACKAGE"])
sys.dont_write_bytecode = True

project = "rtpsynth"
author = "the rtpsynth authors"
release = os.environ["RTPSYNTH_VERSION"]
html_title = f"rtpsynth {release}"

extensions = ["myst_parser", "breathe", "sphinx.ext.autodoc", "sphinx_copybutton",
              "growing_program", "pictures", "plain_docstrings", "stub_signatures"]
exclude_patterns = ["site", "README.md"]
root_doc = "index"
source_suffix = {".md": "markdown"}
nitpicky = False
suppress_warnings = ["misc.highlighting_failure"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

breathe_projects = {"rtpsynth": os.environ["RTPSYNTH_XML"]}
breathe_default_project = "rtpsynth"
breathe_domain_by_extension = {"h": "c", "hpp": "cpp"}
breathe_show_include = False
primary_domain = "cpp"
highlight_language = "cpp"
cpp_id_attributes = ["RTPSYNTH_API"]

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True}
autoclass_content = "class"
add_module_names = False

html_theme = "furo"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
templates_path = [str(HERE / "templates")]
pygments_style = "friendly"
pygments_dark_style = "native"
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = False
