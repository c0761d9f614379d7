"""Hearts between two ellipsoids: a second simulator, which shares only its classes with the first.

The wall is the space between two ellipsoids, lesions are patches in angle and height, mild ones
as frequent as severe ones, the camera is one Gaussian less a wider one (a low pass with the
negative ring that a ramp filter leaves), the noise is filtered likewise. What is known of a pair is
where its ventricles lie.

Heart axes are u to lateral, v to inferior, w from apex to base, in mm from the middle of the wall.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, shift
from scipy.spatial.transform import Rotation

from cubeview.cubes.ventricle import BASE_AT, Ventricle
from cubeview.simulate.heart.effects import Role

VERSION = "ellipsoid-2"

VOXEL_MM = 5.0
SIZE = 36
COUNTS = 400.0

SEVERITY = {"ischaemic": (0.12, 0.65), "infarcted": (0.20, 0.90), "mixed": (0.20, 0.90)}
"""Share of uptake lost in the worst lesion at stress, even in its logarithm."""

FURTHER = 0.45
"""Chance of each of four lesions beside the first."""

NOISE = (0.006, 0.030)
"""Standard deviation as a share of the heart's brightest voxels at stress."""
AT_REST = 1.25
"""Noise of the rest scan, of a third of the activity, as a multiple of that at stress."""

RESTLESS = 0.023
"""Standard deviation of each of three waves around the wall, of their own in each state: with the
noise, it leaves healthy pairs as different between the states as real ones are."""

GROUPS = 0.8
"""Share of its loss at stress that the fixed part of a mixed heart keeps, at most."""

LOBES = {"inferior": (np.pi / 2, 0.8), "anterior": (-np.pi / 2 - 0.3, 0.7)}
"""Where diaphragm and breast shade the wall: middle and width, radians."""

ARTEFACTS = ("inferior", "anterior", "one state", "motion", "gut")


@dataclass(frozen=True, eq=False)
class EllipsoidPair:
    """A rest and a stress scan; `ventricles` by role, the truth as in `SpectTruth`."""

    rest: np.ndarray
    stress: np.ndarray
    voxel_mm: float
    ventricles: dict[Role, Ventricle]


@dataclass(frozen=True, eq=False)
class _Heart:
    """What both states share; lengths in mm, angles in radians (0 lateral, pi/2 inferior)."""

    inside: np.ndarray  # semi-axes of the cavity (u, v, w)
    wall: float
    thinned: float  # share that the wall lacks at the apex
    bends: np.ndarray  # (3, 2): amplitude and phase of radius against angle
    base: float
    tilt: np.ndarray  # of the base, mm for each mm along (u, v)
    septum: float
    apical: float
    slope: float
    fall: float
    waves: np.ndarray  # (4, 3): amplitude, phase, change along the wall
    inferior: float
    anterior: float
    patches: np.ndarray  # (n, 6): angle, height, half widths, weight, whether of the fixed group
    background: float
    gradient: np.ndarray  # of the background, for each mm along (u, v, w)
    cavity: float
    right: np.ndarray  # level of the right ventricle's wall, distance of its middle
    gut: np.ndarray  # centre (u, v, w), radius, level
    fwhm: float
    ring: float
    noise: float
    grain: np.ndarray  # blur of the noise in voxels, share of the wider blur taken away


