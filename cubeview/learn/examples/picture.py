"""Training examples for networks that judge pictures: simulated, prepared as real ones are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cubeview.kinds import PICTURE
from cubeview.learn.examples.source import Source
from cubeview.learn.picture.hidden import box_around, box_elsewhere, hide, site_of
from cubeview.learn.picture.prepare import PictureConfig, framed_alike, framed_picture
from cubeview.simulate.picture.galaxy import CLASSES, VERSION, Galaxy, simulate_galaxy

HIDDEN = 0.2
"""Share of each class that has a box over it: a network is to miss a bar that is hidden, and only
that. Without such examples a black box is like nothing it has seen."""


def picture_galaxy(seed: int, split: int, index: int) -> tuple[Galaxy, np.random.Generator]:
    """Simulate the galaxy of one example number; see `Source.example`."""
    rng = np.random.default_rng([seed, split, index])
    return simulate_galaxy(CLASSES[index % len(CLASSES)], rng), rng


def galaxy_example(seed: int, split: int, index: int, preprocess: Mapping[str, Any]) -> np.ndarray:
    """Simulate and prepare one picture, shape (1, 1, size, size), float32; see `Source`."""
    config = PictureConfig.from_dict(preprocess)
    galaxy, rng = picture_galaxy(seed, split, index)
    if rng.random() >= HIDDEN:
        return framed_picture(galaxy.light, config).input
    barred = galaxy.label == CLASSES[0]
    if not barred and rng.random() < 0.7:
        galaxy = simulate_galaxy(CLASSES[0], rng)  # whose bar is hidden
    framed = framed_picture(galaxy.light, config)
    site = site_of(framed_alike(galaxy.bar, framed))
    fill = float(rng.choice([0.0, framed.input.mean()]))
    if barred or not site.any():
        sides = (int(rng.integers(6, 26)), int(rng.integers(6, 26)))
        box = box_elsewhere(site, sides, rng)
    else:
        box = box_around(site)
    return framed.input if box is None else hide(framed.input, box, fill)


def galaxy_facts(
    seed: int, split: int, index: int, preprocess: Mapping[str, Any]
) -> dict[str, float]:
    """Return the contrast of the bar, 0 for none; see `Source`."""
    return {"contrast": picture_galaxy(seed, split, index)[0].contrast}


PICTURES: Mapping[str, Source] = {
    "galaxies": Source(VERSION, CLASSES, PICTURE.channels, galaxy_example, galaxy_facts)
}
