"""What the program is made of: each library in it, with its version and its licence."""

import json
import platform
import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from cubeview import __version__
from cubeview.paths import resource

LIST = "parts.json"
DISTRIBUTION = "cubeview-desktop"

_LICENCE_FILE = re.compile(r"(?:^|/)(?:licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)
_MARKER = re.compile(r"^([A-Za-z0-9._-]+)[^;]*(?:;(.*))?$")


@dataclass(frozen=True)
class Part:
    """One library or program that is shipped with CubeView, or needed by it.

    Its `kind` is ``python`` (a distribution), ``in a wheel`` (a library inside of one), ``debian``
    (a system library of the machine that built the bundle) or ``program`` (Python itself).
    """

    name: str
    version: str
    licence: str  # as its makers state it: an SPDX expression where there is one
    kind: str
    text: str = ""  # in full; where its makers ship none, what they call it
    home: str = ""  # where it comes from


def is_frozen() -> bool:
    """Tell whether this is the installed bundle, not a Python environment."""
    return bool(getattr(sys, "frozen", False))


@lru_cache(maxsize=1)
def parts() -> tuple[Part, ...]:
    """Return all parts: from the list made with the bundle, else from the environment."""
    path = resource(LIST)
    if path.is_file():
        return tuple(Part(**record) for record in json.loads(path.read_text(encoding="utf-8")))
    return (python_itself(), *(part_of(found) for found in distributions()))


def version_of(name: str) -> str:
    """Return the version of one part, or ``"absent"``."""
    return next((part.version for part in parts() if part.name.lower() == name.lower()), "absent")


def versions() -> dict[str, str]:
    """Return what a report of a fault begins with: versions and system, no names and no paths."""
    kind = "installed program" if is_frozen() else "Python environment"
    return {
        "CubeView": f"{__version__} ({kind})",
        "System": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": platform.python_version(),
        **{
            name: version_of(name)
            for name in ("PyQt6", "PyQt6-Qt6", "torch", "numpy", "astropy", "pydicom", "pyqtgraph")
        },
    }


def distributions() -> Iterator[metadata.Distribution]:
    """Walk the program's run-time requirements, each once, itself left out."""
    seen = {_plain(DISTRIBUTION)}
    waiting = list(_requirements(DISTRIBUTION))
    while waiting:
        name = waiting.pop(0)
        if _plain(name) in seen:
            continue
        seen.add(_plain(name))
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # asked for on other systems only
        yield found
        waiting += _requirements(name)


def part_of(found: metadata.Distribution) -> Part:
    """Return a Python distribution as a part, its licence read from its own metadata."""
    about = found.metadata
    texts = [
        entry.read_text(encoding="utf-8")
        for entry in found.files or ()
        if ".dist-info/" in str(entry) and _LICENCE_FILE.search(str(entry))
    ]
    licence = _licence(about)
    return Part(
        name=about["Name"],
        version=found.version,
        licence=licence,
        kind="python",
        text="\n\n".join(text for text in texts if text).strip() or f"License: {licence}",
        home=_field(about, "Home-page") or _first_address(about),
    )


def python_itself() -> Part:
    """Return the interpreter as a part."""
    folders = (sysconfig.get_path("stdlib"), sys.base_prefix)  # Unix, Windows
    places = [Path(folder, "LICENSE.txt") for folder in folders]
    text = next((path.read_text(encoding="utf-8") for path in places if path.is_file()), "")
    return Part(
        "Python", platform.python_version(), "PSF-2.0", "program", text, "https://www.python.org"
    )


def _licence(about: metadata.PackageMetadata) -> str:
    """Return an SPDX expression, else the classifiers, else the first line of the licence field."""
    if expression := _field(about, "License-Expression"):
        return expression
    stated = [
        value.rpartition(" :: ")[2]
        for value in about.get_all("Classifier") or ()
        if value.startswith("License :: ") and value != "License :: OSI Approved"
    ]
    first_line = _field(about, "License").strip().partition("\n")[0]
    return "; ".join(stated) or first_line or "not stated"


def _field(about: metadata.PackageMetadata, name: str) -> str:
    return about[name] if name in about else ""  # noqa: SIM401 -- its type has no get


def _first_address(about: metadata.PackageMetadata) -> str:
    lines: list[str] = about.get_all("Project-URL") or []
    return lines[0].partition(",")[2].strip() if lines else ""


def _requirements(name: str) -> list[str]:
    """Return names only; what is asked for by extras is left out."""
    try:
        lines = metadata.distribution(name).requires or []
    except metadata.PackageNotFoundError:
        return []
    found = filter(None, map(_MARKER.match, lines))
    return [match.group(1) for match in found if "extra ==" not in (match.group(2) or "")]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