def simulate_ellipsoids(label: str, rng: np.random.Generator) -> EllipsoidPair:
    """Simulate one pair of a class of `cubeview.simulate.heart.pair.CLASSES`."""
    heart = _draw(rng)
    artefact = ARTEFACTS[rng.integers(len(ARTEFACTS))] if label == "artefact" else ""
    low, high = SEVERITY.get(label, (0.0, 0.0))
    severity = float(low * (high / low) ** rng.random()) if low else 0.0
    left = {"ischaemic": rng.uniform(0, 0.15), "infarcted": rng.uniform(0.92, 1.05)}.get(label, 0.0)
    part = rng.uniform(0.4, 0.9)
    turn = Rotation.from_euler("xyz", rng.normal(0, 5, 3), degrees=True)
    centre = rng.uniform(-7, 7, 3)
    strong, which = rng.uniform(0.35, 0.6), ("rest", "stress")[rng.integers(2)]
    shaded = ("inferior", "anterior")[rng.random() < 0.4]
    scans: dict[Role, np.ndarray] = {}
    ventricles: dict[Role, Ventricle] = {}
    for role in ("rest", "stress"):
        again = turn * Rotation.from_euler("xyz", rng.normal(0, 1.3, 3), degrees=True)
        place, size = centre + rng.normal(0, 0.8, 3), rng.normal(1, 0.014)
        u, v, w = _bent(heart, _heart_axes(again, place, size))
        angle, height = np.arctan2(v, u), _height(heart, w)
        reach = np.clip(height / 0.45, 0, 1)  # nothing varies around the tip
        uptake = _uptake(heart, angle, height, reach, rng)
        loss = {"inferior": heart.inferior, "anterior": heart.anterior}
        if artefact in loss:
            loss[artefact] += strong * rng.uniform(0.9, 1.0)
        elif artefact == "one state" and role == which:
            loss[shaded] += strong * 0.75
        for name, (at, width) in LOBES.items():
            amount = min(max(loss[name] + rng.normal(0, 0.03), 0.0), 0.75)
            lobe = np.exp(-((_apart(angle, at) / width) ** 2)) * reach
            uptake *= 1 - amount * lobe * (0.35 + 0.75 * np.minimum(height, 1.0))
        both, fixed = _lesions(heart.patches, angle, height, reach)
        if label == "mixed" and role == "rest":
            uptake *= 1 - severity * part * GROUPS * fixed
        elif severity:
            uptake *= 1 - severity * both * (left if role == "rest" else 1.0)
        activity = _activity(heart, (u, v, w), np.maximum(uptake, 0.03), artefact == "gut", rng)
        scans[role] = _scan(heart, activity, role, artefact == "motion" and role == which, rng)
        ventricles[role] = _ventricle(heart, again, place, size)
    return EllipsoidPair(scans["rest"], scans["stress"], VOXEL_MM, ventricles)


def _draw(rng: np.random.Generator) -> _Heart:
    across, round_ = rng.uniform(16, 28), rng.uniform(0.88, 1.12)
    patches = _patches(rng)
    away = across + rng.uniform(20, 45)
    level = rng.uniform(0.15, 0.9) * (rng.random() < 0.6)
    return _Heart(
        inside=np.array([across * round_, across / round_, rng.uniform(46, 68)], dtype=np.float32),
        wall=rng.uniform(8.5, 13.5),
        thinned=rng.uniform(0, 0.4),
        bends=np.stack([rng.normal(0, 0.05, 3), rng.uniform(0, 6.28, 3)], axis=1),
        base=rng.uniform(18, 42),
        tilt=rng.normal(0, 0.12, 2),
        septum=rng.uniform(0, 18),
        apical=rng.uniform(-0.1, 0.12),
        slope=rng.uniform(-0.03, 0.14),
        fall=rng.uniform(0.05, 0.4),
        waves=np.stack(
            [rng.normal(0, 0.03, 4), rng.uniform(0, 6.28, 4), rng.uniform(-1, 1, 4)], axis=1
        ),
        inferior=rng.uniform(0, 0.3) * (rng.random() < 0.8),
        anterior=rng.uniform(0, 0.2) * (rng.random() < 0.5),
        patches=patches,
        background=rng.uniform(0.02, 0.16),
        gradient=rng.normal(0, 0.008, 3),
        cavity=rng.uniform(0.05, 0.3),
        right=np.array([rng.uniform(0.05, 0.4), rng.uniform(0.9, 1.3)]),
        gut=np.array([rng.normal(0, 20), away, rng.uniform(-30, 35), rng.uniform(14, 28), level]),
        fwhm=rng.uniform(12, 17.5),
        ring=rng.uniform(0, 0.25),
        noise=float(np.exp(rng.uniform(*np.log(NOISE)))),
        grain=np.array([rng.uniform(1.1, 1.6), rng.uniform(0.3, 0.8)]),
    )


