"""Finding the left ventricle in a heart scan: centre, long axis, and an ellipsoid around its wall.

Candidates come from a template match over the whole cube (`learn.candidates`); a parametric wall
is fitted to the best of them (`learn.wall`). The ellipsoid reaches from the outside of the apex
beyond the basal plane, which cuts its long axis at `BASE_AT` of the semi-axis from its centre, so
that it holds the whole wall although a ventricle is open at its base.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import map_coordinates

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import BASE_AT, Ventricle
from cubeview.errors import Report, nothing
from cubeview.learn.heart.candidates import candidates
from cubeview.learn.heart.fit import Fit, merit
from cubeview.learn.heart.image import (
    STEP_MM,
    HeartImage,
    blank_image,
    fit_counts,
    fit_to,
    heart_image,
    missing,
    near,
)
from cubeview.learn.heart.mixture import PARTS, shares
from cubeview.learn.heart.poses import poses_of
from cubeview.learn.heart.register import Rigid, register
from cubeview.learn.heart.second_look import against, second_look, signs
from cubeview.learn.heart.unexplained import moved, unexplained
from cubeview.learn.heart.wall import Wall, reach_of, turned_round

# Chosen on simulated pairs and on the real scans at hand; see docs/ventricle.md for the outcome.
_CLIPS = (1.0, 0.6, 0.36)  # of the bright level, each tried while the one before finds nothing good
_GOOD = 1.0  # merit from which nothing further is tried
_PLAUSIBLE = 0.75  # merit at which half of the doubt is gone
_SMALLEST_MM, _LARGEST_MM = 30.0, 2500.0  # edges of a cube that can hold a heart
_LEAST_MM = 10.0  # semi-axis of a ventricle that can be drawn and dragged
_ALIKE = 0.9  # cosine; a heart lies in about the same direction in both states
_FAVOUR = 0.4  # of merit, for the direction that the better state has


def find_ventricle(cube: Cube, *, report: Report = nothing) -> Ventricle:
    """Find the left ventricle in a short-axis, long-axis or transaxial heart scan.

    Parameters
    ----------
    cube : Cube
        A heart of any orientation and voxel size in mm.
    report : Report

    Returns
    -------
    Ventricle
        Always one; its ``doubt`` says whether to believe it.
    """
    fitted = fit_one(cube, report=report)
    report(1.0, "Left ventricle found")
    return _ventricle(fitted)


def find_pair(stress: Cube, rest: Cube, *, report: Report = nothing) -> tuple[Ventricle, Ventricle]:
    """Find the left ventricle of both states of one patient.

    Each is found by itself; then rest is registered to stress and one wall is fitted to the
    brighter of the two at each place, so that what is missing in one state only does not matter.
    Both get the shape of that wall; the size may differ by what the registration says.

    Parameters
    ----------
    stress, rest : Cube
    report : Report
    """
    fitted = fit_pair(stress, rest, report=report)
    report(1.0, "Left ventricle found")
    return _ventricle(fitted[0]), _ventricle(fitted[1])


@dataclass(frozen=True, eq=False)
class Fitted:
    """A wall in one cube, before the second look.

    Parameters
    ----------
    wall : Wall
    seen : ndarray
        Signs of how the fit errs, see `cubeview.learn.heart.second_look`.
    size : float
        Of this state against the one that the wall's shape was fitted in.
    doubts : list of (float, str)
        0 to 1, and why.
    """

    wall: Wall
    seen: np.ndarray
    size: float
    doubts: list[tuple[float, str]]


def fit_one(cube: Cube, *, report: Report = nothing) -> Fitted:
    """Fit a wall to one cube."""
    found = _find(cube, report)
    return _fitted(found, found.fit)


def fit_pair(stress: Cube, rest: Cube, *, report: Report = nothing) -> tuple[Fitted, Fitted]:
    """Fit a wall to both states of one patient, as told at `find_pair`.

    Parameters
    ----------
    stress, rest : Cube
    report : Report
    """
    found = [
        _find(stress, lambda done, text: report(0.4 * done, text)),
        _find(rest, lambda done, text: report(0.4 + 0.4 * done, text)),
    ]
    report(0.8, "Comparing rest with stress")
    return _fit_both(*found)


def _fit_both(stress: "_Found", rest: "_Found") -> tuple[Fitted, Fitted]:
    """One wall for both states, each found by itself."""
    lead, other = found = [stress, rest]
    if merit(other.fit) > merit(lead.fit) + 0.15:
        lead, other = other, lead
    worse = merit(lead.fit) - merit(other.fit)
    model = replace(lead.fit.wall, axes=lead.fit.wall.axes @ lead.usual.T @ other.usual)
    askew = other.fit.wall.axes[0] @ model.axes[0] < _ALIKE
    if askew or worse > 0.3:
        # The worse it was found, the less its own direction says.
        other = _again(other, model, _FAVOUR + 0.5 * worse if askew else 0.0)
        found = [lead if f is lead else other for f in found]
    map_ = _registration(lead, other)
    if map_ is None:
        why = "rest and stress do not look like the same ventricle"
        apart = [replace(f, doubts=[*f.doubts, (0.6, why)]) for f in found]
        return _fitted(apart[0], apart[0].fit), _fitted(apart[1], apart[1].fit)
    fit = _joint(lead, other, map_)
    # A poor image that matches a good one is as sure as the good one.
    sure = merit(lead.fit) if map_.correlation > 0.85 else -np.inf
    first = _fitted(lead, fit)
    across = replace(
        fit.wall,
        centre=_across(map_, lead.fit.wall, other.fit.wall, fit.wall.centre),
        axes=fit.wall.axes @ lead.fit.wall.axes.T @ map_.rotation.T @ other.fit.wall.axes,
        long_mm=map_.size * fit.wall.long_mm,
        wide_mm=map_.size * fit.wall.wide_mm,
    )
    # A defect in one state can look like a shift to the registration, and like a gap to the fit.
    placed = fit_to(other.image, across, (4,), shape=False).wall
    wall = replace(placed, centre=0.5 * (placed.centre + across.centre))
    second = _fitted(other, fit, wall, map_.size, sure)
    return (first, second) if lead is found[0] else (second, first)


def ellipsoid(wall: Wall) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and semi-axes of the ellipsoid around a wall, in mm."""
    tip = wall.centre - wall.long_mm * wall.axes[0]
    half = wall.length_mm / (1.0 + BASE_AT)
    wide = wall.wide_mm * np.array([1 + wall.roundness, 1 - wall.roundness])
    return tip + half * wall.axes[0], np.array([half, *wide])


