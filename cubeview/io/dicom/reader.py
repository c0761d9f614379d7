"""The DICOM reader as the rest of the program knows it."""

from collections.abc import Sequence
from pathlib import Path

from cubeview.errors import Report, nothing
from cubeview.io.dicom.sniff import is_gzipped_dicom, looks_like_dicom
from cubeview.io.opened import First, Opened, Reader


def sniff(head: bytes, path: Path) -> bool:
    """Tell from its first bytes whether a file is DICOM, whatever its name."""
    return looks_like_dicom(head) or is_gzipped_dicom(head)


def read(paths: Sequence[Path], *, report: Report = nothing, first: First | None = None) -> Opened:
    """Read DICOM files as cases; see `cubeview.io.opened.Read`. `first` is never called."""
    # pydicom takes 0.2 s to import, which a session of sky cubes need not wait for.
    from cubeview.io.dicom.cases import read_cases

    return read_cases(paths, report=report)


READER = Reader("DICOM", sniff, read)