def _patches(rng: np.random.Generator) -> np.ndarray:
    """Draw one to five lesions, most in one territory; see `_Heart`."""
    territory = rng.integers(3)  # circumflex, right coronary, left anterior descending
    middle = (0.0, np.pi / 2, -np.pi / 2 - 0.35)[territory]
    patches = []
    for number in range(5):
        if number and rng.random() > FURTHER:
            continue
        angle = rng.uniform(-np.pi, np.pi) if rng.random() < 0.2 else middle
        low = territory == 2 and rng.random() < 0.6  # its end lies around the apex
        height, weight = rng.uniform(*(0.0, 0.6) if low else (0.1, 0.95)), rng.uniform(0.5, 1.0)
        widths = rng.uniform(0.25, 0.9), rng.uniform(0.12, 0.4)
        off, fixed = rng.normal(0, 0.5), rng.random() < 0.5
        patches.append([angle + off, height, *widths, weight if number else 1.0, fixed])
    if len({patch[5] for patch in patches}) == 1:
        patches[0][5] = 0.6  # the worst is partly fixed, where nothing tells two groups apart
    return np.array(patches, dtype=np.float64)


def _apart(angle: np.ndarray, at: float) -> np.ndarray:
    difference: np.ndarray = np.mod(angle - at + np.pi, 2 * np.pi) - np.pi
    return difference


def _heart_axes(turn: Rotation, place: np.ndarray, size: float) -> np.ndarray:
    """Heart coordinates (u, v, w) of the voxels of a grid (z, y, x)."""
    line = (np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2) * VOXEL_MM
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    grid = np.stack([x, y, z]).reshape(3, -1) - place[:, None].astype(np.float32)
    turned = turn.as_matrix().T.astype(np.float32) / np.float32(size)
    there: np.ndarray = (turned @ grid).reshape(3, *z.shape)
    return there