@dataclass(frozen=True, eq=False)
class _Found:
    image: HeartImage
    fit: Fit
    doubts: list[tuple[float, str]]
    usual: np.ndarray  # the pose that the file suggests, as `Wall.axes`


def _find(cube: Cube, report: Report) -> _Found:
    """The best fitting wall in a cube, and why to distrust it."""
    extent = np.array(cube.shape) * cube.spacing
    if extent.max() > _LARGEST_MM or extent.min() < _SMALLEST_MM:
        size = " × ".join(f"{mm:.0f}" for mm in extent)
        return _nowhere(cube, f"an image of {size} mm cannot show a heart")
    image, poses = heart_image(cube), poses_of(cube)
    fits: list[Fit] = []
    for step, clip in enumerate(_CLIPS):
        report(0.05 + 0.3 * step, "Looking for the left ventricle")
        rough: list[Fit] = []
        for candidate in candidates(image.values, image.spacing, poses.frames, 6, clip):
            rough.append(fit_to(image, candidate.wall, (3,), every=2))
            if len(rough) == 3 and max(map(merit, rough)) > _GOOD:
                break
        rough.sort(key=merit, reverse=True)
        for fit in rough[:2]:
            if merit(fit) > merit(rough[0]) - 0.4:
                report(0.2 + 0.3 * step, "Fitting the wall")
                fits.append(fit_to(image, fit.wall, (5, 6, 8)))
        if fits and merit(max(fits, key=merit)) > _GOOD:
            break
    if not fits:
        return _nowhere(cube, "there are no counts to find it by")
    best = max(fits, key=merit)
    doubts = [(0.55, poses.guess)] if poses.guess else []
    if not poses.which_end:
        turned = fit_to(image, turned_round(best.wall), (4, 5, 6))
        if abs(merit(turned) - merit(best)) < 0.04:
            doubts.append((0.6, "apex and base can hardly be told apart"))
        best = max((best, turned), key=merit)
    rivals = [f for f in fits if np.linalg.norm(f.wall.centre - best.wall.centre) > 40.0]
    if rivals and merit(max(rivals, key=merit)) > merit(best) - 0.15:
        doubts.append((0.7, "another place in the image fits almost as well"))
    return _Found(image, best, doubts, poses.frames[0])


def _nowhere(cube: Cube, why: str) -> _Found:
    """The middle of the cube, for want of anything better."""
    middle = (np.array(cube.shape) - 1) / 2 * cube.spacing
    fit = Fit(Wall(middle, poses_of(cube).frames[0]), 2.0, 0.0, np.zeros(PARTS))
    return _Found(blank_image(cube), fit, [(1.0, why)], fit.wall.axes)


def _fitted(
    found: _Found,
    fit: Fit,
    wall: Wall | None = None,
    size: float = 1.0,
    sure: float = -np.inf,
) -> Fitted:
    """One state under a wall, which may lie elsewhere here than where it was fitted."""
    wall = wall or fit.wall
    drift = moved(found.image, wall)
    if drift is not None:
        fit, wall, size = drift.fit, drift.fit.wall, 1.0
    absent, doubts = _doubts(found, wall, sure)
    own = unexplained(found.image, wall, drift)
    seen = [signs(fit, absent), own, against(found.fit, wall), np.array([size])]
    return Fitted(wall, np.concatenate(seen), size, doubts)


