"""Simulated hearts of which is known where what makes their class lies."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.ndimage import map_coordinates

from cubeview.learn.heart.prepare import HeartConfig, prepare_heart
from cubeview.learn.models.rooms import Known, Simulator
from cubeview.simulate.heart import pair as spect

NEAR_MM = 10.0


def _known(
    preprocess: Mapping[str, Any],
    channels: tuple[str, ...],
    label: str,
    rng: np.random.Generator,
    name: str,
) -> Known:
    pair = spect.simulate_pair(label, rng)
    case = spect.to_case(pair, name)
    config = HeartConfig.from_dict(preprocess)
    prepared = prepare_heart(case, config, channels, ventricles=pair.truth.ventricles)
    shape = prepared.input.shape[1:]
    wall, site = (
        np.any([_on_grid(masks[role], grid, shape) for role, grid in prepared.grids.items()], 0)
        for masks in (pair.truth.myocardium, pair.truth.site)
    )
    return Known(label, prepared, wall | site, site, NEAR_MM / config.voxel_mm)


def _on_grid(mask: np.ndarray, grid: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sample a mask of a cube at the voxels of the input."""
    voxels = np.indices(shape).reshape(3, -1)
    places = grid[:3, :3] @ voxels + grid[:3, 3:]
    inside: np.ndarray = map_coordinates(mask.astype(np.float32), places, order=1) >= 0.5
    return inside.reshape(shape)


SIMULATOR = Simulator(_known, spect.CLASSES, spect.VERSION, f"{NEAR_MM:g} mm, in the heart")
