"""Spectra that redshifts are fitted with: galaxies, quasars and stars on a grid of log wavelength.

Out of desihub/redrock-templates (BSD-3-Clause); ``resources/redshift`` says what was made of it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

from cubeview.errors import CubeviewError
from cubeview.paths import resource

STEP = 1e-4
"""Of the decimal logarithm of wavelength in Ångström, from channel to channel."""

_RANGES = {"galaxy": (-0.005, 7.0), "quasar.LOZ": (0.05, 1.7), "quasar.HIZ": (1.4, 7.0)}
_STARS = (-0.004, 0.004)
"""Redshifts that are tried; of stars ± 1200 km/s."""


@dataclass(frozen=True, eq=False)
class Template:
    """Spectra of one type as combinations of a few.

    Parameters
    ----------
    name : str
        ``"galaxy"``, ``"quasar.HIZ"``, ``"star.K"``.
    first : int
        Number of the first channel, in steps of `STEP`.
    basis : ndarray, shape (k, n), float64
    single : ndarray, shape (a, k)
        Single objects as weights of the basis; none where there are none.
    low, high : float
        Redshifts that are tried.
    """

    name: str
    first: int
    basis: np.ndarray
    single: np.ndarray
    low: float
    high: float

    @property
    def type(self) -> str:
        """What it is a spectrum of, in words: ``"quasar"``, ``"star K"``."""
        kind, _, kinds = self.name.partition(".")
        return f"star {kinds}" if kind == "star" else kind

    def at(self, z: float, wave_a: np.ndarray) -> np.ndarray:
        """Return the basis seen at a redshift, NaN beyond it.

        Parameters
        ----------
        z : float
        wave_a : ndarray, shape (m,)
            Vacuum wavelengths as observed, Ångström.

        Returns
        -------
        ndarray, shape (k, m)
        """
        places = np.log10(wave_a / (1.0 + z)) / STEP - self.first
        numbers = np.arange(self.basis.shape[1])
        rows = [np.interp(places, numbers, row, np.nan, np.nan) for row in self.basis]
        return np.array(rows)


@dataclass(frozen=True, eq=False)
class Transformed:
    """The Fourier transforms of a template's spectra and of their products."""

    spectra: np.ndarray  # shape (k, f)
    products: np.ndarray  # shape (pairs, f); of `pairs`
    pairs: tuple[tuple[int, int], ...]


@lru_cache(maxsize=1)
def templates() -> tuple[Template, ...]:
    """Return all templates.

    Raises
    ------
    CubeviewError
        If the file that holds them is missing or damaged.
    """
    path = resource("redshift", "templates.npz")
    try:
        with np.load(path, allow_pickle=False) as given:
            arrays = {name: given[name] for name in given.files}
        names = [name.removesuffix(".first") for name in arrays if name.endswith(".first")]
        return tuple(_template(name, arrays) for name in names)
    except (OSError, ValueError, KeyError) as error:
        raise CubeviewError(
            "The templates of redshifts are missing or damaged. Install CubeView again."
        ) from error


def _template(name: str, arrays: dict[str, np.ndarray]) -> Template:
    basis = arrays[f"{name}.basis"].astype(np.float64) / 32767.0
    single = arrays.get(f"{name}.single", np.zeros((0, len(basis)))).astype(np.float64)
    return Template(name, int(arrays[f"{name}.first"]), basis, single, *_RANGES.get(name, _STARS))


@lru_cache(maxsize=32)
def transformed(template: Template, length: int, smooth: int) -> Transformed:
    """Return the transforms of a template for correlations of a length.

    Parameters
    ----------
    template : Template
    length : int
        Of the transforms.
    smooth : int
        Channels of the grid that a channel of the data is wide.
    """
    basis = template.basis
    if smooth > 1:
        # Of an even width half a channel at either end, or every line would be moved by half one.
        box = np.ones(smooth + 1 - smooth % 2)
        box[[0, -1]] = 1.0 if smooth % 2 else 0.5
        box /= box.sum()
        basis = np.array([np.convolve(row, box, "same") for row in basis])
    count = len(basis)
    pairs = tuple((i, j) for i in range(count) for j in range(i, count))
    products = np.array([basis[i] * basis[j] for i, j in pairs])
    return Transformed(fft.rfft(basis, length), fft.rfft(products, length), pairs)
