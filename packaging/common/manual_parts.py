"""What goes with the pages of the manual: licences of the theme, and completions of shells.

Usage: ``python packaging/common/manual_parts.py build/manual``, after Sphinx.
"""

import argparse
import importlib.metadata
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
SHELLS = ("bash", "zsh")
PROGRAMS = ("cubeview", "cubeview-desktop")
"""As pip and the archive call it, and the Debian package."""


def licences(folder: Path) -> None:
    """Put the licence texts of those whose scripts and styles are in the pages beside them."""
    for name in ("sphinx", "alabaster"):
        files = importlib.metadata.files(name) or []
        texts = [f for f in files if f.name.upper().startswith("LICENSE")]
        if not texts:
            sys.exit(f"{name} comes without its licence; look where it is")
        (folder / f"LICENSE-{name}.txt").write_text(texts[0].read_text(), encoding="utf-8")


def completion(program: str, shell: str) -> str:
    """Return the script that completes commands, options and, for all else, files."""
    import shtab

    from cubeview.cli import commands_of, make_parser

    parser = make_parser(program)
    waiting: list[argparse.ArgumentParser] = [parser]
    while waiting:
        here = waiting.pop()
        waiting += [below for below, _ in commands_of(here).values()]
        for action in here._actions:
            if action.choices is None and action.nargs != 0:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(parser, shell))


if __name__ == "__main__":
    work = Path(sys.argv[1])
    licences(work / "html" / "_static")
    for program in PROGRAMS:
        for shell in SHELLS:
            text = completion(program, shell)
            (work / "shells" / f"{program}.{shell}").write_text(text, encoding="utf-8")
