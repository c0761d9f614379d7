"""Training examples for the sky network: simulated windows, prepared as real ones are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cubeview.learn.sky.prepare import SkyConfig, prepare_window
from cubeview.simulate.sky.window import CLASSES, SkyWindow, simulate_window

ROLES = ("flux", "noise")
"""Channels in order."""

WITHOUT_SIGMA = 0.25
"""Share of windows whose file states no uncertainty, as most radio cubes."""


def sky_window(seed: int, split: int, index: int, size: int) -> tuple[SkyWindow, bool]:
    """Simulate the window of one example number.

    Returns
    -------
    window : SkyWindow
        Of class ``index`` modulo the number of classes.
    states_sigma : bool
        Whether its file would state an uncertainty.
    """
    rng = np.random.default_rng([seed, split, index])
    window = simulate_window(CLASSES[index % len(CLASSES)], rng, size)
    return window, bool(rng.random() >= WITHOUT_SIGMA)


def sky_example(seed: int, split: int, index: int, preprocess: Mapping[str, Any]) -> np.ndarray:
    """Simulate and prepare one window; shape (2, size, size, size), float32.

    Parameters
    ----------
    seed, split, index : int
        Together they name the example: the same three give the same one.
    preprocess : mapping
        Entries of `SkyConfig`.
    """
    config = SkyConfig.from_dict(preprocess)
    window, states_sigma = sky_window(seed, split, index, config.size)
    return prepare_window(window.flux, window.sigma if states_sigma else None, config)[0]


def peak_sn(seed: int, split: int, index: int, preprocess: Mapping[str, Any]) -> float:
    """Return the peak signal-to-noise of what makes an example's class; 0 for an empty window."""
    return sky_window(seed, split, index, SkyConfig.from_dict(preprocess).size)[0].peak_sn


def sky_facts(seed: int, split: int, index: int, preprocess: Mapping[str, Any]) -> dict[str, float]:
    """Return the peak signal-to-noise of an example, as `peak_sn`."""
    return {"peak_sn": peak_sn(seed, split, index, preprocess)}
