"""Say where every file of a bundle comes from, and under which licence it may be passed on.

The bundle is passed on under GPL-3.0, so each part's licence must be compatible with it. A file
that nobody owns, or a licence nobody has looked at, stops the build.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import licences

from cubeview.licences import Part, part_of, python_itself

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
    let_through = [part for part in found if licences.excepted(part)]
    faults = licences.incompatible(part for part in found if part not in let_through)
    if faults:
        raise SystemExit("licence check failed:\n  " + "\n  ".join(faults))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "parts.json"
    text = json.dumps([asdict(part) for part in found], indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{len(found)} parts, {len(found) - len(let_through)} with a compatible licence")
    print("\n".join(licences.said_aloud(let_through)))
    return path


def inventory(sources: set[Path]) -> list[Part]:
    """Return the parts that own these files, sorted by kind and name; our own are left out."""
    installed = {found.metadata["Name"]: found for found in metadata.distributions()}
    of_python = {name: licences.reviewed(part_of(found)) for name, found in installed.items()}
    owners = {
        os.path.realpath(str(found.locate_file(entry))): name
        for name, found in installed.items()
        for entry in found.files or ()
    }
    # It lies in the checkout, and what is in it is not ours for that.
    environment = os.path.realpath(sys.prefix)
    parts: dict[str, Part] = {}
    lost: set[Path] = set()
    for source in sources:
        path = Path(os.path.realpath(source))
        if (owner := owners.get(str(path))) is not None:
            for part in (
                of_python[owner],
                licences.in_wheel(path, of_python[owner]),
                licences.compiled_in(path, of_python[owner]),
            ):
                if part is not None:
                    parts[f"{part.name} {part.version}"] = part
        elif path.is_relative_to(ROOT) and not path.is_relative_to(environment):
            continue
        elif _is_of_python(path):
            parts["Python"] = python_itself()
        elif sys.platform == "win32" and "windows" in str(path).lower():
            runtime = "Microsoft Visual C++ runtime"
            parts[runtime] = Part(runtime, "14", "MS redistributable", "program")
        else:
            lost.add(source)
    for package in _debian_owners(lost):
        parts[f"debian {package}"] = licences.reviewed(_debian_part(package))
    parts["bootloader"] = of_python["pyinstaller"]
    return sorted(parts.values(), key=lambda part: (part.kind, part.name.lower()))


def _is_of_python(path: Path) -> bool:
    """Tell whether a file belongs to the interpreter and its standard library."""
    base = Path(sys.base_prefix).resolve()
    # Debian's own Python shares /usr with every other package.
    home = Path(sysconfig.get_path("stdlib")).resolve() if base == Path("/usr") else base
    return path.name.startswith("libpython") or path.is_relative_to(home)


def _debian_owners(paths: set[Path]) -> set[str]:
    """Return the Debian packages that own these files, or stop when one has no owner."""
    owners: set[str] = set()
    for path in sorted(paths):
        if shutil.which("dpkg") is None:
            raise SystemExit(f"{path}: nobody knows where this file of the bundle comes from")
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
