"""The index of a disc (DICOMDIR): the files it lists, PS3.3 F.3 and PS3.10 section 8.2."""

import re
from pathlib import Path

from pydicom.dataset import Dataset

MOST_FILES = 20_000
"""Files of one index that are followed."""

_PART = re.compile(r"[A-Za-z0-9_. -]{1,64}")


def listed_files(header: Dataset, path: Path) -> list[Path]:
    """Return the files an index refers to that lie below its own folder and are there."""
    folder = path.parent
    found = []
    for record in list(header.get("DirectoryRecordSequence") or [])[:MOST_FILES]:
        parts = record.get("ReferencedFileID")
        parts = [parts] if isinstance(parts, str) else [str(part) for part in parts or []]
        # Names of the standard only: a hostile index must not lead out of its folder.
        if not parts or not all(_PART.fullmatch(part) and part.strip(". ") for part in parts):
            continue
        file = folder.joinpath(*parts)
        if file.is_file() and file.resolve().is_relative_to(folder.resolve()):
            found.append(file)
    return found
