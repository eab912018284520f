"""Writes the pages of the reference: a page a header (a topic a room), and a page a Python module.

    reference.py XML_DIRECTORY PACKAGE_DIRECTORY PAGES_DIRECTORY

Breathe fills the pages from Doxygen's XML, which is corrected first where Breathe or Sphinx cannot
read it; autodoc fills those of the package.
"""
from __future__ import annotations

import ast
import collections
import dataclasses
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

# Topics in reading order; a room that is not listed comes after these.
ROOMS = ["rtp", "jitter", "rtcp", "audio", "metrics", "base",
         "asio_server/server", "asio_server/channel", "asio_server/call", "asio_server/proc",
         "asio_server/metrics"]
C_HEADERS = ["rtpsynth.h", "rtpjbuf.h", "rtpplay.h", "rtpaudio.h", "rtpevent.h", "rtpquality.h", "rtpsdp.h",
             "rtpreport.h", "rtpsynth/rtp/profile.h", "rtpsynth/base/version.h"]
DIRECTIVES = {"enum": "doxygenenum", "typedef": "doxygentypedef", "variable": "doxygenvariable",
              "define": "doxygendefine", "function": "doxygenfunction"}
TITLES = {"define": "Macros", "enum": "Enumerations", "typedef": "Types", "variable": "Constants",
          "function": "Functions"}