def _doubts(
    found: _Found, wall: Wall, sure: float = -np.inf
) -> tuple[float, list[tuple[float, str]]]:
    """Share of a wall outside the image, and why to distrust it.

    `sure` is a merit the other state vouches for.
    """
    absent = missing(found.image, wall)
    lost = (min(1.0, absent / 0.3), f"{absent:.0%} of its wall lies outside the image")
    worth = float(np.clip((max(merit(found.fit), sure) - _PLAUSIBLE) / 0.1, -50, 50))
    why = "what was found does not look much like a left ventricle"
    poor = (1.0 / (1.0 + float(np.exp(worth))), why)
    return absent, [*found.doubts, lost, poor]


def _ventricle(fitted: Fitted) -> Ventricle:
    """The ellipsoid around a wall after a second look."""
    step = second_look(fitted.seen)
    centre, radii = ellipsoid(fitted.wall)
    half = (step.base - step.apex) / (1.0 + BASE_AT)
    offset = fitted.size * np.array([step.apex + half, *step.across])
    radii = np.maximum(radii + fitted.size * np.array([half, *step.radii]), _LEAST_MM)
    unsure = (step.doubt, "where it begins and ends is hard to see")
    doubt, reason = max([*fitted.doubts, unsure], key=lambda each: each[0])
    axes = fitted.wall.axes
    return Ventricle(centre + offset @ axes, axes, radii, doubt, reason if doubt > 0.3 else "")


def _look(image: HeartImage, wall: Wall) -> tuple[np.ndarray, np.ndarray]:
    """The counts in a wall's own frame, shape (27, 27, 27), and the places there (3, n)."""
    line = np.arange(-13, 14) * STEP_MM
    own = np.stack(np.meshgrid(line, line, line, indexing="ij")).reshape(3, -1)
    at = (wall.centre[:, None] + wall.axes.T @ own) / STEP_MM
    looked = map_coordinates(image.work, at, order=1, mode="constant", cval=0.0)
    return looked.reshape(27, 27, 27), own


def _registration(lead: _Found, other: _Found) -> Rigid | None:
    """How the other state's ventricle lies in the frame of its own fit against the lead's."""
    fixed, own = _look(lead.image, lead.fit.wall)
    moving, _ = _look(other.image, other.fit.wall)
    still = replace(lead.fit.wall, centre=np.zeros(3), axes=np.eye(3))
    weight = reach_of(still, own, 6.0, 6.0).reshape(fixed.shape)
    found = register(fixed, moving, weight, STEP_MM, resize=True)
    far = float(np.linalg.norm(found.shift_mm)) > 30.0 or found.turn_deg > 30.0
    return None if far or found.correlation < 0.6 else found


def _across(map_: Rigid, lead: Wall, other: Wall, place: np.ndarray) -> np.ndarray:
    """Places (3,) or (3, n) of the lead's cube in the other's, in mm."""
    flat = place.reshape(3, -1)
    own = lead.axes @ (flat - lead.centre[:, None])
    moved = map_.size * (map_.rotation @ own) + map_.shift_mm[:, None]
    across: np.ndarray = (other.axes.T @ moved + other.centre[:, None]).reshape(place.shape)
    return across


def _joint(lead: _Found, other: _Found, map_: Rigid) -> Fit:
    """One wall for the brighter of both states at each place, each over its own brightness."""
    wall = lead.fit.wall
    chosen = near(lead.image, wall)
    places = lead.image.places[:, chosen]
    there = _across(map_, wall, other.fit.wall, places.astype(np.float64)) / STEP_MM
    counts = [
        lead.image.work.ravel()[chosen],
        map_coordinates(other.image.work, there, order=1, mode="constant", cval=0.0),
    ]
    share = shares(wall, places)[0]
    inside = share > 0.6 * share.max()
    levels = [max(float(np.percentile(c[inside], 75)), 1e-6) for c in counts]
    brighter = np.maximum(counts[0] / levels[0], counts[1] / levels[1]).astype(np.float32)
    fit = fit_counts(places, brighter, wall, (6, 8))
    return fit if merit(fit) > merit(lead.fit) - 0.2 else lead.fit


def _again(found: _Found, model: Wall, favour: float) -> _Found:
    """Another try at a poorly found ventricle, from the shape it has in the other state.

    `favour` is by how much its merit may be less.
    """
    starts = [replace(model, centre=centre) for centre in (model.centre, found.fit.wall.centre)]
    fits = [fit_to(found.image, start, (5, 6)) for start in starts]
    best = max(fits, key=merit)
    return replace(found, fit=best) if merit(best) > merit(found.fit) - favour else found
