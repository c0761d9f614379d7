"""The import rule of the house, held by walking the syntax trees."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "cubeview"
MODULES = sorted(PACKAGE.rglob("*.py"))

BASE = "errors paths plain startup crashlog kinds __init__"
# Who may import whom: a room may use itself and the rooms named behind it.
HOUSE = {
    "errors": "",
    "paths": "",
    "plain": "",
    "startup": "",
    "crashlog": "",
    "kinds": "",
    "__init__": "api",
    "licences": "",
    "cubes": "",
    "io": "cubes",
    "simulate": "cubes",
    "measure": "cubes",
    "library": "cubes io simulate",
    "learn": "cubes io simulate measure library",
    "api": "cubes io simulate measure library learn",
    "gui": "licences cubes io simulate measure library learn",
    "commands": "licences cubes io simulate measure library learn gui",
    "cli": "cubes io simulate measure library learn gui commands",
    "__main__": "cli",
}
# The same within a room, for its folders; a file that lies in no folder counts by its own name.
FLOORS = {
    "io": {
        "opened": "",
        "corrections": "",
        "identity": "",
        "archive": "",
        "lzw": "",
        "info": "archive",
        "foreign": "",
        "region_files": "",
        "names": "",
        "quantity": "",
        "spectra": "names quantity corrections opened",
        "places": "",
        "listing": "",
        "line_lists": "",
        "voxels": "",
        "nifti": "opened",
        "pictures": "voxels opened",
        "dicom": "voxels opened corrections",
        "fits": "voxels opened corrections lzw names quantity spectra pictures",
        "masks": "opened nifti dicom fits",
        "export": "dicom",
        "__init__": "archive corrections foreign opened nifti dicom fits pictures spectra",
    },
    "simulate": {"heart": "", "sky": "", "picture": ""},
    "measure": {"heart": "", "sky": "", "picture": "", "masks": ""},
    "learn": {
        "models": "",
        "tasks": "models",
        "heart": "models",
        "sky": "models",
        "picture": "models",
        "ask": "models tasks heart sky",
        "search": "models sky ask",
        "explore": "models tasks ask",
        "score": "models tasks ask search explore",
        "examples": "models heart sky picture",
        "explain": "models heart sky ask",
        "measure": "models tasks heart sky ask search examples explain",
        "teach": "models tasks heart sky ask examples explain measure",
        "train": "models tasks heart sky ask search examples explain measure",
    },
    "gui": {
        "widgets": "",
        "desk": "widgets",
        "views": "widgets desk",
        "panels": "widgets desk",
        "dialogs": "widgets desk",
        "shell": "widgets desk views panels dialogs",
    },
}
FENCED = {
    "torch": {"learn"},
    "safetensors": {"learn"},
    "PyQt6": {"gui"},
    "pyqtgraph": {"gui"},
    "pydicom": {"io"},
    "highdicom": {"io"},
    "regions": {"io"},
    "reportlab": {"io"},
    "sqlite3": {"library"},
}


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def nodes(path):
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports(path):
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module
            if node.module == "cubeview":
                yield from (f"cubeview.{alias.name}" for alias in node.names)


def uninvited(path):
    """Imports that a module's room may not, or of a library that other rooms keep."""
    here = room(path)
    allowed = {here, "__version__", *BASE.split(), *HOUSE[here].split()}
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "cubeview" and rest and rest.split(".")[0] not in allowed:
            yield name
        if top in FENCED and here not in FENCED[top]:
            yield name


def from_above(path):
    """Imports of a module from a floor of its room that stands no lower."""
    parts = path.relative_to(PACKAGE).parts
    if parts[0] not in FLOORS or parts[1:] == ("__init__.py",):
        return
    floors, here = FLOORS[parts[0]], parts[1].removesuffix(".py")
    allowed = {here, *floors[here].split()}
    for name in imports(path):
        _, _, inside = name.partition(f"cubeview.{parts[0]}.")
        there = inside.split(".")[0]
        if there in floors and there not in allowed:
            yield name


# Each rule is one test of all files: with one a file, setting tests up takes longer than they do.
@pytest.mark.parametrize("rule", [uninvited, from_above])
def test_imports_run_one_way(rule):
    found = [f"{path} imports {name}" for path in MODULES for name in rule(path)]
    assert not found, "\n".join(found)


SQL = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT\b.+\bINTO|UPDATE\b.+\bSET|DELETE\s+FROM|PRAGMA|CREATE TABLE)\b",
    re.DOTALL,
)


def speaks_sql(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return SQL.search(node.value)
    calls = ("execute", "executemany", "executescript")
    return isinstance(node, ast.Attribute) and node.attr in calls


def test_only_the_library_speaks_sql():
    others = [path for path in MODULES if room(path) != "library"]
    found = [f"{p}, line {n.lineno}" for p in others for n in nodes(p) if speaks_sql(n)]
    assert not found, "\n".join(found)


def test_importing_the_package_loads_neither_qt_nor_torch():
    code = (
        "import sys, cubeview, cubeview.cubes.cube, cubeview.io, cubeview.cli;"
        "print([m for m in ('torch', 'PyQt6', 'pyqtgraph') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_no_two_files_import_each_other():
    known = {".".join(p.with_suffix("").relative_to(PACKAGE.parent).parts): p for p in MODULES}
    tied = {name: {n for n in imports(path) if n in known} for name, path in known.items()}
    while free := {name for name, others in tied.items() if not others & tied.keys()}:
        tied = {name: others for name, others in tied.items() if name not in free}
    assert not tied, f"these import each other: {sorted(tied)}"