def text(element: ET.Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def correct(xml: pathlib.Path) -> None:
    """Takes out friends and deleted functions; gives each list of exceptions one name."""
    for path in xml.glob("*.xml"):
        tree = ET.parse(path)
        for section in list(tree.iter("sectiondef")):
            for member in list(section.findall("memberdef")):
                deleted = text(member.find("argsstring")).replace(" ", "").endswith("=delete")
                if member.get("kind") == "friend" or deleted:
                    section.remove(member)
        for item in tree.iter("parameteritem"):
            names = item.find("parameternamelist")
            if names is not None and len(names) > 1:
                names[0].text = ", ".join(text(name) for name in names)
                for other in list(names)[1:]:
                    names.remove(other)
        for parent in tree.iter("compounddef"):
            for section in list(parent.findall("sectiondef")):
                if section.find("memberdef") is None:
                    parent.remove(section)
        tree.write(path, encoding="utf-8")


@dataclasses.dataclass
class Header:
    path: str
    brief: str
    classes: list[tuple[str, str, str]]           # kind, qualified name, brief
    members: dict[str, list[tuple[str, str, str]]]  # kind: what the directive takes, name, brief

    @property
    def empty(self) -> bool:
        return not self.classes and not any(self.members.values())


def marked(element: ET.Element | None) -> str:
    """Paragraphs of a description, names and code in backquotes."""
    out = []
    for paragraph in [] if element is None else element.findall("para"):
        for part in paragraph.iter():
            if part.tag in ("ref", "computeroutput") and text(part):
                inside = text(part)
                for child in list(part):
                    part.remove(child)
                part.text = f"`{inside.removeprefix('rtpsynth::')}`"
        out.append(re.sub(r"(?<!`)\brtpsynth::([\w:]+)", r"`\1`", text(paragraph)))
    return "\n\n".join(out)


def all_members(xml: pathlib.Path) -> dict[str, list[ET.Element]]:
    """By header, in the order of its lines: members of files, of namespaces and of groups."""
    compounds = [compound for path in xml.glob("*.xml")
                 if (compound := ET.parse(path).getroot().find("compounddef")) is not None]
    classes = {text(c.find("compoundname")) for c in compounds if c.get("kind") in ("class", "struct", "union")}
    found: dict[str, dict[str, ET.Element]] = {}
    for compound in compounds:
        if compound.get("kind") not in ("file", "namespace", "group"):
            continue
        for member in compound.iter("memberdef"):
            if text(member.find("qualifiedname")).rpartition("::")[0] in classes:
                continue  # a member of a class, which is documented with it
            location = member.find("location")
            found.setdefault(location.get("file"), {})[member.get("id")] = member
    return {
        path: sorted(members.values(), key=lambda m: int(m.find("location").get("line")))
        for path, members in found.items()
    }


def read_header(xml: pathlib.Path, compound: ET.Element, found: list[ET.Element]) -> Header:
    classes = []
    for inner in compound.findall("innerclass"):
        definition = ET.parse(xml / f"{inner.get('refid')}.xml").getroot().find("compounddef")
        if inner.get("prot") == "public" and "::detail" not in (inner.text or ""):
            classes.append((definition.get("kind"), inner.text, text(definition.find("briefdescription"))))
    names = {c[1] for c in classes}
    # A class inside another one is documented with it.
    classes = [c for c in classes if c[1].rpartition("::")[0] not in names]
    members: dict[str, list[tuple[str, str, str]]] = {kind: [] for kind in DIRECTIVES}
    overloads = collections.Counter(text(m.find("qualifiedname")) for m in found if m.get("kind") == "function")
    for member in found:
        kind = member.get("kind")
        qualified = text(member.find("qualifiedname")) or text(member.find("name"))
        if kind not in DIRECTIVES or not qualified or "::detail" in qualified:
            continue
        brief = text(member.find("briefdescription"))
        if kind == "define" and not brief and not text(member.find("detaileddescription")):
            continue
        argument = qualified
        if overloads[qualified] > 1:  # Breathe finds no template by its arguments
            argument += text(member.find("argsstring"))
        members[kind].append((argument, qualified, brief))
    return Header(compound.find("location").get("file"), text(compound.find("briefdescription")), classes, members)


def fenced(directive: str, argument: str, *options: str) -> str:
    return "\n".join([f"```{{{directive}}} {argument}", *options, "```", "", ""])


def described(header: Header) -> str:
    return fenced("doxygenfile", header.path, ":sections: briefdescription detaileddescription")


def write_header(header: Header, pages: pathlib.Path, page: str, title: str) -> None:
    language = "c" if header.path.endswith(".h") else "cpp"
    out = f"# {title}\n\n" + described(header)
    out += f"```{language}\n#include <{header.path}>\n```\n\n"
    for kind, name, _ in header.classes:
        short = name.removeprefix("rtpsynth::").removeprefix("asio_server::")
        out += f"## {short}\n\n"
        directive = "doxygenunion" if kind == "union" else "doxygenstruct" if kind == "struct" else "doxygenclass"
        out += fenced(directive, name, ":members:", ":undoc-members:")
    for kind in TITLES:
        if header.members[kind]:
            out += f"## {TITLES[kind]}\n\n"
            for argument, _, _ in dict.fromkeys(header.members[kind]):
                out += fenced(DIRECTIVES[kind], argument)
    path = pages / f"{page}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(out)


@dataclasses.dataclass
class Topic:
    """What a room's own header says: of a group of that name, or else of itself."""

    title: str
    brief: str
    text: str


def read_topic(xml: pathlib.Path, room: str, header: Header) -> Topic:
    folder = room.rpartition("/")[2]
    for name in (room.replace("/", "_"), folder):
        path = xml / f"group__{name.replace('_', '__')}.xml"
        if path.exists():
            group = ET.parse(path).getroot().find("compounddef")
            said = "\n\n".join(filter(None, (marked(group.find("briefdescription")),
                                             marked(group.find("detaileddescription")))))
            return Topic(text(group.find("title")), said.partition("\n")[0], said + "\n\n")
    return Topic(folder, header.brief, described(header))


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def write_module(source: pathlib.Path, pages: pathlib.Path) -> None:
    """All public names of a module in the order of its source, the class it is named after first."""
    body = ast.parse(source.read_text()).body
    (public,) = (ast.literal_eval(node.value) for node in body if isinstance(node, ast.Assign)
                 and ast.unparse(node.targets[0]) == "__all__")
    directives: dict[str, str] = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base) for base in node.bases]
            directives[node.name] = "autoexception" if "Exception" in bases or "RuntimeError" in bases else "autoclass"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            directives[node.name] = "autofunction"
        elif isinstance(node, ast.AnnAssign):
            directives[ast.unparse(node.target)] = "autodata"
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            directives[ast.unparse(node.targets[0])] = "autofunction"  # one of a class, by a second name
        elif isinstance(node, ast.ImportFrom):
            directives |= {alias.asname or alias.name: "autoclass" for alias in node.names}
    missing = set(public) - set(directives)
    if missing:
        sys.exit(f"{source}: not found: {missing}")
    names = sorted((name for name in directives if name in public), key=lambda name: name != source.stem)
    title = f"rtpsynth.{source.stem}"
    out = f"# {title}\n\n```{{eval-rst}}\n.. automodule:: {title}\n   :no-members:\n\n"
    for name in names:
        out += f".. {directives[name]}:: {name}\n\n"
    (pages / "python").mkdir(exist_ok=True)
    (pages / "python" / f"{source.stem}.md").write_text(out + "```\n")


