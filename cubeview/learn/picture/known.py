"""Simulated pictures of which is known where what makes their class lies."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.kinds import PICTURE
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import Known, Simulator
from cubeview.learn.picture.hidden import site_of
from cubeview.learn.picture.prepare import PictureConfig, framed_alike, framed_picture
from cubeview.simulate.picture.galaxy import CLASSES, VERSION, simulate_galaxy

NEAR_PX = 2.0


def _known(
    preprocess: Mapping[str, Any],
    channels: tuple[str, ...],
    label: str,
    rng: np.random.Generator,
    name: str,
) -> Known:
    galaxy = simulate_galaxy(label, rng)
    framed = framed_picture(galaxy.light, PictureConfig.from_dict(preprocess))
    rows, columns = galaxy.light.shape
    axes = plain_axis(1, "z"), plain_axis(rows, "y"), plain_axis(columns, "x")
    cube = Cube(axes, ArrayPixels(galaxy.light[None]), PICTURE.key)
    grid = np.diag([1.0, framed.step, framed.step, 1.0])
    grid[1:3, 3] = framed.corner
    case = Case(name, PICTURE.key, {channels[0]: cube})
    site = site_of(framed_alike(galaxy.bar, framed))[None]
    prepared = Prepared(case, framed.input, {channels[0]: grid})
    return Known(label, prepared, np.ones_like(site), site, NEAR_PX)


SIMULATOR = Simulator(_known, CLASSES, VERSION, f"{NEAR_PX:g} pixels of the input")
