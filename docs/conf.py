"""How Sphinx makes the manual; ``make docs`` runs it.

Pages are Markdown. What the program itself knows is not written a second time: the commands, the
keys and the errors of formats come from its own tables while the pages are read.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["COLUMNS"] = "88"

import cubeview  # noqa: E402
from cubeview.cli import commands_of, make_parser  # noqa: E402

project = "CubeView"
author = "The CubeView authors"
copyright = "The CubeView authors, GPL-3.0-or-later"
version = release = cubeview.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["paper/*"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

# A bare theme that comes with Sphinx: nothing is fetched, so that the manual works from a folder.
html_theme = "alabaster"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_title = f"CubeView {version}"
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False
html_sidebars = {"**": ["searchfield.html", "navigation.html"]}
html_theme_options = {
    "fixed_sidebar": True,
    "sidebar_width": "270px",
    "page_width": "1180px",
    "show_powered_by": False,
    "font_family": "sans-serif",
    "head_font_family": "sans-serif",
}
man_pages = [
    (
        "commands",
        "cubeview-desktop",
        "see heart scans and sky cubes, ask a 3-D network about them, see why",
        "",
        1,
    )
]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say type, shape and unit
autodoc_preserve_defaults = True
napoleon_google_docstring = False


def setup(app: Any) -> None:
    """Fill in what the program knows; GitHub's language of graphs is shown as text."""
    from pygments.lexers.special import TextLexer

    app.add_lexer("mermaid", TextLexer)
    app.connect("source-read", _fill)


def _fill(app: Any, page: str, source: list[str]) -> None:
    for mark, make in (("%commands%", _commands), ("%keys%", _keys), ("%panels%", _panels)):
        if mark in source[0]:
            source[0] = source[0].replace(mark, make())


def _commands() -> str:
    """Return a section for each command: what it is for, its usage, its arguments."""
    return "\n".join(
        _command(f"cubeview {name}", parser, words)
        for name, (parser, words) in commands_of(make_parser()).items()
    )


def _command(name: str, parser: argparse.ArgumentParser, words: str) -> str:
    below = commands_of(parser)
    if below:
        return "\n".join(_command(f"{name} {n}", p, w) for n, (p, w) in below.items())
    parser.prog = name
    usage = parser.format_usage().removeprefix("usage: ").rstrip()
    lines = [f"## {name}", "", f"{words[:1].upper()}{words[1:]}.", "", "```text", usage, "```", ""]
    for action in parser._actions:
        if action.dest == "help" or not action.help:
            continue
        first = ", ".join(action.option_strings) or action.metavar or action.dest
        help_text = parser._get_formatter()._expand_help(action)  # with its default filled in
        lines += [f"- **`{first}`**: {help_text.replace('<', '&lt;')}"]
    return "\n".join([*lines, ""])


def _keys() -> str:
    """Return the tables of keys, menu by menu."""
    from cubeview.gui.desk.actions import ACTIONS, LABEL_KEYS, MENUS, VIEW_KEYS

    def table(rows: list[tuple[str, str]]) -> list[str]:
        body = [f"| {key.replace('|', chr(92) + '|')} | {what} |" for key, what in rows]
        return ["", "| key | what it does |", "|---|---|", *body, ""]

    lines = ["## In the views", *table([(key, what) for key, what, _ in VIEW_KEYS])]
    for menu in MENUS:
        rows = [
            (f"`{a.shortcut}`", a.text.replace("&", "").rstrip("…"))
            for a in ACTIONS
            if a.menu == menu and a.shortcut
        ]
        rows = [*(LABEL_KEYS if menu == "Label" else ()), *rows]
        lines += [f"## {menu}", *table(rows)] if rows else []
    return "\n".join(lines)


def _panels() -> str:
    """Return a list of the panels with links to their pages."""
    from cubeview.gui.shell.docks import PANELS

    return "\n".join(f"- [{panel.title}](panels/{panel.name}.md)" for panel in PANELS)
