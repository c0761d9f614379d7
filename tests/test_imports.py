"""The import rule of the house, held by walking the syntax trees."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "cubeview"
MODULES = sorted(PACKAGE.rglob("*.py"))

BASE = {"errors", "paths", "lasting", "__init__"}
MAY_IMPORT = {
    "errors": BASE,
    "paths": BASE,
    "lasting": BASE,
    "__init__": BASE,
    "parts": BASE | {"parts"},
    "cubes": BASE | {"cubes"},
    "io": BASE | {"cubes", "io"},
    "simulate": BASE | {"cubes", "simulate"},
    "library": BASE | {"cubes", "io", "simulate", "library"},
    "learn": BASE | {"cubes", "io", "simulate", "library", "learn"},
    "gui": BASE | {"parts", "cubes", "io", "simulate", "library", "learn", "gui"},
    "commands": BASE | {"parts", "cubes", "io", "simulate", "library", "learn", "gui", "commands"},
    "cli": BASE | {"cubes", "io", "simulate", "library", "learn", "gui", "commands", "cli"},
    "__main__": BASE | {"cli"},
}
FENCED = {
    "torch": {"learn"},
    "safetensors": {"learn"},
    "PyQt6": {"gui"},
    "pyqtgraph": {"gui"},
    "pydicom": {"io"},
    "sqlite3": {"library"},
}


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module
            if node.module == "cubeview":
                yield from (f"cubeview.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    here = room(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "cubeview" and rest:
            assert rest.split(".")[0] in MAY_IMPORT[here] | {"__version__"}, (
                f"{here} imports {name}"
            )
        if top in FENCED:
            assert here in FENCED[top], f"{here} imports {name}"


def test_views_and_panels_do_not_know_each_other():
    panels = PACKAGE / "gui" / "panels"
    known = {path.stem for path in panels.glob("*.py")} - {"__init__", "widgets"}
    for path in [*panels.glob("*.py"), *(PACKAGE / "gui" / "views").glob("*.py")]:
        for name in imports(path):
            other = name.removeprefix("cubeview.gui.")
            strangers = {f"panels.{stem}" for stem in known} | {"window"}
            assert other not in strangers, f"{path.name} imports {name}"
            assert not (path.parent == panels and other.startswith("views.")), path.name


def test_importing_the_package_loads_neither_qt_nor_torch():
    code = (
        "import sys, cubeview, cubeview.cubes.cube, cubeview.io, cubeview.cli;"
        "print([m for m in ('torch', 'PyQt6', 'pyqtgraph') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
