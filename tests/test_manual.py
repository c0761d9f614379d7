"""What the manual says can be done, and what it points to is there; ``make docs`` builds it."""

import re
import shlex
from pathlib import Path

import pytest

from cubeview.cli import commands_of, main, make_parser

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)")


def commands_in(page):
    """Return the commands that a page tells to type, without what stands for something."""
    lines = [line for block in _FENCED.findall(page.read_text()) for line in block.splitlines()]
    return [line for line in lines if re.match(r"cubeview [a-z-]+ (?!.*…)", f"{line} ")]


def typed(line):
    """Return the arguments of a command line; what stands for a number is one."""
    words = shlex.split(line.split("#")[0].split("[")[0])[1:]
    numbers = {"λ": "1", "DEC": "1", "RA": "1", "ARCSEC": "1"}
    return [numbers.get(word, word) for word in words]


COMMANDS = [
    pytest.param(line, id=f"{page.stem}: {line[:50]}")
    for page in PAGES
    for line in commands_in(page)
    if "|" not in line  # one of several, to choose
]


@pytest.fixture(scope="module")
def parser():
    return make_parser()


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_manual_is_one(line, parser):
    options = parser.parse_args(typed(line))
    assert callable(options.command)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_what_a_page_points_to_is_there(page):
    gone = [to for to in _LINK.findall(page.read_text()) if not (page.parent / to).exists()]
    assert gone == []


def test_every_page_can_be_reached():
    listed = set(re.findall(r"^([a-z/]+)$", (DOCS / "index.md").read_text(), re.MULTILINE))
    paper = DOCS / "paper"
    pages = {
        p.relative_to(DOCS).with_suffix("").as_posix() for p in PAGES if paper not in p.parents
    }
    assert pages - {"index"} == listed


def test_pictures_are_small_few_and_used():
    pictures = sorted((DOCS / "pictures").glob("*"))
    text = "".join(page.read_text() for page in PAGES)
    assert len(pictures) <= 20
    assert [p.name for p in pictures if p.stat().st_size > 150_000] == []
    assert [p.name for p in pictures if f"pictures/{p.name}" not in text] == []


def test_the_errors_told_of_are_those_of_the_program():
    """Every message quoted, piece by piece, is in a source file; dots stand for what varies."""
    code = "\n".join(path.read_text() for path in sorted((ROOT / "cubeview").rglob("*.py")))
    code = re.sub(r'"\s*f?"', "", code)  # texts over several lines
    quoted = re.findall(r"^\| \*([^*]+)\*", (DOCS / "errors.md").read_text(), re.MULTILINE)
    assert len(quoted) > 15
    pieces = [piece.strip() for text in quoted for piece in text.split("…") if piece.strip()]
    assert [piece for piece in pieces if piece not in code] == []


def test_completion_and_manual_know_every_command(parser):
    named = {name for name, _ in commands_of(parser).items()}
    assert {"predict", "finetune", "labels"} <= named
    assert set(commands_of(commands_of(parser)["labels"][0])) >= {"import", "export"}
    assert not commands_of(commands_of(parser)["predict"][0])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["heart", "sky"])
def test_a_tutorial_leads_where_it_says(kind, tmp_path, monkeypatch):
    """From opening to a taught model and a figure, as it is printed, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUBEVIEW_HOME", str(tmp_path / "home"))
    page = DOCS / "tutorials" / f"{kind}.md"
    lines = commands_in(page)
    assert len(lines) >= 8
    for line in lines:
        assert main(typed(line)) == 0, line
