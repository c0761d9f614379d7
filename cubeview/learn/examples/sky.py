"""Training examples for the sky network: simulated windows, prepared as real ones are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cubeview.kinds import SKY
from cubeview.learn.examples.source import Source
from cubeview.learn.sky.prepare import SkyConfig, prepare_window
from cubeview.simulate.sky.window import CLASSES, VERSION, SkyWindow, simulate_window

WITHOUT_SIGMA = 0.25
"""Share of windows whose file states no uncertainty, as most radio cubes."""


def sky_window(seed: int, split: int, index: int, size: int) -> tuple[SkyWindow, bool]:
    """Simulate the window of one example number, and whether its file would state an uncertainty.

    Parameters
    ----------
    seed, split, index : int
        As for `Source.example`: the class is ``index`` modulo the number of classes.
    size : int
        Voxels a side.
    """
    rng = np.random.default_rng([seed, split, index])
    window = simulate_window(CLASSES[index % len(CLASSES)], rng, size)
    return window, bool(rng.random() >= WITHOUT_SIGMA)


def sky_example(seed: int, split: int, index: int, preprocess: Mapping[str, Any]) -> np.ndarray:
    """Simulate and prepare one window, shape (2, size, size, size), float32; see `Source`."""
    config = SkyConfig.from_dict(preprocess)
    window, states_sigma = sky_window(seed, split, index, config.size)
    return prepare_window(window.flux, window.sigma if states_sigma else None, config)[0]


def sky_facts(seed: int, split: int, index: int, preprocess: Mapping[str, Any]) -> dict[str, float]:
    """Return the peak signal-to-noise of what makes the class, 0 for none; see `Source`."""
    window, _ = sky_window(seed, split, index, SkyConfig.from_dict(preprocess).size)
    return {"peak_sn": window.peak_sn}


def sky_mask(seed: int, split: int, index: int, preprocess: Mapping[str, Any]) -> np.ndarray:
    """Return where what makes an example's class exceeds the noise, shape (size, size, size).

    Numbers of its class; 0, which is empty, elsewhere. Called as a truth of a `Source`.
    """
    window, _ = sky_window(seed, split, index, SkyConfig.from_dict(preprocess).size)
    shown = np.abs(window.effect) > window.sigma  # False where there is no data
    return np.where(shown, CLASSES.index(window.label), 0).astype(np.uint8)


SKIES: Mapping[str, Source] = {
    "ifu": Source(
        VERSION, CLASSES, SKY.channels, sky_example, sky_facts, truths={"segment": sky_mask}
    )
}