def _bent(heart: _Heart, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heart coordinates in which a wall that is not round is round."""
    u, v, w = places
    angle = np.arctan2(v, u)
    share = 1 + sum(
        amount * np.cos(order * angle + phase)
        for order, (amount, phase) in enumerate(heart.bends.tolist(), start=2)
    )
    return u * share, v * share, w


def _middle(heart: _Heart) -> float:
    """Of the wall's length, from the widest place."""
    return float(heart.base - 0.3 * heart.septum - heart.inside[2] - heart.wall) / 2


def _height(heart: _Heart, w: np.ndarray) -> np.ndarray:
    """0 at the inside of the apex, 1 at the base."""
    span = heart.inside[2] + heart.base
    found: np.ndarray = np.clip((w + _middle(heart) + heart.inside[2]) / span, 0, 1.2)
    return found


def _uptake(
    heart: _Heart,
    angle: np.ndarray,
    height: np.ndarray,
    reach: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Uptake of a wall without attenuation, a little different in each state."""
    uptake: np.ndarray = 1 + heart.slope * np.cos(angle) * reach
    uptake += heart.apical * np.exp(-((height / 0.25) ** 2))
    uptake -= 1.6 * heart.fall * np.clip(height - 0.5, 0, None)
    for order, (amount, phase, along) in enumerate(heart.waves.tolist()):
        wave = np.cos((order % 3 + 1) * angle + phase) * reach
        uptake += amount * wave * (1 + along * (height - 0.5))
    for order in (1, 2, 3):
        uptake += rng.normal(0, RESTLESS) * np.cos(order * angle + rng.uniform(0, 6.28)) * reach
    uptake += rng.normal(0, 0.03) * (height - 0.5)
    return uptake


def _lesions(
    patches: np.ndarray, angle: np.ndarray, height: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weight of all patches, and of the fixed ones."""
    both, fixed = np.zeros_like(angle), np.zeros_like(angle)
    for at, along, wide, long, weight, group in patches.tolist():
        off = np.abs(_apart(angle, at) * reach / wide) ** 3 + np.abs((height - along) / long) ** 3
        patch = weight * np.exp(-0.5 * off)
        both, fixed = np.maximum(both, patch), np.maximum(fixed, group * patch)
    return both, fixed


def _activity(
    heart: _Heart,
    places: tuple[np.ndarray, np.ndarray, np.ndarray],
    uptake: np.ndarray,
    hot: bool,
    rng: np.random.Generator,
) -> np.ndarray:
    u, v, w = places
    along = w + _middle(heart)
    thick = heart.wall * (1 - heart.thinned * np.exp(-((_height(heart, w) / 0.2) ** 2)))
    inner, outer = (
        np.sqrt(sum((q / r) ** 2 for q, r in zip((u, v, along), radii, strict=True)))
        for radii in (heart.inside, (*(heart.inside[:2] + heart.wall), heart.inside[2] + thick))
    )
    soft = 1.2 / heart.inside[0]
    within = _step((1 - inner) / soft)
    whole = _step((1 - outer) / soft)
    septal = _step(-(u + 0.5 * heart.inside[0]) / 4)
    base = heart.base + heart.tilt[0] * u + heart.tilt[1] * v
    below = _step((base - heart.septum * septal - along) / 4)
    wall = np.clip(whole - within, 0, None) * below
    activity = wall * uptake + within * below * heart.cavity
    slope = 1 + sum(g * q for g, q in zip(heart.gradient.tolist(), places, strict=True))
    around = heart.background * np.maximum(slope, 0.0)
    activity += (1 - whole) * around + (1 - below) * whole * 0.5 * (around + heart.cavity)
    level, away = heart.right.tolist()
    right = np.sqrt((u / heart.inside[0] + away) ** 2 + (v / (1.15 * heart.inside[1])) ** 2)
    activity += level * np.exp(-(((right - 0.95) / 0.12) ** 2)) * (1 - whole) * below
    *centre, radius, level = heart.gut.tolist()
    if hot:
        centre[1] = float(heart.inside[1]) + heart.wall + rng.uniform(8, 16)
        radius, level = rng.uniform(9, 18), rng.uniform(1.0, 2.5)
    far = np.sqrt((u - centre[0]) ** 2 + (v - centre[1]) ** 2 + (0.75 * (w - centre[2])) ** 2)
    found: np.ndarray = activity + level * rng.uniform(0.6, 1.3) * _step((radius - far) / 3)
    return found


def _step(x: np.ndarray) -> np.ndarray:
    rising: np.ndarray = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return rising


def _scan(
    heart: _Heart, activity: np.ndarray, role: Role, moved: bool, rng: np.random.Generator
) -> np.ndarray:
    sigma = heart.fwhm * rng.normal(1, 0.03) / 2.355 / VOXEL_MM
    image = (1 + heart.ring) * gaussian_filter(activity, sigma)
    image -= heart.ring * gaussian_filter(activity, 2 * sigma)
    if moved:
        away = rng.normal(size=3)
        away *= rng.uniform(9, 20) / np.linalg.norm(away) / VOXEL_MM
        image = 0.6 * image + 0.4 * shift(image, away, order=1, mode="nearest")
    bright = float(np.partition(image, -200, axis=None)[-200])
    grain = rng.normal(size=image.shape).astype(np.float32) * np.sqrt(
        0.7 * np.clip(image, 0, None) / bright + 0.1
    )
    blur, ring = heart.grain.tolist()
    grain = (1 + ring) * gaussian_filter(grain, blur) - ring * gaussian_filter(grain, 2 * blur)
    noise = heart.noise * (AT_REST if role == "rest" else 1.0)
    image += grain / grain.std() * noise * bright
    image = np.clip(image, 0, None)
    found: np.ndarray = np.rint(image * COUNTS / image.max()).astype(np.float32)
    return found


def _ventricle(heart: _Heart, turn: Rotation, place: np.ndarray, size: float) -> Ventricle:
    """The ellipsoid around the wall, as `cubeview.simulate.heart.state.true_ventricle`."""
    length = float(heart.inside[2] + heart.wall + heart.base - 0.3 * heart.septum)
    long = length / (1 + BASE_AT)
    outer = heart.inside + heart.wall
    u, v, w = turn.as_matrix().T[:, ::-1]  # directions in (z, y, x)
    middle = place[::-1] + (SIZE - 1) / 2 * VOXEL_MM
    return Ventricle(
        middle + (long - length / 2) * size * w,
        np.stack([w, v, u]),
        np.array([long, outer[1], outer[0]]) * size,
    )
