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
from cubeview.io.corrections import pixel_hash
from cubeview.io.identity import content_hash, file_hashes, together
from cubeview.kinds import KINDS, kind_of
from cubeview.library.cases import Held, Record
from cubeview.library.library import Library
from cubeview.library.values import known_kind

THUMBNAIL_PX = 40
_WINDOW = re.compile(r"\d{1,9}")


def hashes_of(library: Library, case: Case, *, report: Report = nothing) -> dict[str, str]:
    """Return the SHA-256 of the file behind each role; an unchanged file is not read again.

    Of a scan that the library knows from another file, renamed, pseudonymised or compressed anew,
    it is the hash of that file: see `rewritten`.

    Raises CubeviewError if a cube has no file, or its file cannot be read.

    Parameters
    ----------
    library : Library
    case : Case
    report : callable
    """
    hashes = file_hashes(case, report=report, hashed=partial(hash_of, library))
    if not kind_of(case).patient:
        return hashes
    return {role: _known_as(library, case.cubes[role], own, report) for role, own in hashes.items()}


def rewritten(library: Library, case: Case, hashes: Mapping[str, str]) -> bool:
    """Tell whether a case is known by its pixels alone: its files are not those that came first.

    Parameters
    ----------
    library : Library
    case : Case
    hashes : mapping of role to str
        From `hashes_of`.
    """
    own = file_hashes(case, hashed=partial(hash_of, library))
    others = [role for role, known in hashes.items() if own[role] != known]
    firsts = {role: source.path for role in others if (source := case.cubes[role].source)}
    return any(hash_of(library, firsts[role]) != hashes[role] for role in others)


def _content(cube: Cube) -> str:
    """Return the hash of the values of a scan; empty where all are one."""
    values = (cube.as_read or cube).pixels.read()
    seen = values[np.isfinite(values)]
    return pixel_hash(cube) if seen.size and seen.min() < seen.max() else ""


def _known_as(library: Library, cube: Cube, digest: str, report: Report) -> str:
    """Return the hash of the file by which the library knows a scan: its own, or another's."""
    part = cube.source.part if cube.source else ""
    found = _contents(library, digest, part)
    pixels = found[0] if found else _content(cube)
    if not found:
        # Without space to remember it, it is read once more another time.
        with suppress(CubeviewError), library.transaction() as run:
            run.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", (digest, part, pixels))
    if not pixels or library.read("SELECT 1 FROM files WHERE sha256 = ? LIMIT 1", (digest,)):
        return digest
    if cube.source is not None and cube.source.beside:
        # Formerly a volume was known by the first of its files; it is the same one by its values.
        first = hash_of(library, cube.source.path, report=report)
        query = "SELECT 1 FROM files WHERE sha256 = ? AND part = ? LIMIT 1"
        if library.read(query, (first, part)) and _contents(library, first, part) in ([], [pixels]):
            return first
    others = library.read(
        "SELECT DISTINCT f.sha256 FROM files f JOIN contents c ON c.sha256 = f.sha256"
        " AND c.part = f.part WHERE c.pixels = ? AND f.part = ?",
        (pixels, part),
    )
    return str(others[0][0]) if len(others) == 1 else digest


def _contents(library: Library, digest: str, part: str) -> list[str]:
    """Return the hash of the values of a scan, where the library knows it."""
    rows = library.read("SELECT pixels FROM contents WHERE sha256 = ? AND part = ?", (digest, part))
    return [pixels for (pixels,) in rows]


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
    files: dict[int, dict[str, Held]] = {}
    places: dict[tuple[str, str], tuple[str, ...]] = {}
    for digest, part, path in library.read(
        "SELECT sha256, part, path FROM beside ORDER BY sha256, part, number", ()
    ):
        places[digest, part] = (*places.get((digest, part), ()), path)
    for number, role, digest, part, path in library.read(
        "SELECT case_id, role, sha256, part, path FROM files"
        f" {'WHERE case_id = ?' if one else ''} ORDER BY case_id, role DESC",
        one,
    ):
        held = Held(digest, part, path, places.get((digest, part), ()))
        files.setdefault(number, {})[role] = held
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
    for role, held in found.files.items():
        paths, role = (held.path, *held.beside), KINDS[found.kind].called(role)
        if gone := sum(not path or not archive.is_there(path) for path in paths):
            what = f"its {role} file is not where it was"
            if held.beside:
                what = f"of its {len(paths)} {role} files {gone} cannot be found"
            raise CubeviewError(
                f"{found.name}: {what}. Open it from its new place or import its folder: it is "
                "known by its content."
            )
        each = [hash_of(library, archive.found(p, report=report), report=report) for p in paths]
        own, digest = together(each), held.sha256
        if digest not in (own, each[0]) and not _same_pixels(library, own, digest):
            raise CubeviewError(
                f"{found.name}: the content of its {role} file has changed since it came into the "
                "library. Import it again as a new case."
            )


def _same_pixels(library: Library, one: str, other: str) -> bool:
    """Tell whether two files are known to hold the same values."""
    query = (
        "SELECT 1 FROM contents a JOIN contents b ON a.part = b.part AND a.pixels = b.pixels"
        " WHERE a.sha256 = ? AND b.sha256 = ? AND a.pixels <> '' LIMIT 1"
    )
    return bool(library.read(query, (one, other)))


def open_record(found: Record, *, report: Report = nothing) -> Case:
    """Open the files of a case, with its roles, its pseudonym and its window.

    Raises CubeviewError if a file cannot be opened.
    """
    name = found.name
    places = dict.fromkeys(p for kept in found.files.values() for p in (kept.path, *kept.beside))
    paths = [archive.found(place, report=report) for place in places]
    opened = open_paths(paths, report=report)
    held = {
        (archive.lasting(cube.source.path), cube.source.part): cube
        for case in opened.cases
        for cube in case.cubes.values()
        if cube.source is not None
    }
    cubes: dict[str, Cube] = {}
    for role, kept in found.files.items():
        cube = held.get((kept.path, kept.part))
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
