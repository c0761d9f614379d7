"""Simulated pairs over the simulator's full range, short-axis and transaxial, to try finders on."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import map_coordinates

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.simulate.heart import pair as spect
from cubeview.simulate.heart.variants import VARIANTS
from tests.learn.heart.phantom import TRANSAXIAL, mm_cube

LARGE = (0.28, 0.34)
"""Extent of a defect of about a third of the wall."""

HOT = (1.1, 1.6)
"""Liver and gut brighter than the heart."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One simulated pair: what is in it, and where its ventricles are."""

    label: str
    view: str
    masked: bool
    hot: bool
    large: bool
    cubes: dict[str, Cube]
    truth: dict[str, Ventricle]
    pair: spect.SpectTruth


def trial(number: int, seed: int = 4, variant: str = "") -> Trial:
    """Return one of them: classes take turns, every third is transaxial, every second masked.

    One lesion in four covers a third of the wall, and in one pair in four liver and gut are
    brighter than the heart; the rest is the range of the simulator, or that of one of its variants.
    """
    usual = VARIANTS[variant] if variant else spect.SpectRange()
    rng = np.random.default_rng([seed, number])
    label = spect.CLASSES[number % len(spect.CLASSES)]
    transaxial, masked = number % 3 == 2, number % 2 == 0
    large, hot = rng.random() < 0.25, rng.random() < 0.25
    scan = replace(usual.scan, masked_share=float(masked))
    if hot:
        scan = replace(scan, liver=HOT, gut=HOT)
    params = replace(
        usual,
        scan=scan,
        effects=replace(usual.effects, extent=LARGE) if large else usual.effects,
        shape=(46, 46, 46) if transaxial else usual.shape,
    )
    pair = spect.simulate_pair(label, rng, params)
    cubes = dict(spect.to_case(pair, "simulated").cubes)
    truth = {role: mean_place(pair.truth, role) for role in spect.ROLES}
    if transaxial:
        for role in spect.ROLES:
            cubes[role], truth[role] = across_the_body(cubes[role], truth[role])
    view = "transaxial" if transaxial else "short axis"
    return Trial(label, view, masked, hot, large, cubes, truth, pair.truth)


def mean_place(truth: spect.SpectTruth, role: str) -> Ventricle:
    """Return where a ventricle was on average: one that moved has no other single place."""
    ventricle = truth.ventricles[role]
    return replace(ventricle, centre=ventricle.centre + truth.drift[role])


def across_the_body(cube: Cube, truth: Ventricle) -> tuple[Cube, Ventricle]:
    """Return the same body in slices across its own axis, and the ventricle there."""
    mm = cube.spacing[0]
    turn = TRANSAXIAL.T @ (cube.affine[:3, :3] / mm)  # short-axis mm to transaxial mm
    middle = (np.array(cube.shape) - 1) / 2
    places = turn.T @ (np.indices(cube.shape).reshape(3, -1) - middle[:, None])
    values = map_coordinates(cube.pixels.read(), places + middle[:, None], order=1)
    affine = np.eye(4)
    affine[:3, :3] = TRANSAXIAL * mm
    centre = turn @ (truth.centre - middle * mm) + middle * mm
    turned = mm_cube(values.reshape(cube.shape), mm, "transaxial", affine)
    return turned, replace(truth, centre=centre, axes=truth.axes @ turn.T)
