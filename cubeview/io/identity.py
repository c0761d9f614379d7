"""What a label hangs on: the content of the files and the window, never a path or a name."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing, refusing

_CHUNK = 1 << 23


def content_hash(path: Path, *, report: Report = nothing) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal; CubeviewError if it cannot be read."""
    digest = hashlib.sha256()
    with refusing(path, "cannot be read", "Check that it is still there."):
        size = max(path.stat().st_size, 1)
        with path.open("rb") as stream:
            done = 0
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                report(done / size, f"reading {path.name}")
    return digest.hexdigest()


def window_text(case: Case) -> str:
    """Return a sky window as ``z0:z1,y0:y1,x0:x1`` (voxels, half open); empty for the whole."""
    if case.window is None:
        return ""
    return ",".join(f"{part.start}:{part.stop}" for part in case.window)


def together(hashes: Sequence[str]) -> str:
    """Return what identifies files that make one cube, in any order; of one file its own hash."""
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def file_hashes(
    case: Case, *, report: Report = nothing, hashed: Callable[..., str] = content_hash
) -> dict[str, str]:
    """Return the SHA-256 of the file, or of all files, behind each role; each is read once.

    Raises CubeviewError if a cube has no file, or its file cannot be read.

    Parameters
    ----------
    case : Case
    report : callable
    hashed : callable
        Hashes one file.
    """
    known: dict[Path, str] = {}
    hashes = {}
    for role, cube in case.cubes.items():
        if cube.source is None:
            raise CubeviewError(f"{case.name}: this cube has no file; save it before labelling.")
        for path in cube.source.paths:
            if path not in known:
                known[path] = hashed(path, report=report)
        hashes[role] = together([known[path] for path in cube.source.paths])
    return hashes


def identity(case: Case, hashes: dict[str, str]) -> str:
    """Return the identity of a case: SHA-256 over the files by role, their parts and the window.

    Rest and stress exchanged give another identity: it is another reading of the same files.
    """
    lines = []
    for role in sorted(case.cubes):
        source = case.cubes[role].source
        lines.append(f"{role} {hashes[role]} {source.part if source else ''}")
    text = "\n".join([*lines, window_text(case)])
    return hashlib.sha256(text.encode()).hexdigest()
