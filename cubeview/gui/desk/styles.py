"""How things are painted: values the session holds and the views read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Box

DOUBTFUL = 0.5
"""A fitted ventricle of more doubt than this is to be checked by the user."""

WHITE = "white light"
"""Stands for a role where the levels of the mean of all channels are meant."""


@dataclass(frozen=True)
class Display:
    """How slices are painted; one for all cubes of a case.

    Parameters
    ----------
    colormap : str
        Key of a colour map in ``gui/colormaps.py``.
    stretch : {"linear", "sqrt", "log", "asinh"}
    levels : mapping of role to (low, high), in the cube's unit
        Lower and upper level apart, per role; of the white light under `WHITE`, once it was shown.
    levels_from : str
        How they were chosen, as shown: ``"99.5 %"``, ``"zscale"``, ``"ventricle maximum"``,
        ``"set by hand"``.
    band : str
        Role of a picture that is shown alone; empty for all of them in colour.
    linked : bool
        Hearts: the levels of all states are one pair, each in % of its own maximum.
    smooth : bool
        Hearts: values interpolated between voxels, as readers of scans are used to.
    """

    colormap: str = "viridis"
    stretch: str = "linear"
    levels: Mapping[str, tuple[float, float]] | None = None
    levels_from: str = ""
    band: str = ""
    linked: bool = False
    smooth: bool = True


@dataclass(frozen=True)
class OverlayStyle:
    """How an overlay is painted: 0-1 opacity, and the share of the peak below which it is clear."""

    visible: bool = True
    opacity: float = 0.6
    threshold: float = 0.25


@dataclass(frozen=True)
class Mark:
    """A labelled window of a sky cube: where, what it was called, and the colour of that class."""

    box: Box
    text: str
    colour: str


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve drawn over the spectrum, and where the source is that it says.

    Parameters
    ----------
    name : str
        ``"galaxy, z = 0.0466"``.
    values : ndarray, shape (z,), in the cube's unit
        NaN where there is none.
    z : float
        Redshift at which lines are named.
    place : tuple of two int
        Voxel (y, x) whose spectrum it is for.
    """

    name: str
    values: np.ndarray
    z: float
    place: tuple[int, int] = (0, 0)
