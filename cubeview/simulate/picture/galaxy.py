"""Pictures of one galaxy each, barred or not, made of parts whose truth is known.

Bulge and disc follow Sersic's law (Sersic 1968); the bar is a boxy ellipse with the profile of
Ferrers (1877), as GALFIT draws it (Peng et al. 2010, AJ 139:2097, eq. 4 and 26); arms are
logarithmic spirals. The parts lie in one plane that is seen inclined, are blurred together, and
get the noise of sky and photons.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

VERSION = "bars-1"
CLASSES = ("barred", "unbarred")
SIDE = 96
"""Pixels a side of a picture."""


@dataclass(frozen=True, eq=False)
class Galaxy:
    """A simulated picture.

    Parameters
    ----------
    label : str
        One of `CLASSES`.
    light : ndarray, shape (SIDE, SIDE), float32
        As a camera counts it, above a sky that is not nought.
    bar : ndarray, shape (SIDE, SIDE), float32
        What of it, without noise, is the bar's; nought all over where there is none.
    contrast : float
        Of the bar: its light over all other light, where the bar is brightest; 0 without one.
    """

    label: str
    light: np.ndarray
    bar: np.ndarray
    contrast: float


@dataclass(frozen=True, eq=False)
class _Plane:
    """Coordinates in the plane of a disc, in pixels, seen under an inclination."""

    x: np.ndarray
    y: np.ndarray
    cos_i: float

    @cached_property
    def radius(self) -> np.ndarray:
        """Distance from the centre."""
        found: np.ndarray = np.hypot(self.x, self.y)
        return found

    @cached_property
    def angle(self) -> np.ndarray:
        """Azimuth, in radians."""
        found: np.ndarray = np.arctan2(self.y, self.x)
        return found

    def turned(self, angle: float) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinates along and across a direction in the plane."""
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        return cos * self.x + sin * self.y, cos * self.y - sin * self.x


def simulate_galaxy(label: str, rng: np.random.Generator, side: int = SIDE) -> Galaxy:
    """Simulate a picture of a class.

    Parameters
    ----------
    label : str
        One of `CLASSES`.
    rng : Generator
    side : int
        Pixels.
    """
    barred = label == "barred"
    if not barred and rng.random() < 0.18:
        return _finished(
            label, rng, _smooth_one(rng, side), np.zeros((side, side), np.float32), side / 10
        )
    scale = rng.uniform(0.07, 0.15) * side  # of the disc, in pixels
    cos_i = rng.uniform(0.48, 1.0)
    plane = _plane(rng, side, cos_i)
    disc = _disc(rng, plane, scale)
    length = scale * rng.uniform(0.8, 2.0)
    bar = np.zeros_like(disc)
    phase = rng.uniform(0, np.pi)
    light = disc + _bulge(rng, plane, scale, disc)
    if barred:
        bar = _bar(rng, plane, length, phase)
        bar *= _strength(rng, light, bar, plane, length, phase)
    light += _rings(rng, plane, length, scale, disc, chance=0.35 if barred else 0.25)
    light += _arms(rng, plane, length, phase if barred else rng.uniform(0, np.pi), scale, barred)
    light *= _dust(rng, plane, scale)
    light += _clumps(rng, plane, scale, light)
    return _finished(label, rng, light, bar, scale)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a positive number evenly in its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def _plane(rng: np.random.Generator, side: int, cos_i: float) -> _Plane:
    """Coordinates of a plane in any direction, its centre within two pixels of the middle."""
    y, x = (np.mgrid[:side, :side] - (side - 1) / 2.0).astype(np.float32)
    x, y = x + rng.uniform(-2, 2), y + rng.uniform(-2, 2)
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    return _Plane(cos * x + sin * y, (cos * y - sin * x) / cos_i, cos_i)


def _sersic(radius: np.ndarray, half: float, index: float) -> np.ndarray:
    """Sersic's law, 1 at the radius of half the light; b after Ciotti & Bertin 1999, eq. 18."""
    b = 2 * index - 1 / 3 + 4 / (405 * index)
    law: np.ndarray = np.exp(-b * ((np.maximum(radius, 0.3) / half) ** (1 / index) - 1))
    return law


def _smooth_one(rng: np.random.Generator, side: int) -> np.ndarray:
    """An elliptical, or a lens-shaped disc without a bar."""
    plane = _plane(rng, side, rng.uniform(0.4, 1.0))
    light = _sersic(plane.radius, side * rng.uniform(0.07, 0.15), rng.uniform(1.0, 4.5))
    scaled: np.ndarray = light / light.max() * 10
    return scaled


