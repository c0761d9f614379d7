"""The index of a disc (DICOMDIR): the files it lists, PS3.3 F.3 and PS3.10 section 8.2."""

import re
from pathlib import Path

from pydicom.dataset import Dataset

MOST_FILES = 20_000
"""Files of one index that are followed."""

_PART = re.compile(r"[A-Za-z0-9_.; -]{1,64}")


def listed_files(header: Dataset, path: Path) -> list[Path]:
    """Return the files an index refers to that lie below its own folder and are there."""
    folder = path.parent
    inside: dict[Path, dict[str, Path]] = {}
    found = []
    for record in list(header.get("DirectoryRecordSequence") or [])[:MOST_FILES]:
        parts = record.get("ReferencedFileID")
        parts = [parts] if isinstance(parts, str) else [str(part) for part in parts or []]
        # Names of the standard only: a hostile index must not lead out of its folder.
        if not parts or not all(_PART.fullmatch(part) and part.strip(". ") for part in parts):
            continue
        file = folder
        for part in parts:
            exact = file / part
            file = exact if exact.exists() else _listed(file, inside).get(_plain(part), exact)
        if file.is_file() and file.resolve().is_relative_to(folder.resolve()):
            found.append(file)
    return found


def _listed(folder: Path, inside: dict[Path, dict[str, Path]]) -> dict[str, Path]:
    """Return what lies in a folder, by name as in an index; `inside` remembers it."""
    if folder not in inside:
        try:
            names = sorted(folder.iterdir(), reverse=True)
        except OSError:
            names = []
        inside[folder] = {_plain(path.name): path for path in names}
    return inside[folder]


def _plain(name: str) -> str:
    """Return a name without what copying a disc changes: case, version and ending (ISO 9660)."""
    return re.sub(r"(?i)(;\d+|\.dcm|\.)+$", "", name).upper()
