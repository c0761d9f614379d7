"""What a network is shown of a picture: what lies in its middle, at one size and one tone.

The same function prepares simulated pictures for training and real ones for prediction. A picture
may be counts of a camera or stretched for people: its tone is brought to one by a power that gives
the middle of the object's light the same value everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.ndimage import gaussian_filter, label, map_coordinates

from cubeview.cubes.case import Case
from cubeview.cubes.normal import robust_sigma
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import rebuilt

_MIDDLE = 0.35
"""Value that half of the object's pixels lie below, once its tone is brought to one."""

_POWERS = (0.15, 2.0)
_LEAST_SIGMA, _LEAST_SHARE = 3.0, 0.03
_LEAST_PIXELS = 12
_LONGEST_PX = 512
_FEWEST_PX = 8
"""What is larger is thinned out first: what is looked for is no finer than a hundredth."""


@dataclass(frozen=True)
class PictureConfig:
    """How a picture becomes network input.

    Parameters
    ----------
    kind : str
        ``"picture"``.
    size : int
        Pixels a side.
    margin : float
        Half of what is shown, over the reach of what lies in the middle.
    """

    kind: str = "picture"
    size: int = 64
    margin: float = 1.15
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {"size": (8, 512), "margin": (0.5, 10.0)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "PictureConfig":
        """Rebuild from a model card; see `cubeview.learn.models.rooms.rebuilt`."""
        return rebuilt(cls(), values)


@dataclass(frozen=True, eq=False)
class Framed:
    """A picture as it is shown to a network, and where it lies.

    Parameters
    ----------
    input : ndarray, shape (1, 1, size, size), float32
    corner : tuple of two float
        Pixel (y, x) of the first of the input.
    step : float
        Pixels of the picture from one to the next.
    cautions : tuple of str
    """

    input: np.ndarray
    corner: tuple[float, float]
    step: float
    cautions: tuple[str, ...] = ()


def prepare_picture(
    case: Case,
    config: PictureConfig,
    roles: tuple[str, ...] = (),
    *,
    ventricles: Mapping[str, Ventricle] | None = None,
    report: Report = nothing,
) -> Prepared:
    """Show a network what lies in the middle of a picture; bands and colours are averaged.

    Parameters
    ----------
    case : Case
    config : PictureConfig
    roles, ventricles : ignored
        Taken so that all preparations are called alike.

    Raises
    ------
    CubeviewError
        If the case is no picture, or is blank.
    """
    if case.kind != config.kind:
        raise CubeviewError(
            f"{case.name}: not a picture. This model judges flat images; choose a model for this "
            "kind of case."
        )
    report(0.0, "looking for what lies in the middle")
    shape = case.main.shape[1:]
    every = max(1, max(shape) // _LONGEST_PX)
    bands = [
        thinned(cube.plane(0, 0), every) for cube in case.cubes.values() if cube.shape[1:] == shape
    ]
    light = merged(bands)
    if min(light.shape) < _FEWEST_PX:
        raise CubeviewError(
            f"{case.name}: {shape[1]} × {shape[0]} pixels show nothing; {_FEWEST_PX} along each "
            "side is the least."
        )
    if not np.isfinite(light).any():
        raise CubeviewError(f"{case.name}: the picture is blank. Choose another.")
    framed = framed_picture(light, config)
    corner = np.array(framed.corner) * every + (every - 1) / 2
    grid = np.diag([1.0, framed.step * every, framed.step * every, 1.0])
    grid[1:3, 3] = corner
    alike = {role: grid for role, cube in case.cubes.items() if cube.shape[1:] == shape}
    return Prepared(case=case, input=framed.input, grids=alike, cautions=framed.cautions)


def thinned(plane: np.ndarray, every: int) -> np.ndarray:
    """Return the means of squares of pixels, of those that are known; NaN where none is."""
    if every == 1:
        return plane.astype(np.float64)
    rows, columns = (n // every for n in plane.shape)
    cut = plane[: rows * every, : columns * every].reshape(rows, every, columns, every)
    known = np.isfinite(cut)
    count = known.sum(axis=(1, 3))
    total = np.where(known, cut, 0.0).sum(axis=(1, 3), dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def merged(bands: list[np.ndarray]) -> np.ndarray:
    """Return the mean of bands, each first brought to the spread that the brightest pixels have."""
    if len(bands) == 1:
        return bands[0]
    scaled = []
    for band in bands:
        known = band[np.isfinite(band)]
        low, high = np.percentile(known, [20, 99.8]) if known.size else (0.0, 1.0)
        scaled.append((band - low) / (high - low or 1.0))
    total = np.nansum(scaled, axis=0) / np.maximum(np.isfinite(scaled).sum(axis=0), 1)
    return np.where(np.isfinite(scaled).any(axis=0), total, np.nan)


def framed_picture(light: np.ndarray, config: PictureConfig) -> Framed:
    """Cut out what lies in the middle of a picture, at one size and one tone.

    Parameters
    ----------
    light : ndarray, shape (y, x)
        NaN where nothing is known.
    config : PictureConfig
    """
    known = np.isfinite(light)
    rim = _rim(light, known)
    sky = float(np.median(rim))
    noise = max(float(robust_sigma(rim)), 1e-12)
    light = np.where(known, light - sky, 0.0)
    found, cautions = _in_the_middle(light, noise)
    rows, columns = np.nonzero(found)
    weight = np.maximum(light[found], 0.0)
    weight = weight if weight.sum() > 0 else np.ones_like(weight)
    centre = np.array([np.average(rows, weights=weight), np.average(columns, weights=weight)])
    reach = float(np.percentile(np.hypot(rows - centre[0], columns - centre[1]), 97))
    half = max(reach * config.margin, 6.0)
    step = 2 * half / config.size
    corner = centre - half + step / 2
    smooth = gaussian_filter(light, 0.42 * step) if step > 1.2 else light
    frame = (float(corner[0]), float(corner[1])), step, config.size
    shown = _framed(smooth, *frame)
    values = _toned(shown, _framed(found.astype(float), *frame) > 0.5)
    return Framed(values[None, None].astype(np.float32), *frame[:2], cautions)


def framed_alike(values: np.ndarray, framed: Framed) -> np.ndarray:
    """Return another map of the same picture as it is shown to a network, shape (size, size)."""
    return _framed(values, framed.corner, framed.step, framed.input.shape[-1])


def _framed(values: np.ndarray, corner: tuple[float, float], step: float, size: int) -> np.ndarray:
    line = np.arange(size) * step
    places = np.meshgrid(corner[0] + line, corner[1] + line, indexing="ij")
    shown: np.ndarray = map_coordinates(values, places, order=1, mode="constant")
    return shown


def _rim(light: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the pixels along the edges of a picture, or all where those are not known."""
    width = max(1, min(light.shape) // 12)
    rim = np.ones(light.shape, dtype=bool)
    rim[width:-width, width:-width] = False
    values = light[rim & known]
    found: np.ndarray = values if values.size >= 8 else light[known]
    return found


def _in_the_middle(light: np.ndarray, noise: float) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return which pixels are of what lies in the middle, and what makes that doubtful."""
    smooth = gaussian_filter(light, 1.0 + min(light.shape) / 200)
    middle = [slice(int(0.4 * n), int(0.6 * n) + 1) for n in light.shape]
    peak = float(smooth[*middle].max())
    threshold = max(_LEAST_SIGMA * noise * 0.5, _LEAST_SHARE * peak)
    pieces, _ = label(smooth > threshold)
    place = np.unravel_index(np.argmax(smooth[*middle]), smooth[*middle].shape)
    row, column = (int(p) + part.start for p, part in zip(place, middle, strict=True))
    number = pieces[row, column]
    found: np.ndarray = pieces == number
    if number and found.sum() >= _LEAST_PIXELS and found.mean() < 0.7:
        return found, ()
    rows, columns = light.shape
    y, x = np.mgrid[:rows, :columns]
    away = np.hypot((y - rows / 2) / rows, (x - columns / 2) / columns)
    said = "nothing stands out in the middle" if not number or found.mean() < 0.7 else (
        "what lies in the middle fills the picture"
    )  # fmt: skip
    return away < 0.42, (f"{said}: the whole picture was shown to the model",)


def _toned(shown: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Bring values to 0 for the sky, 1 for the brightest, and `_MIDDLE` for half of the object."""
    inside = inside if inside.any() else np.ones_like(inside)
    top = float(np.percentile(shown[inside], 99.7))
    values = np.clip(shown / top if top > 0 else shown, 0.0, 1.0)
    half = float(np.median(values[inside]))
    power = np.log(_MIDDLE) / np.log(min(max(half, 1e-4), 0.98))
    toned: np.ndarray = values ** float(np.clip(power, *_POWERS))
    return toned
