"""What belongs to a case while it is open, and is as it was when the user comes back to it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from cubeview.cubes.answer import Answer, Overlay
from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.cube import Box
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.measured import Measured
from cubeview.gui.desk.styles import Curve, Display, Mark
from cubeview.measure.masks.layer import Layer

if TYPE_CHECKING:
    from cubeview.learn.ask.predict import Latest

T = TypeVar("T")


@dataclass(eq=False)
class OpenCase:
    """One object an open case; the session owns them, and alone changes what it announces.

    Parameters
    ----------
    case : Case or None
        None for the empty window.
    display : Display
    cursor : tuple of int
        A voxel of the main cube.
    window : Box or None
        The part of a sky cube that was asked about; None for the whole case.
    drawn : bool
        The user drew this window: it counts, and not the one around the cursor, until the cursor
        leaves it.
    gate : int or None
        The gate of a gated scan that is shown, counted from 0; None for the sum.
    white : bool
        The sky plane shows the mean of all channels.
    white_plane : ndarray, shape (y, x), optional
        That mean, once it has been made.
    aperture : float
        Radius, in voxels, of the circle around the cursor whose spectrum is shown; 0 for none.
    measured : Measured
    measured_before : list of Measured
        What it was before each change by the user, the last change last.
    marks, ventricles, prediction, overlay, catalogue
        What was labelled, fitted or placed, answered, explained and found.
    curve : Curve, optional
        What is drawn over the spectrum.
    hashes : dict of role to str, optional
        SHA-256 of the case's files; None while they are not known.
    undo : list
        Ellipsoids as they were before each change by the user, the last change last.
    found : dict of role to Ventricle
        What the finder made of it. Filled and read in the quick lane only, as is `latest`.
    latest : Latest, optional
        The input a network was last shown.
    rows : dict
        Rows of slices as they were cut, by gate, and what for; the rows' view alone fills it.
    masks : dict of role to Layer
        What was painted; `Painting` changes it.
    zoom : dict of str to (left, right, low, high)
        What views show that are not fitted, in voxels, by their names; the views fill it when they
        go, and come back to it.
    """

    case: Case | None
    display: Display
    cursor: tuple[int, int, int] = (0, 0, 0)
    window: Box | None = None
    drawn: bool = False
    gate: int | None = None
    white: bool = False
    white_plane: np.ndarray | None = None
    aperture: float = 0.0
    measured: Measured = field(default_factory=Measured)
    measured_before: list[Measured] = field(default_factory=list)
    marks: tuple[Mark, ...] = ()
    ventricles: dict[str, Ventricle] = field(default_factory=dict)
    prediction: Answer | None = None
    overlay: Overlay | None = None
    catalogue: Catalogue | None = None
    curve: Curve | None = None
    hashes: dict[str, str] | None = None
    undo: list[dict[str, Ventricle]] = field(default_factory=list)
    found: dict[str, Ventricle] = field(default_factory=dict)
    latest: "Latest | None" = None
    rows: dict[Any, Any] = field(default_factory=dict)
    masks: dict[str, Layer] = field(default_factory=dict)
    zoom: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.case is not None:
            z, y, x = self.case.main.shape
            self.cursor = (z // 2, y // 2, x // 2)
            self.window = self.case.window


class Shown(Generic[T]):
    """An attribute of a session that is the one of that name of the `OpenCase` it shows."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, session: Any, owner: type | None = None) -> T:
        value: T = getattr(session.shown, self._name)
        return value