def main() -> None:
    xml, package, pages = map(pathlib.Path, sys.argv[1:])
    typed = [package / name for name in ("relay.pyi", "metrics.pyi", "media.pyi", "sdp.py",
                                       "rtp.py", "rtcp.py", "aio.py", "voice.py")]
    for source in [*package.glob("Rtp*.pyi"), *typed]:
        write_module(source, pages)
    correct(xml)
    headers = {}
    members = all_members(xml)
    for path in sorted(xml.glob("*_8h*.xml")):
        compound = ET.parse(path).getroot().find("compounddef")
        if compound.get("kind") == "file":
            file = compound.find("location").get("file")
            headers[file] = read_header(xml, compound, members.get(file, []))

    rooms: dict[str, list[Header]] = {}
    for path, header in sorted(headers.items()):
        inside = re.fullmatch(r"rtpsynth/(.+)/[^/]+\.hpp", path)
        if inside and path != "rtpsynth/asio_server.hpp" and not header.empty:
            rooms.setdefault(inside[1], []).append(header)
    order = sorted(rooms, key=lambda r: (ROOMS.index(r) if r in ROOMS else len(ROOMS), r))
    names: dict[str, list[tuple[str, str, str]]] = {}
    topics = ""
    for room in order:
        title = room.rpartition("/")[2]
        topic = read_topic(xml, room, headers[f"rtpsynth/{room}.hpp"])
        topics += row(f"[{topic.title}](cpp/{room}.md)", f"`<rtpsynth/{room}.hpp>`", topic.brief)
        out = f"# {topic.title}\n\n{topic.text}"
        out += f"```cpp\n#include <rtpsynth/{room}.hpp> // all of this topic\n```\n\n| header | has |\n| --- | --- |\n"
        for header in rooms[room]:
            stem = pathlib.PurePath(header.path).stem
            out += row(f"[{stem}.hpp]({title}/{stem}.md)", header.brief)
            write_header(header, pages, f"cpp/{room}/{stem}", f"{title}/{stem}.hpp")
            for _, name, brief in header.classes:
                names.setdefault(name.rpartition("::")[0], []).append((name, brief, f"{room}/{stem}"))
            for found in header.members.values():
                for _, name, brief in found:
                    names.setdefault(name.rpartition("::")[0], []).append((name, brief, f"{room}/{stem}"))
        out += "\n```{toctree}\n:hidden:\n\n"
        out += "".join(
            "{0}.hpp <{1}/{0}>\n".format(pathlib.PurePath(h.path).stem, title) for h in rooms[room]) + "```\n"
        (pages / "cpp" / f"{room}.md").parent.mkdir(parents=True, exist_ok=True)
        (pages / "cpp" / f"{room}.md").write_text(out)

    (pages / "cpp.md").write_text(
        "# C++\n\nEach room of the source tree is a topic, and each header has a page. Names of the plain library are in\n"
        "namespace `rtpsynth`, those of the server in `rtpsynth::asio_server`. Everything in a namespace `detail` is private.\n\n"
        "| topic | header | has |\n| --- | --- | --- |\n" + topics +
        "\n[All names](cpp/names.md), by namespace.\n\n```{toctree}\n:hidden:\n\n" +
        "".join(f"cpp/{room}\n" for room in order) + "cpp/names\n```\n")

    out = "# All names\n\n"
    for namespace in sorted(n for n in names if n):
        out += f"## {namespace}\n\n| name | is | in |\n| --- | --- | --- |\n"
        for name, brief, page in sorted(set(names[namespace])):
            short = name.removeprefix(namespace + "::")
            if not short.startswith("operator"):
                out += row(f"`{short}`", brief, f"[{page}.hpp]({page}.md)")
        out += "\n"
    (pages / "cpp" / "names.md").write_text(out)

    c_pages = []
    listing = ""
    for path in C_HEADERS:
        if path in headers and not headers[path].empty:
            page = "c/" + path.removeprefix("rtpsynth/").replace("/", "_").removesuffix(".h")
            write_header(headers[path], pages, page, path)
            listing += row(f"[{path}]({page}.md)", headers[path].brief)
            c_pages.append(page)
    (pages / "c.md").write_text(
        "# C\n\nFor C99 and C++11, linked with `-lrtpsynth`. Names, types and results of rtpsynth.h and rtpjbuf.h are those of\n"
        "rtpsynth 1.3, so that programs written for it compile and run unchanged.\n\n"
        "| header | has |\n| --- | --- |\n" + listing + "\n```{toctree}\n:hidden:\n\n" +
        "\n".join(c_pages) + "\n```\n")


if __name__ == "__main__":
    main()
