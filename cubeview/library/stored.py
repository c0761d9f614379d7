"""Cases of the library opened again from their files, and the small pictures of the list."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box, Cube
from cubeview.cubes.region import fits
from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.io import archive, open_paths
from cubeview.io.identity import content_hash, file_hashes
from cubeview.kinds import kind_of
from cubeview.library.cases import Record
from cubeview.library.library import Library
from cubeview.library.values import known_kind

THUMBNAIL_PX = 40
_WINDOW = re.compile(r"\d{1,9}")


def hashes_of(library: Library, case: Case, *, report: Report = nothing) -> dict[str, str]:
    """Return the SHA-256 of the file behind each role; an unchanged file is not read again.

    Raises CubeviewError if a cube has no file, or its file cannot be read.

    Parameters
    ----------
    library : Library
    case : Case
    report : callable
    """
    return file_hashes(case, report=report, hashed=partial(hash_of, library))


def hash_of(library: Library, path: Path, *, report: Report = nothing) -> str:
    """Return the SHA-256 of a file, from memory when size and time of change are the same.

    Raises CubeviewError if the file cannot be read.

    Parameters
    ----------
    library : Library
    path : Path
    report : callable
    """
    path = path.absolute()
    with refusing(path, "cannot be read", "Check that it is still there."):
        before = path.stat()
    known = library.read(
        "SELECT sha256 FROM fingerprints WHERE path = ? AND size = ? AND mtime_ns = ?",
        (str(path), before.st_size, before.st_mtime_ns),
    )
    if known:
        return str(known[0][0])
    digest = content_hash(path, report=report)
    # Without space to remember it, it is read once more another time.
    with suppress(CubeviewError), library.transaction() as run:
        run.execute(
            "INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?, ?)",
            (str(path), before.st_size, before.st_mtime_ns, digest),
        )
    return digest


def records(library: Library, case_id: int | None = None) -> dict[int, Record]:
    """Return what the library holds of all cases, or of one, by their number."""
    one = () if case_id is None else (case_id,)
    files: dict[int, dict[str, tuple[str, str, str]]] = {}
    for number, role, *file in library.read(
        "SELECT case_id, role, sha256, part, path FROM files"
        f" {'WHERE case_id = ?' if one else ''} ORDER BY case_id, role DESC",
        one,
    ):
        files.setdefault(number, {})[role] = (file[0], file[1], file[2])
    return {
        number: Record(known, known_kind(kind), name, window, files.get(number, {}))
        for number, known, kind, name, window in library.read(
            "SELECT id, identity, kind, name, window FROM cases"
            f" {'WHERE id = ?' if one else ''} ORDER BY id",
            one,
        )
    }


def case_names(library: Library) -> dict[int, str]:
    """Return the name of each case."""
    return dict(library.read("SELECT id, name FROM cases", ()))


def open_stored(library: Library, case_id: int, *, report: Report = nothing) -> Case:
    """Open a case of the library again, with its roles, its pseudonym and its window.

    Raises CubeviewError if a file has gone or its content is not what was labelled.

    Parameters
    ----------
    library : Library
    case_id : int
    report : callable
    """
    found = records(library, case_id)[case_id]
    check_files(library, found, report=report)
    return open_record(found, report=report)


def check_files(library: Library, found: Record, *, report: Report = nothing) -> None:
    """Raise CubeviewError if a file of a case has gone or has other content than it had.

    Parameters
    ----------
    library : Library
        Remembers the hashes of files that have not changed.
    found : Record
    report : callable
    """
    for role, (digest, _, path) in found.files.items():
        if not path or not archive.is_there(path):
            raise CubeviewError(
                f"{found.name}: its {role} file is not where it was. Open it from its new place or "
                "import its folder: it is known by its content."
            )
        if hash_of(library, archive.found(path, report=report), report=report) != digest:
            raise CubeviewError(
                f"{found.name}: the content of its {role} file has changed since it came into the "
                "library. Import it again as a new case."
            )


def open_record(found: Record, *, report: Report = nothing) -> Case:
    """Open the files of a case, with its roles, its pseudonym and its window.

    Raises CubeviewError if a file cannot be opened.
    """
    name = found.name
    names = {path for *_, path in found.files.values()}
    paths = [archive.found(name, report=report) for name in names]
    opened = open_paths(paths, report=report)
    held = {
        (archive.lasting(cube.source.path), cube.source.part): cube
        for case in opened.cases
        for cube in case.cubes.values()
        if cube.source is not None
    }
    cubes: dict[str, Cube] = {}
    for role, (_, part, path) in found.files.items():
        cube = held.get((path, part))
        if cube is None:
            reason = opened.refusals[0].reason if opened.refusals else "nothing to open."
            raise CubeviewError(f"{name}: its {role} file cannot be opened: {reason}")
        cubes[role] = cube
    box = window_box(found.window)
    if box is not None and not fits(box, next(iter(cubes.values()))):
        raise CubeviewError(f"{name}: its window lies outside the cube. Label it again.")
    for case in opened.cases:
        if dict(case.cubes) == cubes:
            return replace(case, name=name, window=box)
    kind, evidence = found.kind, ("roles as kept in the library",)
    return Case(name, kind, cubes, evidence=evidence, window=box)


def window_box(text: str) -> Box | None:
    """Return the window of `cubeview.io.identity.window_text`; None for the whole cube.

    Raises CubeviewError if it cannot be read.
    """
    if not text:
        return None
    ends = [int(end) for end in _WINDOW.findall(text)]
    if len(ends) != 6 or text != "{}:{},{}:{},{}:{}".format(*ends):
        raise CubeviewError(f"the window {text!r} cannot be read. Label it again.")
    return slice(*ends[:2]), slice(*ends[2:4]), slice(*ends[4:])


def thumbnail(case: Case) -> tuple[int, bytes]:
    """Return a small grey picture of the middle plane of each role, side by side.

    Its width in pixels, the height being `THUMBNAIL_PX`, and rows of uint8, from black at the 1st
    to white at the 99.5th percentile.
    """
    pictures = [_picture(cube, case.window) for cube in case.cubes.values()]
    picture = np.ascontiguousarray(np.hstack(pictures))
    return picture.shape[1], picture.tobytes()


def keep_thumbnail(library: Library, case_id: int, picture: tuple[int, bytes]) -> None:
    """Keep the small picture of a case.

    Parameters
    ----------
    library : Library
    case_id : int
    picture : tuple of (width, bytes)
        From `thumbnail`.
    """
    with library.transaction() as run:
        run.execute("INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?)", (case_id, *picture))


def thumbnails(library: Library, case_ids: list[int]) -> Mapping[int, tuple[int, bytes]]:
    """Return the pictures of some cases, where there are any."""
    marks = ",".join("?" * len(case_ids))
    rows = library.read(
        f"SELECT case_id, width, grey FROM thumbnails WHERE case_id IN ({marks})"
        f" AND width > 0 AND length(grey) = width * {THUMBNAIL_PX}",
        tuple(case_ids),
    )
    return {number: (width, grey) for number, width, grey in rows}


def without_thumbnail(library: Library) -> list[int]:
    """Return the cases that have files but no picture yet."""
    rows = library.read(
        "SELECT DISTINCT case_id FROM files WHERE path <> '' AND case_id NOT IN"
        " (SELECT case_id FROM thumbnails) ORDER BY case_id",
        (),
    )
    return [number for (number,) in rows]


def _picture(cube: Cube, window: Box | None) -> np.ndarray:
    if window is None and kind_of(cube).ventricle:
        plane = _heart_plane(cube)
    elif window is None:
        plane = cube.plane(0, cube.shape[0] // 2)
    else:
        z, y, x = window
        plane = cube.box((slice((z.start + z.stop) // 2, (z.start + z.stop) // 2 + 1), y, x))[0]
    size = max(plane.shape)
    rows = np.clip((np.arange(THUMBNAIL_PX) + 0.5) * size / THUMBNAIL_PX, 0, size - 1).astype(int)
    square = np.full((size, size), np.nan, np.float32)
    top, left = (size - plane.shape[0]) // 2, (size - plane.shape[1]) // 2
    square[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
    small = square[np.ix_(rows, rows)]
    seen = small[np.isfinite(small)]
    if not seen.size:
        return np.zeros(small.shape, np.uint8)
    low, high = np.percentile(seen, (1, 99.5))
    scaled = (small - low) / max(float(high - low), 1e-30) * 255
    # FITS counts rows from below, and so does the sky; scans from above.
    shown = scaled[::-1] if not kind_of(cube).patient else scaled
    grey: np.ndarray = np.nan_to_num(np.clip(shown, 0, 255)).astype(np.uint8)
    return grey


def _heart_plane(cube: Cube) -> np.ndarray:
    """Return the plane through the middle of what is bright, cut to 160 mm around it."""
    values = np.nan_to_num(cube.box((slice(None), slice(None), slice(None))))
    bright = np.argwhere(values > 0.5 * values.max())
    if not len(bright):
        middle_plane: np.ndarray = values[len(values) // 2]
        return middle_plane
    middle = np.median(bright, axis=0).astype(int)
    halves = [max(2, round(80.0 / step)) for step in cube.spacing]
    rows, columns = (
        slice(max(0, int(middle[a]) - halves[a]), int(middle[a]) + halves[a]) for a in (1, 2)
    )
    plane: np.ndarray = values[middle[0], rows, columns]
    return plane
