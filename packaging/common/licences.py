"""Which licences may go into the bundle, and what says that a part has one of them.

``python licences.py parts.json`` says again which parts of a bundle are not compatible.

``licences.toml`` beside this file holds what somebody has looked up, each with sentences from the
part's own licence text. They are looked for again at every build.
"""

import json
import mmap
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cubeview.licences import Part

TABLE = Path(__file__).with_name("licences.toml")
TEXTS = Path(__file__).with_name("texts")


def reviewed(part: Part) -> Part:
    """Return a part with the licence that was looked up for it, if one was.

    Raises
    ------
    SystemExit
        If the part's text does not say what the table says it does.
    """
    entry = _table()["reviewed"].get(part.name)
    return part if entry is None else _proved(part, entry)


def in_wheel(file: Path, owner: Part) -> Part | None:
    """Return the library that a wheel took in from its builder's system; None for its own files.

    auditwheel puts them into ``NAME.libs``, delocate into ``.dylibs``, both with the version and a
    sum in their names; torch brings its OpenMP among its own.
    """
    foreign = file.parent.name.endswith((".libs", ".dylibs"))
    name = re.sub(r"(?:64)?_?-[0-9a-f]{8}.*|\..*", "", file.name)
    if not foreign and name not in ("libgomp", "libomp"):
        return None
    version = f"as in {owner.name} {owner.version}"
    part = Part(name, version, "not reviewed", "in a wheel", owner.text, owner.home)
    entry = _table()["in_wheels"].get(name)
    if entry is None:
        return part
    proved = _proved(part, entry)
    if "text" in entry:
        return replace(proved, text=(TEXTS / entry["text"]).read_text(encoding="utf-8"))
    # Once is enough for texts as long as these.
    return replace(proved, text=f"Its text is in the licence of {owner.name}.")


def compiled_in(file: Path, owner: Part) -> Part | None:
    """Return what another maker's code in a library is, if it is known to happen and found inside.

    Its makers do not say so in the licence of the wheel, so the file's name and its bytes have to.
    """
    if not re.search(r"\.(?:so|dll|dylib|pyd)(?:\.|$)", file.name):
        return None
    stem = file.name.partition(".")[0]
    for entry in _table()["compiled_in"]:
        if re.fullmatch(entry["files"], stem) and _holds(file, entry.get("mark", "")):
            version = f"as in {owner.name} {owner.version}"
            text = f"{entry['licence']}: {entry['home']}"
            if "text" in entry:
                text = (TEXTS / entry["text"]).read_text(encoding="utf-8")
            return Part(entry["name"], version, entry["licence"], "in a wheel", text, entry["home"])
    return None


def incompatible(parts: Iterable[Part]) -> list[str]:
    """Return a line for each part that may not go into the bundle, and why."""
    allowed = {name.lower() for name in _table()["allowed"]}
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


def excepted(part: Part) -> str:
    """Return why a part goes in though its licence is not compatible; empty when it must not."""
    names = _table()["exceptions"]
    return next((why for name, why in names.items() if fnmatch(part.name.lower(), name)), "")


def said_aloud(parts: Iterable[Part]) -> list[str]:
    """Return the lines a build prints about parts whose licence is not compatible."""
    lines = [
        f"NOT COMPATIBLE WITH GPL-3.0: {part.name}, {part.licence}: {excepted(part)}"
        for part in parts
        if excepted(part)
    ]
    if lines:
        lines.append("Whoever passes this build on answers for it: packaging/README.md, Licences.")
    return lines


def _holds(file: Path, mark: str) -> bool:
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(mark.encode()) >= 0


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def _proved(part: Part, entry: dict[str, Any]) -> Part:
    text = part.text
    if "text" in entry:
        text += "\n\n" + (TEXTS / entry["text"]).read_text(encoding="utf-8")
    said = " ".join(text.split())
    for sentence in entry["evidence"]:
        if " ".join(sentence.split()) not in said:
            raise SystemExit(
                f"{part.name} {part.version}: its licence text no longer says {sentence!r}; "
                f"read it, and mend {TABLE.name}"
            )
    return replace(part, licence=entry["licence"], text=text.strip())


if __name__ == "__main__":
    records = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print("\n".join(said_aloud(Part(**record) for record in records)))
