"""What the user said about guesses, kept for the next file: by instrument, and by content.

Kept in one small JSON file in the user's data folder. What took the data names an answer; where a
file does not say that, its content does. Rest and stress are kept by the hash of the pixels, so
that a copy, a new place or a stripped header changes nothing. Nothing of a patient is kept.
"""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube, Note
from cubeview.cubes.guesses import corrected_case, questions
from cubeview.errors import CubeviewError, refusing
from cubeview.paths import data_dir, replacing
from cubeview.plain import from_json

log = logging.getLogger(__name__)

_FORMAT = 1
_ENDS = 1 << 20
_OF_CONTENT = frozenset({"organ"})
"""Questions that an instrument does not settle: one camera takes hearts and bones."""

_LONGEST_NAME = 64
_LONGEST_FILE = 16 << 20


@dataclass(frozen=True)
class Choice:
    """What the user said a scan of the heart is: rest or stress."""

    role: str
    partner: str = ""  # hash of the pixels of the other of its pair; empty for none in particular

    def is_alone(self, own: str) -> bool:
        """Tell whether a scan, by the hash of its pixels, was taken out of its pair."""
        return self.partner == own


@dataclass(frozen=True)
class Memory:
    """All that is remembered: answers by instrument, else by content; roles by hash of pixels."""

    instruments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)

    def answers(self, cube: Cube) -> Mapping[str, str]:
        """Return what the user said about cubes like this one; empty for nothing."""
        read = cube.as_read or cube
        if not questions(read):
            return {}
        own = self.files.get(content_key(read), {}) if self.files else {}
        return {**self.instruments.get(read.instrument, {}), **own} if read.instrument else own


def instrument_name(text: str) -> str:
    """Return the name of an instrument as it is kept: one short line of printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST_NAME]


def load() -> Memory:
    """Read what is remembered; a file that cannot be used is logged and counts as empty."""
    try:
        if _file().stat().st_size > _LONGEST_FILE:
            raise ValueError("too large")
        stored = from_json(_file().read_text(encoding="utf-8"))
        if stored["format"] != _FORMAT:
            raise ValueError("another format")
        choices = {
            str(key): Choice(str(role), str(partner))
            for key, (role, partner) in stored["choices"].items()
            if role in ("rest", "stress")
        }
        return Memory(_answers(stored["instruments"]), _answers(stored["files"]), choices)
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        log.warning("what was said about earlier files cannot be read; taken as nothing")
        return Memory()


def applied(case: Case, memory: Memory) -> Case:
    """Return a case with what the user said about files like its own.

    An answer that cannot be used any more is left out, and a note says so.
    """
    try:
        return corrected_case(case, memory.answers)
    except CubeviewError as error:
        text = f"what was said earlier about this instrument was left out: {error}"
        cubes = {
            role: replace(cube, notes=(*cube.notes, Note("info", text)))
            for role, cube in case.cubes.items()
        }
        return replace(case, cubes=cubes)


def keep(cube: Cube, answers: Mapping[str, str]) -> None:
    """Remember what the user said about cubes like this one; no answers forget what was said.

    Raises CubeviewError if it cannot be written.
    """
    read, memory = cube.as_read or cube, load()
    of_file = {k: v for k, v in answers.items() if k in _OF_CONTENT or not read.instrument}
    files = {**memory.files, content_key(read): of_file}
    memory = replace(memory, files={k: v for k, v in files.items() if k and v})
    if read.instrument:
        shared = {k: v for k, v in answers.items() if k not in _OF_CONTENT}
        kept = {**memory.instruments, read.instrument: shared}
        memory = replace(memory, instruments={k: v for k, v in kept.items() if v})
    _save(memory)


def keep_roles(case: Case, *, alone: bool = False) -> None:
    """Remember which of the user's scans are rest and stress, and which make a pair.

    Raises CubeviewError if it cannot be written, or a file has gone.

    Parameters
    ----------
    case : Case
    alone : bool
        The scan was taken out of its pair: it makes no other by itself.
    """
    hashes = {role: pixel_hash(cube) for role, cube in case.cubes.items()}
    memory = load()
    choices = dict(memory.choices)
    for role, own in hashes.items():
        partner = next((h for other, h in hashes.items() if other != role), own if alone else "")
        former = choices.pop(own, None)
        if former is not None and former.partner in choices:
            choices[former.partner] = replace(choices[former.partner], partner="")
        if role in ("rest", "stress"):
            choices[own] = Choice(role, partner)
    _save(replace(memory, choices=choices))


def forget_roles(case: Case) -> None:
    """Forget what was said about the scans of a case being rest or stress."""
    memory = load()
    gone = {pixel_hash(cube) for cube in case.cubes.values()}
    kept = {own: choice for own, choice in memory.choices.items() if own not in gone}
    if len(kept) < len(memory.choices):
        _save(replace(memory, choices=kept))


def pixel_hash(cube: Cube) -> str:
    """Return the SHA-256 of the values of a cube as they were read."""
    values = (cube.as_read or cube).pixels.read()
    return hashlib.sha256(values.tobytes()).hexdigest()


def content_key(cube: Cube) -> str:
    """Return what tells one file from another by content: its size, its first and last bytes."""
    if cube.source is None:
        return ""
    try:
        return file_key(cube.source.path, cube.source.part)
    except OSError:
        return ""


def file_key(path: Path, part: str = "") -> str:
    """Return what tells a file, and a part of it, from others; OSError if it cannot be read."""
    digest = hashlib.sha256(part.encode())
    with path.open("rb") as stream:
        digest.update(stream.read(_ENDS))
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - _ENDS, 0))
        digest.update(stream.read(_ENDS))
    digest.update(str(size).encode())
    return digest.hexdigest()


def _answers(stored: Any) -> dict[str, dict[str, str]]:
    return {
        str(name): {str(key): str(answer) for key, answer in answers.items()}
        for name, answers in stored.items()
    }


def _file() -> Path:
    return data_dir() / "corrections.json"


def _save(memory: Memory) -> None:
    stored = {
        "format": _FORMAT,
        "instruments": memory.instruments,
        "files": memory.files,
        "choices": {own: [c.role, c.partner] for own, c in memory.choices.items()},
    }
    advice = "So this counts for now only: free some space or check the folder's permissions."
    with refusing(_file(), "cannot be written", advice), replacing(_file()) as part:
        part.write_text(json.dumps(stored, indent=1, ensure_ascii=False), encoding="utf-8")
