"""What a blind search of a sky cube found, and how far to trust it."""

import math
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.frozen import rebuilt


@dataclass(frozen=True)
class Detection:
    """One entry of a catalogue.

    Parameters
    ----------
    number : int
        From 1, brightest first.
    label : str
        Class: ``"emission line"``, ``"absorption"``, ``"continuum"``.
    probability : float
        Of that class, from the network.
    sn : float
        Signal-to-noise of the filter that fits best; positive for absorption too.
    strength : float
        What emission lines are sorted out by: the same with the error of the continuum under a
        line counted as noise, a little more for large filters, which noise deceives less often,
        and less for what a network takes for a fault.
    purity : float
        Share of detections of at least this strength that are real, as measured on the data and
        on the side of caution; NaN where the data cannot tell (absorption).
    ra_deg, dec_deg : float
        On the cube's own sky frame; NaN for a cube without one.
    spectral : float
        Centre of the line in the unit of the spectral axis; NaN for continuum.
    voxel : tuple of three float
        Voxel index (z, y, x), 0-based; z is the middle of the cube for continuum.
    sky_extent : float
        Full width at half maximum on the sky, in arcsec where the cube has a sky, else in voxels.
    spectral_extent : float
        Full width at half maximum along the spectral axis, in its unit; NaN for continuum.
    own : str
        What a model with classes of its own calls it; empty where none was asked.
    own_probability : float
        Of that.
    """

    number: int
    label: str
    probability: float
    sn: float
    strength: float
    purity: float
    ra_deg: float
    dec_deg: float
    spectral: float
    voxel: tuple[float, float, float]
    sky_extent: float
    spectral_extent: float
    own: str = ""
    own_probability: float = math.nan

    @property
    def called(self) -> str:
        """The class that is shown: the own one where there is one."""
        return self.own or self.label

    @property
    def sure(self) -> float:
        """Probability of `called`."""
        return self.own_probability if self.own else self.probability

    def is_in(self, channel: int, step: float) -> bool:
        """Tell whether the source is seen in a channel; a continuum is in all.

        Parameters
        ----------
        channel : int
        step : float
            Between channels, in the unit of the spectral axis.
        """
        if not math.isfinite(self.spectral_extent):
            return True
        # Twice the full width at half maximum holds all of a Gaussian but two per cent.
        reach = self.spectral_extent / abs(step) if step else 0.0
        return abs(channel - self.voxel[0]) <= max(1.0, reach)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What a search found in one case.

    Parameters
    ----------
    case : Case
    model : str
        Name of the model that judged.
    detections : tuple of Detection
    threshold : float
        Strength from which on emission lines were taken.
    purity_sn, purity : ndarray, shape (n,)
        Purity of emission lines against threshold; empty where nothing was found.
    false_peaks : int
        How many "lines" above the threshold the same search finds in the flipped cube.
    notes : tuple of str
        What else the reader of the catalogue should know.
    """

    case: Case
    model: str
    detections: tuple[Detection, ...]
    threshold: float
    purity_sn: np.ndarray
    purity: np.ndarray
    false_peaks: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("purity_sn", "purity"):
            values = np.array(getattr(self, name), dtype=np.float64)
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    __reduce__ = rebuilt

    @property
    def spectral_unit(self) -> str:
        """Unit of `Detection.spectral`."""
        return self.case.main.axes[0].unit


def step_value(thresholds: np.ndarray, values: np.ndarray, at: float) -> float:
    """Return the value at the highest threshold not above `at`; NaN below the first.

    Parameters
    ----------
    thresholds, values : ndarray, shape (n,)
        Thresholds rise.
    at : float
    """
    place = int(np.searchsorted(thresholds, at, side="right")) - 1
    return float(values[place]) if place >= 0 else math.nan