def _disc(rng: np.random.Generator, plane: _Plane, scale: float) -> np.ndarray:
    """An exponential disc that ends softly, with one side a little brighter."""
    radius = plane.radius
    end = scale * rng.uniform(3.0, 5.5)
    lopsided = 1 + rng.uniform(0, 0.25) * np.cos(plane.angle - rng.uniform(0, 2 * np.pi))
    hole = np.ones_like(radius)
    if rng.random() < 0.3:  # of old stars only, discs are faint inside
        hole = 1 - rng.uniform(0, 0.7) * np.exp(-((radius / (scale * rng.uniform(0.5, 1.2))) ** 2))
    fall = np.exp(-radius / scale) * hole * lopsided
    light: np.ndarray = fall / (1 + np.exp((radius - end) / (0.3 * scale)))
    return light


def _bulge(rng: np.random.Generator, plane: _Plane, scale: float, disc: np.ndarray) -> np.ndarray:
    """A bulge: rounder than the disc, and turned against it a little at most."""
    if rng.random() < 0.08:
        return np.zeros_like(disc)
    flat = plane.cos_i + (1 - plane.cos_i) * rng.uniform(0.3, 1.0)
    oval = rng.uniform(0.72, 1.0)  # an oval bulge is no bar
    along, across = plane.turned(rng.uniform(0, np.pi))
    squeezed = across * plane.cos_i / flat
    radius = np.hypot(along, squeezed / oval)
    half = scale * _between(rng, 0.15, 0.6)
    light = _sersic(radius, half, rng.uniform(0.8, 2.5))
    total = _between(rng, 0.01, 0.5) * disc.sum()
    scaled: np.ndarray = light * (total / float(light.sum()))
    return scaled


def _bar(rng: np.random.Generator, plane: _Plane, length: float, phase: float) -> np.ndarray:
    """A boxy ellipse of Ferrers' profile, 1 in the middle; see the module's sources."""
    along, across = plane.turned(phase)
    boxy = rng.uniform(1.8, 4.0)
    width = length * rng.uniform(0.16, 0.42)
    inside = (np.abs(along / length) ** boxy + np.abs(across / width) ** boxy) ** (1 / boxy)
    bar: np.ndarray = np.maximum(1 - inside**2, 0.0) ** rng.uniform(0.5, 2.5)
    if rng.random() < 0.25:  # bright ends
        ends = np.exp(-(((np.abs(along) - 0.8 * length) ** 2 + across**2) / (0.5 * width) ** 2))
        bar = bar + rng.uniform(0.1, 0.4) * ends
    return bar


def _strength(
    rng: np.random.Generator,
    light: np.ndarray,
    bar: np.ndarray,
    plane: _Plane,
    length: float,
    phase: float,
) -> float:
    """How bright a bar is: half way out it outshines all else by a factor drawn."""
    along, across = plane.turned(phase)
    there = (np.abs(np.abs(along) - 0.55 * length) < 1.0) & (np.abs(across) < 1.0 / plane.cos_i)
    over = _between(rng, 0.6, 4.0)
    return float(over * light[there].mean() / bar[there].mean())


def _rings(
    rng: np.random.Generator, plane: _Plane, length: float, scale: float, disc: np.ndarray,
    chance: float,
) -> np.ndarray:  # fmt: skip
    """A ring at the end of the bar, or where one could end, and one further out."""
    found = np.zeros_like(disc)
    for radius, often in ((length, chance), (scale * rng.uniform(2.0, 3.2), 0.1)):
        if rng.random() < often:
            width = radius * rng.uniform(0.08, 0.2)
            along, across = plane.turned(rng.uniform(0, np.pi))
            away = np.hypot(along, across / rng.uniform(0.8, 1.0))
            level = np.interp(radius, [0, 5 * scale], [1.0, 0.02]) * rng.uniform(0.1, 0.6)
            found += level * np.exp(-(((away - radius) / width) ** 2) / 2) * np.exp(-radius / scale)
    return found


def _arms(
    rng: np.random.Generator, plane: _Plane, length: float, phase: float, scale: float, barred: bool
) -> np.ndarray:
    """Logarithmic spirals, from the ends of a bar where there is one; or none, or tatters."""
    kind = rng.random()
    if kind < 0.2:
        return np.zeros_like(plane.x)
    count = int(rng.choice([2, 2, 2, 3, 4])) if kind < 0.8 else int(rng.integers(4, 8))
    pitch = float(np.radians(rng.uniform(8, 35)) * rng.choice([-1, 1]))
    radius = np.maximum(plane.radius, 0.3)
    start = length * (rng.uniform(0.8, 1.05) if barred else rng.uniform(0.1, 1.0))
    turn = plane.angle - phase - np.log(radius / start) / float(np.tan(pitch))
    if kind >= 0.8:
        noise = gaussian_filter(_noise(rng, radius.shape), rng.uniform(3, 6))
        turn = turn + noise / noise.std() * 0.8
    sharp = rng.uniform(1.0, 6.0)
    ridge = np.exp(sharp * (np.cos(count * turn) - 1))
    inner = 1 / (1 + np.exp(-(radius - start) / (0.08 * start + 0.5)))
    level = _between(rng, 0.15, 1.5)
    fall = np.exp(-radius / (scale * rng.uniform(0.9, 1.4)))
    light: np.ndarray = level * ridge * inner * fall
    return light


