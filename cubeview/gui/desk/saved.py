"""A session as it is saved: cases, what was done to each, and the window, in one JSON file.

Files are named from where the session lies. Those of patients are not named at all, since a name
of a file may be a patient's: they are known again by their content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cubeview
from cubeview.cubes.catalogue import Detection
from cubeview.cubes.mask import MaskLabel
from cubeview.cubes.shape import Shape
from cubeview.cubes.typed import typed, written
from cubeview.errors import CubeviewError, refusing
from cubeview.gui.desk.styles import Display
from cubeview.paths import replacing
from cubeview.plain import from_json

SUFFIX = ".cubeview"
FORMAT = 1
_KEY = "cubeview_session"
_LONGEST = 256 << 20
_HEAD = 200

Span = tuple[float, float]


@dataclass(frozen=True)
class SavedFile:
    """A file: how it is called from where the session lies (a patient's is not), and its content.

    Parameters
    ----------
    path : str
    size : int
        Bytes.
    key : str
        See `cubeview.io.corrections.file_key`.
    """

    path: str
    size: int
    key: str


@dataclass(frozen=True)
class SavedCube:
    """A cube: its files, which part of them it is, and how the user had it read and shown.

    Parameters
    ----------
    files : tuple of SavedFile
    key : str
        See `cubeview.io.corrections.content_key`.
    part : str
        Empty of a patient's.
    answers : mapping of str to str
        As `cubeview.cubes.guesses.corrected` takes them.
    spectral : mapping of str to str
        As `cubeview.cubes.spectral.with_spectral` takes it; empty for the axis of the file.
    """

    files: tuple[SavedFile, ...]
    key: str
    part: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    spectral: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedPlaces:
    """Entries of a catalogue laid over the sky, as `cubeview.io.places.Places` has them."""

    title: str
    words: str
    names: tuple[str, ...]
    y: tuple[float, ...]
    x: tuple[float, ...]


@dataclass(frozen=True)
class SavedFit:
    """A line fitted to the spectrum shown, as `cubeview.measure.sky.one.SpectrumFit` has it."""

    line: str
    redshift: float
    figures: Mapping[str, tuple[float, float, str]]
    sn: float
    start: int
    curve: tuple[float, ...]
    words: tuple[str, ...]
    of: str


@dataclass(frozen=True)
class SavedSources:
    """What a search found; see `cubeview.cubes.catalogue.Catalogue`."""

    model: str
    detections: tuple[Detection, ...]
    threshold: float
    purity_sn: tuple[float, ...]
    purity: tuple[float, ...]
    false_peaks: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SavedMask:
    """A painted mask: runs of (first voxel, how many, label), voxels counted in array order."""

    labels: tuple[MaskLabel, ...]
    runs: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class SavedEllipsoid:
    """See `cubeview.cubes.ventricle.Ventricle`."""

    centre: tuple[float, float, float]
    axes: tuple[tuple[float, float, float], ...]
    radii: tuple[float, float, float]
    doubt: float
    reason: str
    by: Literal["fit", "user"]


@dataclass(frozen=True)
class SavedState:
    """What was done to a case; see `OpenCase` and `Measured`, whose names these are."""

    cursor: tuple[int, int, int]
    display: Display
    window: tuple[tuple[int, int], ...] | None = None
    drawn: bool = False
    gate: int | None = None
    white: bool = False
    aperture: float = 0.0
    zoom: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)
    interval: Span | None = None
    continuum: tuple[Span, ...] = ()
    through: Literal["polynomial", "robust", "median"] = "polynomial"
    how: str = "moment 0"
    least_sn: float = 0.0
    image_shown: bool = True
    shapes: tuple[Shape, ...] = ()
    chosen: int = -1
    background: int = -1
    redshift: float = 0.0
    path: tuple[Span, ...] = ()
    path_width: float = 0.0
    lines_shown: bool = False
    places_shown: bool = True
    places: tuple[SavedPlaces, ...] = ()
    fit: SavedFit | None = None
    sources: SavedSources | None = None
    masks: Mapping[str, SavedMask] = field(default_factory=dict)
    ventricles: Mapping[str, SavedEllipsoid] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedCase:
    """A case of the list: what it is called, its cubes by role, and what was done to it."""

    name: str
    cubes: Mapping[str, SavedCube]
    state: SavedState


@dataclass(frozen=True)
class SavedSession:
    """All of it.

    Parameters
    ----------
    cases : tuple of SavedCase
    current : int
        The one shown; -1 for none.
    aperture_how : {"sum", "mean"}
    layout : str
        How the panels lay, as Qt wrote it, in base 64.
    rows : bool
        Hearts hang in rows of slices.
    """

    cases: tuple[SavedCase, ...]
    current: int = -1
    aperture_how: Literal["sum", "mean"] = "sum"
    layout: str = ""
    rows: bool = False


def is_session(path: Path) -> bool:
    """Tell by its name and its first bytes whether a file is a saved session, damaged or not."""
    if path.suffix.lower() not in (SUFFIX, ".json"):
        return False
    try:
        with path.open("rb") as stream:
            return f'"{_KEY}"'.encode() in stream.read(_HEAD) or path.suffix.lower() == SUFFIX
    except OSError:
        return False


def write_session(saved: SavedSession, path: Path) -> None:
    """Write a session, whole or not at all; CubeviewError if it cannot be written."""
    head = {_KEY: FORMAT, "written_by": f"CubeView {cubeview.__version__}"}
    text = json.dumps({**head, **written(saved)}, indent=1, ensure_ascii=False, allow_nan=False)
    advice = "Choose another folder or free some space."
    with refusing(path, "cannot be written", advice), replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def read_session(path: Path) -> SavedSession:
    """Read a session.

    Raises
    ------
    CubeviewError
        If it cannot be read, is damaged, or is of a newer CubeView.
    """
    with refusing(path, "cannot be read", "Check that it is still there."):
        if path.stat().st_size > _LONGEST:
            raise CubeviewError(f"{path}: too large for a session of CubeView.")
        raw = path.read_bytes()
    try:
        found = from_json(raw.decode("utf-8-sig"))
        number = found[_KEY]
        if type(number) is int and number > FORMAT:
            raise CubeviewError(
                f"{path}: this session is of a newer CubeView (format {number}; this one reads up "
                f"to {FORMAT}). Nothing was opened. Update CubeView, or save it there again."
            )
        if number != FORMAT:
            raise ValueError("its format number is none")
        saved: SavedSession = typed(found, SavedSession)
        _check(saved)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = error if isinstance(error, ValueError) and "\n" not in str(error) else "no session"
        raise CubeviewError(
            f"{path}: this session is damaged ({str(why)[:120]}). Nothing was opened or changed. "
            "Take an earlier copy of it, or open its files one by one."
        ) from error
    return saved


def _check(saved: SavedSession) -> None:
    """Raise ValueError for numbers that cannot belong together."""
    if not -1 <= saved.current < len(saved.cases):
        raise ValueError("current is no case of the list")
    for case in saved.cases:
        if not case.cubes or not all(cube.files for cube in case.cubes.values()):
            raise ValueError("a case has no file")
        state = case.state
        if not max(state.chosen, state.background) < max(len(state.shapes), 1):
            raise ValueError("an aperture that is chosen is not there")
        if any(len(one.x) != len(one.y) or len(one.x) != len(one.names) for one in state.places):
            raise ValueError("a catalogue has columns of two lengths")
