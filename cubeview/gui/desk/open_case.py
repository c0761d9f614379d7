"""What belongs to a case while it is open, and is as it was when the user comes back to it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.cube import Box
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.styles import Display, Mark

if TYPE_CHECKING:
    from cubeview.learn.ask.predict import Latest


@dataclass(eq=False)
class OpenCase:
    """One object an open case; the session owns them, and alone changes what it announces.

    Parameters
    ----------
    case : Case or None
        None for the empty window.
    display : Display
    cursor, window, drawn, gate, white, aperture, marks, ventricles, prediction, overlay, catalogue
        See `Session`, which shows those of the current case.
    hashes : dict of role to str, optional
        SHA-256 of the case's files; None while they are not known.
    undo : list
        Ellipsoids as they were before each change by the user, the last change last.
    found : dict of role to Ventricle
        What the finder made of it. Filled and read in the quick lane only, as is `latest`.
    latest : Latest, optional
        The input a network was last shown.
    """

    case: Case | None
    display: Display
    cursor: tuple[int, int, int] = (0, 0, 0)
    window: Box | None = None
    drawn: bool = False
    gate: int | None = None
    white: bool = False
    aperture: float = 0.0
    marks: tuple[Mark, ...] = ()
    ventricles: dict[str, Ventricle] = field(default_factory=dict)
    prediction: Prediction | None = None
    overlay: Overlay | None = None
    catalogue: Catalogue | None = None
    hashes: dict[str, str] | None = None
    undo: list[dict[str, Ventricle]] = field(default_factory=list)
    found: dict[str, Ventricle] = field(default_factory=dict)
    latest: "Latest | None" = None

    def __post_init__(self) -> None:
        if self.case is not None:
            z, y, x = self.case.main.shape
            self.cursor = (z // 2, y // 2, x // 2)
            self.window = self.case.window
