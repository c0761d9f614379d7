"""One axis of a cube: what it measures, in which unit, and the world coordinate of each voxel."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from cubeview.cubes.frozen import rebuilt

AxisKind = Literal["celestial", "spectral", "space", "time", "index"]


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a cube.

    Parameters
    ----------
    name : str
        Short name for labels: ``"RA"``, ``"Dec"``, ``"Wavelength"``, ``"Frequency"``,
        ``"Velocity"``, ``"Slice"``, ``"Row"``, ``"Column"``, ``"Time slot"``.
    kind : {"celestial", "spectral", "space", "time", "index"}
        Physical type. ``"index"``: none of these; see `counted` for an axis without coordinates.
    unit : str
        Unit of `values` as shown to the user: ``"deg"``, ``"Angstrom"``, ``"GHz"``, ``"mm"``;
        empty for ``"index"``. As written in the header wherever astropy understands it.
    values : ndarray, shape (n,), float64, in `unit`
        World coordinate of each voxel centre along the axis. For a celestial axis this holds
        along the cube's central row or column only; `Cube.world` uses the full sky WCS. For a
        space axis it is the patient position projected on the axis' own direction (mm), so its
        steps carry the sign of the stacking direction.
    type : str
        Type as the file names it, FITS Paper III code or DICOM term: ``"AWAV"``, ``"FREQ"``,
        ``"RA---TAN"``.
    medium : {"air", "vacuum", ""}
        For wavelengths.
    convention : {"radio", "optical", "relativistic", ""}
        For velocities.
    frame : str
        Reference frame: ``"LSRK"``, ``"BARYCENT"``, ``"ICRS"``, ``"FK5"``.
    rest : float or None
        Rest value for velocities, in `rest_unit` (``"Hz"`` or ``"m"``).
    redshift : float
        Of the frame that spectral values are in: 0 as observed, else the rest frame of a source
        at this redshift.
    guessed : bool
        True when type or unit did not stand in the file; the cube's notes say what was guessed.
    """

    name: str
    kind: AxisKind
    unit: str
    values: np.ndarray = field(repr=False)
    type: str = ""
    medium: Literal["air", "vacuum", ""] = ""
    convention: Literal["radio", "optical", "relativistic", ""] = ""
    frame: str = ""
    rest: float | None = None
    rest_unit: Literal["Hz", "m", ""] = ""
    redshift: float = 0.0
    guessed: bool = False

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    __reduce__ = rebuilt

    def __len__(self) -> int:
        return len(self.values)

    @property
    def counted(self) -> bool:
        """True where the file says nothing: values are voxel numbers and have no unit."""
        whole = not self.unit and np.array_equal(self.values, np.arange(len(self.values)))
        return self.kind == "index" and whole

    @property
    def step(self) -> float:
        """Mean signed step from voxel to voxel, in `unit`; 0 for an axis of one voxel."""
        if len(self.values) < 2:
            return 0.0
        return float((self.values[-1] - self.values[0]) / (len(self.values) - 1))

    def world(self, index: float) -> float:
        """Return the world coordinate, in `unit`, at a voxel index (0-based, may be fractional).

        Beyond the ends the last step is continued.
        """
        n = len(self.values)
        if n == 1:
            return float(self.values[0])
        low = int(np.clip(np.floor(index), 0, n - 2))
        slope = self.values[low + 1] - self.values[low]
        return float(self.values[low] + (index - low) * slope)

    def index(self, world: float) -> float:
        """Return the fractional voxel index of a world coordinate; the inverse of `world`.

        Non-monotonic axes (seen in broken tables) answer with the nearest voxel, NaN where no
        distance to one is a number.
        """
        values = self.values
        n = len(values)
        if n == 1:
            return 0.0
        steps = np.diff(values)
        if not (np.all(steps > 0) or np.all(steps < 0)):
            away = np.abs(values - world)
            return float(np.nanargmin(away)) if np.isfinite(away).any() else np.nan
        ascending = values if steps[0] > 0 else values[::-1]
        low = int(np.clip(np.searchsorted(ascending, world) - 1, 0, n - 2))
        slope = ascending[low + 1] - ascending[low]
        found = low + (world - ascending[low]) / slope
        return float(found if steps[0] > 0 else n - 1 - found)


def plain_axis(length: int, name: str) -> Axis:
    """Return an axis the file says nothing about: voxel numbers from 0, without a unit."""
    return Axis(name=name, kind="index", unit="", values=np.arange(length))
