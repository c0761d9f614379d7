"""Which licences may go into the bundle, and what says that a part has one of them.

``licences.toml`` beside this file holds what somebody has looked up, each with sentences from the
part's own licence text. They are looked for again at every build.
"""

import mmap
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cubeview.parts import Part

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
    if not foreign and name not in ("libgomp", "libomp", "libiomp5md"):
        return None
    version = f"as in {owner.name} {owner.version}"
    part = Part(name, version, "not reviewed", "in a wheel", owner.text, owner.home)
    entry = _table()["in_wheels"].get(name)
    if entry is None:
        return part
    proved = _proved(part, entry)
    # Once is enough for texts as long as these.
    return replace(proved, text=f"Its text is in the licence of {owner.name}.")


def compiled_in(file: Path, owner: Part) -> Part | None:
    """Return what was compiled into a library, if it is known to happen and is found inside."""
    entry = _table()["compiled_in"].get(file.name.partition(".")[0])
    if entry is None:
        return None
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find(entry["mark"].encode()) < 0:
            return None
    version = f"as in {owner.name} {owner.version}"
    return Part(entry["name"], version, entry["licence"], "in a wheel")


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
    reason: str = _table()["exceptions"].get(part.name, "")
    return reason


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
