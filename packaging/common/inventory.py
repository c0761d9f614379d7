"""Say where every file of a bundle comes from, and under which licence it may be passed on.

The bundle is passed on under GPL-3.0, so each part's licence must be compatible with it. A file
that nobody owns, or a licence nobody has looked at, stops the build.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cubeview.parts import Part, part_of, python_itself

LICENCES = Path(__file__).with_name("licences.toml")
DOCS = Path("/usr/share/doc")


def write_parts(sources: Iterable[str | Path], folder: Path) -> Path:
    """Write ``parts.json`` for the files a bundle is made of.

    Parameters
    ----------
    sources : iterable of path
        Where each file was taken from.
    folder : Path
        Where to write; made if absent.

    Returns
    -------
    Path

    Raises
    ------
    SystemExit
        If a file has no owner, or a licence is unknown or not compatible.
    """
    found = inventory({Path(source) for source in sources})
    faults = incompatible(found)
    if faults:
        raise SystemExit("licence check failed:\n  " + "\n  ".join(faults))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "parts.json"
    text = json.dumps([asdict(part) for part in found], indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{len(found)} parts, all with a compatible licence")
    return path


def inventory(sources: set[Path]) -> list[Part]:
    """Return the parts that own these files, sorted by kind and name; our own are left out."""
    installed = {found.metadata["Name"]: found for found in metadata.distributions()}
    owners = {
        os.path.realpath(str(found.locate_file(entry))): name
        for name, found in installed.items()
        for entry in found.files or ()
    }
    base = Path(sys.base_prefix).resolve()
    known = _reviewed()
    parts: dict[str, Part] = {}
    names: set[str] = set()
    lost: set[Path] = set()
    for source in sources:
        path = Path(os.path.realpath(source))
        if (owner := owners.get(str(path))) is not None:
            names.add(owner)
        elif path.is_relative_to(ROOT):
            continue
        elif path.is_relative_to(base):
            parts["Python"] = python_itself()
        elif sys.platform == "win32" and "windows" in str(path).lower():
            runtime = "Microsoft Visual C++ runtime"
            parts[runtime] = Part(runtime, "14", "MS redistributable", "program")
        else:
            lost.add(source)
    for name in names:
        parts[name] = _with_review(part_of(installed[name]), known)
    for package in _debian_owners(lost):
        parts[f"debian {package}"] = _with_review(_debian_part(package), known)
    bootloader = part_of(metadata.distribution("pyinstaller"))
    parts[bootloader.name] = _with_review(bootloader, known)
    return sorted(parts.values(), key=lambda part: (part.kind, part.name.lower()))


def incompatible(parts: Iterable[Part]) -> list[str]:
    """Return a line for each part that may not go into the bundle, and why."""
    allowed = {name.lower() for name in tomllib.loads(LICENCES.read_text())["allowed"]}
    lines = []
    for part in parts:
        alternatives = re.split(r"\s+OR\s+", part.licence)
        choices = [re.split(r"\s+AND\s+|\s*;\s*", alternative) for alternative in alternatives]
        unknown = [
            sorted(name for name in choice if name.strip(" ()").lower() not in allowed)
            for choice in choices
        ]
        if all(unknown):
            lines.append(f"{part.name} {part.version} ({part.kind}): {', '.join(unknown[0])}")
    return lines


def _reviewed() -> dict[str, str]:
    table: dict[str, str] = tomllib.loads(LICENCES.read_text())["reviewed"]
    return table


def _with_review(part: Part, known: dict[str, str]) -> Part:
    licence = known.get(part.name, part.licence)
    return Part(**{**asdict(part), "licence": licence})


def _debian_owners(paths: set[Path]) -> set[str]:
    """Return the Debian packages that own these files, or stop when one has no owner."""
    owners: set[str] = set()
    for path in sorted(paths):
        # Where /lib is a link to /usr/lib the package may know either name.
        names = {str(path), str(path.resolve()), str(path.resolve()).removeprefix("/usr")}
        names |= {f"/usr{name}" for name in names if name.startswith("/lib")}
        done = subprocess.run(
            ["dpkg", "-S", *sorted(names)], capture_output=True, text=True, check=False
        )
        if not done.stdout:
            raise SystemExit(f"{path}: nobody knows where this file of the bundle comes from")
        owners.add(done.stdout.splitlines()[0].partition(":")[0])
    return owners


def _debian_part(package: str) -> Part:
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}\n${Homepage}\n${db:Status-Status}\n", package],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    version, home, *_ = done.stdout.splitlines()
    text = (DOCS / package / "copyright").read_text(encoding="utf-8", errors="replace")
    names = re.findall(r"^License:[ \t]*(\S.*)$", text, re.MULTILINE)
    licence = " AND ".join(sorted({name.strip() for name in names})) or "not stated"
    return Part(package, version, licence, "debian", text, home)
