"""Paths that README and the pages of docs/ name are there, and links between them lead somewhere."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOP = ("lib", "asio_server", "python_ext", "examples", "test", "docs", "cmake", r"\.ci")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

WRITTEN = ROOT / "docs" / "reference"

CODE = re.compile(r"^```.*?^```|^:::.*?^:::", re.MULTILINE | re.DOTALL)
PATH = re.compile(rf"`((?:{'|'.join(TOP)})/[^`\s]*)`")
LINK = re.compile(r"\]\((?!\w+:)([^)\s]*)\)")


def alternatives(path):
    """a/{b,c}.d: a/b.d and a/c.d."""
    found = re.search(r"\{([^{}]*)\}", path)
    if not found:
        return [path]
    return [whole for part in found[1].split(",")
            for whole in alternatives(path[:found.start()] + part + path[found.end():])]


def exists(path):
    # NAME stands for a name, … and * for anything, as does what is in ⟨⟩.
    pattern = re.sub(r"…|\bNAME\b|\*\*", "*", path.rstrip("/"))
    return any(True for _ in ROOT.glob(pattern)) or any(True for _ in ROOT.glob(pattern + ".*"))


def anchors(page):
    found, inside = set(), False
    for line in page.read_text().splitlines():
        inside ^= line.startswith("```")
        title = re.match(r"#+ (.*)", line)
        if title and not inside:
            words = re.sub(r"[^\w\- ]", "", title[1].lower())
            found.add(words.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths(page):
    text = CODE.sub("", page.read_text())
    named = {path for found in PATH.findall(text) for path in alternatives(found)}
    assert [path for path in sorted(named) if not exists(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page):
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        # The pages that CMake's target `docs` writes are checked there.
        if WRITTEN in target.resolve().parents and not target.exists():
            continue
        if not target.exists() or anchor and anchor not in anchors(target):
            broken.append(link)
    assert broken == []


def test_something_is_found():
    texts = [page.read_text() for page in PAGES]
    assert sum(len(PATH.findall(text)) for text in texts) > 20
    assert sum(len(LINK.findall(text)) for text in texts) > 20
