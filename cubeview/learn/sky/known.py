"""Simulated windows of the sky of which is known where what makes their class lies."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import Known, Simulator
from cubeview.learn.sky.prepare import SkyConfig, prepare_window
from cubeview.simulate.sky import window as ifu

NEAR_VOXELS = 2.0


def _known(
    preprocess: Mapping[str, Any],
    channels: tuple[str, ...],
    label: str,
    rng: np.random.Generator,
    name: str,
) -> Known:
    config = SkyConfig.from_dict(preprocess)
    window = ifu.simulate_window(label, rng, config.size)
    values, _ = prepare_window(window.flux, window.sigma, config)
    steps = np.arange(config.size, dtype=float)
    axes = (
        Axis("Wavelength", "spectral", "", steps),
        Axis("Dec", "space", "", steps),
        Axis("RA", "space", "", steps),
    )
    case = Case(name, "sky", {channels[0]: Cube(axes, ArrayPixels(window.flux), "sky")})
    prepared = Prepared(case, values, {channels[0]: np.eye(4)})
    strength = np.abs(window.effect)
    site = strength > strength.max() / 2
    return Known(label, prepared, np.ones_like(site), site, NEAR_VOXELS)


SIMULATOR = Simulator(_known, ifu.CLASSES, ifu.VERSION, f"{NEAR_VOXELS:g} voxels")
