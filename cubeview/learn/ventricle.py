"""Finding the left ventricle in a heart scan: centre, long axis, and an ellipsoid around its wall.

Candidates come from a template match over the whole cube (`learn.candidates`); a parametric wall
is fitted to the best of them (`learn.wall`). The ellipsoid reaches from the outside of the apex
beyond the basal plane, which cuts its long axis at `BASE_AT` of the semi-axis from its centre, so
that it holds the whole wall although a ventricle is open at its base.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import Report, nothing
from cubeview.learn.candidates import candidates, resample
from cubeview.learn.wall import Fit, Wall, fit_wall, predict, shares

BASE_AT = 0.7
"""Where the basal plane cuts the ellipsoid's long axis, as a share of the semi-axis."""

_STEP_MM = 6.0
_CLIPS = (1.0, 0.6, 0.36)
_GOOD = 1.0
# From apex to base in the patient (to the left, to the back, to the head): the usual direction.
_USUAL_AXIS = np.array([-0.62, 0.74, 0.27])
_INFERIOR = np.array([0.0, 0.0, -1.0])
_LATERAL = np.array([0.75, 0.66, 0.0])


def ellipsoid(wall: Wall) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and semi-axes of the ellipsoid around a wall, in mm."""
    tip = wall.centre - wall.long_mm * wall.axes[0]
    half = wall.length_mm / (1.0 + BASE_AT)
    wide = wall.wide_mm * np.array([1 + wall.roundness, 1 - wall.roundness])
    return tip + half * wall.axes[0], np.array([half, *wide])


def find_ventricle(cube: Cube, *, report: Report = nothing) -> Ventricle:
    """Find the left ventricle in a short-axis or transaxial heart scan.

    Parameters
    ----------
    cube : Cube
    report : Report

    Returns
    -------
    Ventricle
        Always one; its ``doubt`` says whether to believe it.
    """
    image = _image(cube)
    poses = _poses(cube)
    fits: list[Fit] = []
    for step, clip in enumerate(_CLIPS):
        report(0.05 + 0.3 * step, "Looking for the left ventricle")
        found = candidates(image.values, image.spacing, poses, 6, clip)
        rough: list[Fit] = []
        for candidate in found:
            rough.append(_fit(image, candidate.wall, (3,), every=2))
            if len(rough) == 3 and max(map(merit, rough)) > _GOOD:
                break
        rough.sort(key=merit, reverse=True)
        for fit in rough[:2]:
            if merit(fit) > merit(rough[0]) - 0.4:
                report(0.2 + 0.3 * step, "Fitting the wall")
                fits.append(_fit(image, fit.wall, (5, 6, 8)))
        if fits and merit(max(fits, key=merit)) > _GOOD:
            break
    report(1.0, "Left ventricle found")
    if not fits:
        middle = (np.array(cube.shape) - 1) / 2 * image.spacing
        return Ventricle(middle, poses[0], [50, 36, 36], 1.0, "there are no counts")
    best = max(fits, key=merit)
    turned = _fit(image, _reversed(best.wall), (4, 5, 6))
    best = max((best, turned), key=merit)
    centre, radii = ellipsoid(best.wall)
    return Ventricle(centre, best.wall.axes, radii)


def find_pair(stress: Cube, rest: Cube, *, report: Report = nothing) -> tuple[Ventricle, Ventricle]:
    """Find the left ventricle of both states of one patient."""
    return find_ventricle(stress, report=report), find_ventricle(rest, report=report)


@dataclass(frozen=True, eq=False)
class _Image:
    values: np.ndarray
    spacing: np.ndarray
    work: np.ndarray
    places: np.ndarray  # (3, n) cube mm of the work grid


def _image(cube: Cube) -> _Image:
    z, y, x = cube.shape
    values = np.nan_to_num(cube.box((slice(0, z), slice(0, y), slice(0, x))))
    spacing = np.array(cube.spacing)
    work = resample(values, spacing, _STEP_MM, 3.0)
    places = np.indices(work.shape).reshape(3, -1) * _STEP_MM
    return _Image(values, spacing, work.ravel(), places)


def _poses(cube: Cube) -> list[np.ndarray]:
    """Directions worth trying, from what is known of the cube's orientation."""
    if cube.view == "short axis" or cube.affine is None:
        down, right = np.array([0.0, 1, 0]), np.array([0.0, 0, 1])
        middles = [np.array([1.0, 0, 0]), np.array([-1.0, 0, 0])]
        rings = ((25.0, 4),)
    else:
        turn = (cube.affine[:3, :3] / np.array(cube.spacing)).T
        middles = [turn @ _USUAL_AXIS]
        down, right = turn @ _INFERIOR, turn @ _LATERAL
        rings = ((25.0, 5), (50.0, 8))
    axes = []
    for middle in middles:
        middle = middle / np.linalg.norm(middle)
        side = np.cross(middle, down)
        axes.append(middle)
        for tilt, count in rings:
            for k in range(count):
                away = Rotation.from_rotvec(2 * np.pi * k / count * middle).apply(side)
                away /= np.linalg.norm(away)
                axes.append(Rotation.from_rotvec(np.radians(tilt) * away).apply(middle))
    return [_frame(axis, down, right) for axis in axes]


def _frame(axis: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Orthonormal rows: the axis, and the directions across it nearest to down and right."""
    down = down - (down @ axis) * axis
    down = down / np.linalg.norm(down)
    side = np.cross(axis, down)
    return np.stack([axis, down, side if side @ right > 0 else -side])


def _fit(image: _Image, wall: Wall, rounds: tuple[int, ...], every: int = 1) -> Fit:
    """Fit in rounds of so many steps; voxels far from the last round's model count less.

    So neither a liver beside the wall nor a defect that smooth modes cannot follow pulls the
    shape.
    """
    middle = wall.centre - 0.2 * wall.long_mm * wall.axes[0]
    near = ((image.places - middle[:, None]) ** 2).sum(axis=0) < 80.0**2
    places, counts = image.places[:, near][:, ::every], image.work[near][::every]
    trust = np.ones(len(counts))
    fit = Fit(wall, 2.0, 0.0, np.zeros(14))
    for steps in rounds:
        share = shares(fit.wall, places)[0]
        inside = share > 0.6 * share.max()
        level = float(np.percentile(counts[inside], 70)) if inside.sum() > 20 else 0.0
        if not level > 0:
            break
        values = np.minimum(counts / level, 1.4)
        if fit.brightness[0] > 0:
            off = (values - predict(fit, places)) / 0.25
            trust = 1.0 / (1.0 + off**2)
        fit = fit_wall(fit.wall, places, values, trust, steps=steps)
    return fit


def _reversed(wall: Wall) -> Wall:
    """The same wall with its apex where its base was."""
    axis = wall.axes[0]
    along = 0.5 * (wall.base - 1.0) * wall.long_mm
    middle = wall.centre + along * axis
    axes = np.stack([-axis, wall.axes[1], wall.axes[2]])
    return replace(wall, centre=middle + along * axis, axes=axes)


def merit(fit: Fit) -> float:
    """How much a fit looks like a ventricle, about 0 to 2: explained, hollow, clear, even."""
    hollow, contrast = np.clip([fit.hollow, fit.contrast], -0.5, [0.7, 0.9])
    return float(
        fit.gain - 2.0 * fit.cost + 0.5 * hollow + 0.5 * contrast - 0.4 * min(fit.unevenness, 1.5)
    )
