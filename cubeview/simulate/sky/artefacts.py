"""Faults of simulated sky cubes: what looks like a source and is none.

Each fault is drawn as a cube in units of the local sigma whose largest absolute value is 1; the
caller scales it. Faults keep none of the shapes light can take: they are sharper than the
point-spread function, or know rows, columns and channels of the detector.
"""

from collections.abc import Callable

import numpy as np

from cubeview.simulate.sky.sources import Place, Shape, turned


def cosmic_rays(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Return hits of cosmic rays: a voxel or a short track along a slice or along wavelength."""
    cube = np.zeros(shape)
    for number in range(1 + rng.poisson(1.0)):
        z, y, x = (_inner(rng, n) for n in shape)
        brightness = 1.0 if number == 0 else rng.uniform(0.3, 1.0)
        length = 1 + rng.poisson(1.2)
        step = rng.choice([0, 1], size=2) if length > 1 else np.zeros(2, int)
        for i in range(length):
            here = (min(z + i * step[0], shape[0] - 1), y, min(x + i * step[1], shape[2] - 1))
            cube[here] = brightness * (1.0 if i == 0 else rng.uniform(0.4, 1.0))
        # Resampling spreads part of a hit into one neighbour.
        if rng.random() < 0.6:
            cube[z, min(y + 1, shape[1] - 1), x] += brightness * rng.uniform(0.1, 0.5)
    return _scaled(cube)


def bad_channels(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Return one to three channels that are off everywhere: too high, too low, or noisy."""
    cube = np.zeros(shape)
    first = _inner(rng, shape[0])
    noisy = rng.random() < 0.4
    for z in range(first, min(first + int(rng.integers(1, 4)), shape[0])):
        if noisy:
            cube[z] = np.clip(rng.standard_normal(shape[1:]) / 3.0, -1, 1)
        else:
            cube[z] = rng.choice([-1.0, 1.0]) * (1.0 - 0.2 * rng.random(shape[1:]))
    return _scaled(cube)


def hot_spaxels(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Return one to three spaxels that are off in every channel, their neighbours untouched."""
    cube = np.zeros(shape)
    for _ in range(rng.integers(1, 4)):
        level = rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.0)
        cube[:, _inner(rng, shape[1]), _inner(rng, shape[2])] = level
    return _scaled(cube)


def rough_edge(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Return the last rows or columns before the field's edge, vignetted, offset and noisy.

    Beyond the edge, where it lies in the window, NaN.
    """
    depth = int(rng.integers(2, 8))
    beyond = int(rng.integers(0, shape[1] // 4)) if rng.random() < 0.5 else 0
    strip = np.zeros(shape)
    wide = (shape[0], depth, shape[2])
    fall = np.exp(-np.arange(depth) / rng.uniform(0.7, 3.0))[None, :, None]
    offset = rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0)
    strip[:, beyond : beyond + depth] = fall * (offset + 0.3 * rng.standard_normal(wide))
    strip[:, :beyond] = np.nan
    return _scaled(_turned(rng, strip))


def stripes(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Return a pattern of bands: slices of an image slicer, or one bad spacing of baselines."""
    if rng.random() < 0.5:
        bands = rng.choice([-1.0, 0.0, 1.0], size=shape[1], p=[0.2, 0.6, 0.2])
        bands[_inner(rng, shape[1])] = 1.0
        image = np.broadcast_to(bands[:, None], shape[1:])
        if rng.random() < 0.5 and shape[1] == shape[2]:
            image = image.T
    else:
        wave = 2 * np.pi * turned(shape[1:], 0, 0, rng.uniform(0, np.pi))[0] / rng.uniform(3, 12)
        image = np.sin(wave + rng.uniform(0, 2 * np.pi))
    spectrum = np.zeros(shape[0])
    start = 0 if rng.random() < 0.5 else _inner(rng, shape[0])
    stop = shape[0] if start == 0 else start + int(rng.integers(2, 10))
    spectrum[start:stop] = 1.0
    return _scaled(spectrum[:, None, None] * image)


def trail(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Return the trail of a satellite: a straight line across the view in all channels."""
    y, x = (_inner(rng, n) for n in shape[1:])
    along, _ = turned(shape[1:], y, x, rng.uniform(0, np.pi))
    image = np.exp(-0.5 * (along / rng.uniform(1.0, 2.0)) ** 2)
    return _scaled(np.broadcast_to(image, shape))


FAULTS: dict[str, dict[str, Callable[[np.random.Generator, Shape], np.ndarray]]] = {
    "ifu": {
        "cosmic rays": cosmic_rays,
        "bad channels": bad_channels,
        "hot spaxels": hot_spaxels,
        "rough edge": rough_edge,
        "stripes": stripes,
        "trail": trail,
    },
    "radio": {"bad channels": bad_channels, "rough edge": rough_edge, "stripes": stripes},
}
"""Faults by flavour of instrument."""


def draw_artefact(
    rng: np.random.Generator, flavour: str, shape: Shape, kind: str = ""
) -> tuple[np.ndarray, str]:
    """Draw a fault of an ``"ifu"`` or a ``"radio"`` cube.

    Parameters
    ----------
    rng : Generator
    flavour : {"ifu", "radio"}
    shape : tuple of int
        Of the cube (z, y, x).
    kind : str
        A key of `FAULTS`; drawn where empty.

    Returns
    -------
    cube : ndarray, shape (z, y, x)
        In units of the local sigma, largest absolute value 1.
    kind : str
        A key of `FAULTS`.
    """
    kinds = list(FAULTS[flavour])
    # Cosmic rays are the commonest fault of an IFU cube and the likest to a line.
    share = np.array([2.0 if name == "cosmic rays" else 1.0 for name in kinds])
    kind = kind or str(rng.choice(kinds, p=share / share.sum()))
    return FAULTS[flavour][kind](rng, shape), kind


def draw_hole(rng: np.random.Generator, shape: Shape, place: Place | None) -> np.ndarray:
    """Return where a window holds no data, bool, shape (z, y, x); often nowhere.

    The field's slanted edge, a cube smaller than the window, the end of the spectrum, or single
    lost voxels: common in real cubes and no fault. A voxel and a half around `place` stays; where
    it is None the inner half of the window does.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
    place : tuple of float, or None
        Voxel (z, y, x) of what must be seen.
    """
    hole = np.zeros(shape, bool)
    middle = [(n - 1) / 2 for n in shape]
    low = [n / 4 for n in shape] if place is None else [p - 1.5 for p in place]
    high = [3 * n / 4 for n in shape] if place is None else [p + 1.5 for p in place]
    if rng.random() < 0.1:
        angle = rng.uniform(0, 2 * np.pi)
        along, _ = turned(shape[1:], middle[1], middle[2], angle)
        corners = [
            (cy - middle[1]) * np.cos(angle) + (cx - middle[2]) * np.sin(angle)
            for cy in (low[1], high[1])
            for cx in (low[2], high[2])
        ]
        cut = rng.uniform(max(corners), max(max(corners) + 1, min(shape[1:]) / 2))
        hole |= along > cut
    for axis, chance in ((0, 0.06), (1, 0.12), (2, 0.12)):
        index = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(3)])
        if rng.random() < chance:
            hole |= index < rng.uniform(0, max(low[axis], 0))
        if rng.random() < chance:
            hole |= index > rng.uniform(min(high[axis], shape[axis]), shape[axis])
    if rng.random() < 0.05:
        hole |= rng.random(shape) < 0.003
    return hole


def _inner(rng: np.random.Generator, length: int) -> int:
    """Draw an index in the inner half of an axis."""
    return int(rng.integers(length // 4, length - length // 4))


def _scaled(cube: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = cube / np.nanmax(np.abs(cube))
    return scaled


def _turned(rng: np.random.Generator, cube: np.ndarray) -> np.ndarray:
    """Turn a strip at low y to one of the edges (only low and high y where ny differs from nx)."""
    if cube.shape[1] == cube.shape[2] and rng.random() < 0.5:
        cube = cube.transpose(0, 2, 1)
        return cube[:, :, ::-1] if rng.random() < 0.5 else cube
    return cube[:, ::-1] if rng.random() < 0.5 else cube