def _dust(rng: np.random.Generator, plane: _Plane, scale: float) -> np.ndarray:
    """What patches of dust let through."""
    if rng.random() < 0.6:
        return np.ones_like(plane.x)
    patches = gaussian_filter(_noise(rng, plane.x.shape), rng.uniform(1.5, 4))
    depth = rng.uniform(0.05, 0.35)
    through: np.ndarray = np.exp(-depth * np.maximum(patches / patches.std(), 0.0))
    return through


def _clumps(rng: np.random.Generator, plane: _Plane, scale: float, light: np.ndarray) -> np.ndarray:
    """Young stars: knots where there is light."""
    if rng.random() < 0.4:
        return np.zeros_like(light)
    count = int(rng.integers(3, 40))
    weight = (light * (plane.radius > 0.7 * scale)).ravel()
    places = rng.choice(light.size, count, p=weight / weight.sum())
    knots = np.zeros(light.size)
    np.add.at(knots, places, rng.exponential(1.0, count) * light.ravel()[places])
    width = rng.uniform(0.6, 1.6)
    blurred: np.ndarray = gaussian_filter(knots.reshape(light.shape), width)
    return blurred * (2 * np.pi * width**2) * rng.uniform(0.2, 1.0)


def _finished(
    label: str, rng: np.random.Generator, light: np.ndarray, bar: np.ndarray, scale: float
) -> Galaxy:
    """Return the picture with neighbours, blur and noise; `scale` is a radius in pixels."""
    side = light.shape[0]
    blur = _between(rng, 0.5, 1.8)
    y, x = (np.mgrid[:side, :side] - (side - 1) / 2.0).astype(np.float32)
    usual = float(light[np.abs(np.hypot(x, y) - 1.5 * scale) < 1.0].mean())
    shown = bar > 0
    contrast = float((bar[shown] / (light[shown] + 1e-12)).max()) if shown.any() else 0.0
    total = light + bar
    total = total + _neighbours(rng, side, total)
    total, bar = gaussian_filter(total, blur), gaussian_filter(bar, blur)
    peak = float(total.max())
    total, bar = total / peak, bar / peak
    sky = usual / peak / _between(rng, 2.0, 60.0)
    photons = _between(rng, 1000, 50000)
    sigma = np.sqrt(sky**2 + np.maximum(total, 0) / photons)
    noise = _noise(rng, total.shape) * sigma
    if rng.random() < 0.3:  # resampled pictures have noise with grain
        noise = gaussian_filter(noise, 0.7) * 1.7
    tone = _tone(rng)
    level = rng.uniform(0.0, 0.1)
    return Galaxy(
        label,
        (tone(total + noise) + level).astype(np.float32),
        (tone(total) - tone(total - bar)).astype(np.float32),
        contrast,
    )


def _tone(rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Return how light becomes values: as it is, or as pictures for people are stretched.

    Lupton et al. 2004, PASP 116:133, eq. 2; what is too bright is cut off.
    """
    if rng.random() < 0.3:
        return lambda values: values
    soft = _between(rng, 0.01, 1.0)
    most = float(rng.choice([1.0, rng.uniform(0.3, 1.0)]))
    top = float(np.arcsinh(most / soft))
    return lambda values: np.minimum(np.arcsinh(values / soft) / top, 1.0)


def _neighbours(rng: np.random.Generator, side: int, light: np.ndarray) -> np.ndarray:
    """Stars and small galaxies beside it, at times one before it."""
    found = np.zeros((side, side), np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    for _ in range(rng.poisson(2.5)):
        row, column = rng.uniform(0, side, 2)
        if np.hypot(row - side / 2, column - side / 2) < side * 0.16 and rng.random() < 0.7:
            continue
        level = float(light.max()) * _between(rng, 0.02, 1.0)
        if rng.random() < 0.6:
            found[int(row), int(column)] += level * 4
            continue
        size, flat = rng.uniform(0.8, 3.5), rng.uniform(0.3, 1.0)
        turn = rng.uniform(0, np.pi)
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        along = cos * (x - column) + sin * (y - row)
        across = (cos * (y - row) - sin * (x - column)) / flat
        found += 0.5 * level * np.exp(-np.hypot(along, across) / size)
    return found
