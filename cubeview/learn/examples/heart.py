"""Training examples for the heart network: simulated pairs, prepared as real ones are."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from cubeview.cubes.ventricle import Ventricle
from cubeview.learn.examples.source import SPLITS, Source
from cubeview.learn.heart.prepare import HeartConfig, prepare_heart
from cubeview.simulate.heart import pair as spect
from cubeview.simulate.heart.ellipsoids import VERSION as ELLIPSOIDS
from cubeview.simulate.heart.ellipsoids import simulate_ellipsoids
from cubeview.simulate.heart.variants import LEARNT, VARIANTS

# How far off a found ventricle may be, so that the finder itself, ten times slower than all the
# rest, need not run for each training case: bias, standard deviation common to both states, and
# standard deviation of each. Centre in mm and turn in degrees along the ventricle's own axes (long,
# inferior, lateral), logarithm of the semi-axes. A ventricle found too long is too long at its
# base, which moves its centre. Measured on 300 pairs, against where the heart was on average.
FINDER_BIAS = np.array([0.0, 0.0, 0.0, 0.0, 0.1, 0.5, 0.0, 0.0, 0.0])
FINDER_COMMON = np.array([1.0, 0.35, 0.35, 6.0, 1.0, 1.2, 0.03, 0.036, 0.034])
FINDER_OWN = np.array([0.45, 0.3, 0.25, 2.2, 1.1, 1.1, 0.011, 0.010, 0.010])
CENTRE_PER_LENGTH_MM = 33.0
# Its errors have longer tails than a normal distribution: one case in seven errs twice as much.
TAIL_SHARE, TAIL = 1.0 / 7.0, 2.0


def finder_errors(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw how the finder errs on one pair: for each state an argument of `misplaced`."""
    wide = TAIL if rng.random() < TAIL_SHARE else 1.0
    common = rng.normal(0.0, FINDER_COMMON * wide)
    errors: dict[str, np.ndarray] = {}
    for role in spect.ROLES:
        error = common + rng.normal(0.0, FINDER_OWN * wide)
        error[0] += CENTRE_PER_LENGTH_MM * error[6]
        errors[role] = FINDER_BIAS + error
    return errors


def misplaced(ventricle: Ventricle, error: np.ndarray) -> Ventricle:
    """Return a ventricle as the finder might have found it, from where it was on average.

    The error, shape (9,), is that of the centre in mm, turn in degrees and logarithm of the
    semi-axes, each along the rows of `axes`.
    """
    angle = np.deg2rad(error[3:6])
    # Small angles: a cross product, made orthonormal again.
    turn = np.eye(3) + np.array(
        [[0.0, -angle[2], angle[1]], [angle[2], 0.0, -angle[0]], [-angle[1], angle[0], 0.0]]
    )
    left, _, right = np.linalg.svd(turn)
    axes = (left @ right).T @ ventricle.axes
    centre = ventricle.centre + error[:3] @ ventricle.axes
    return Ventricle(centre, axes, ventricle.radii * np.exp(error[6:]))


# What registration leaves of rest against stress, which takes as long as all the rest: standard
# deviations along stress's own axes, mm and degrees. Its errors are (1.6, 0.8, 0.6 mm; 3.2, 2.0,
# 1.4 degrees on 100 pairs) but hide small differences as far as they can.
REGISTERED = np.array([1.2, 0.7, 0.6, 2.0, 1.3, 1.1])


def as_registered(
    truth: Mapping[Any, Ventricle], error: np.ndarray, rng: np.random.Generator
) -> dict[str, Ventricle]:
    """Return the ventricles of a pair as finder and registration might have left them.

    Parameters
    ----------
    truth : mapping of role to Ventricle
        Where the heart was on average.
    error : ndarray, shape (9,)
        Of the finder at stress, as `misplaced`; rest is registered to what was found there.
    rng : Generator
    """
    wide = TAIL if rng.random() < TAIL_SHARE else 1.0
    left = np.concatenate([rng.normal(0.0, REGISTERED * wide), np.zeros(3)])
    rest = misplaced(truth["rest"], error + left)
    return {"stress": misplaced(truth["stress"], error), "rest": replace(rest, by="user")}


def spect_example(
    seed: int,
    split: int,
    index: int,
    preprocess: Mapping[str, Any],
    *,
    variant: str = "",
    look: bool = False,
) -> np.ndarray:
    """Simulate and prepare one rest/stress pair; shape (2, size, size, size), float32.

    Parameters
    ----------
    seed, split, index : int
        Together they name the example: the same three give the same one.
    preprocess : mapping
        Entries of `HeartConfig`.
    variant : str
        A key of `cubeview.simulate.heart.variants.VARIANTS`; empty for the usual ranges.
    look : bool
        Find the ventricle, instead of drawing how the finder errs.
    """
    pair, rng = _pair(seed, split, index, variant)
    truth, errors = pair.truth, finder_errors(rng)
    found = {
        role: misplaced(replace(there, centre=there.centre + truth.drift[role]), errors[role])
        for role, there in truth.ventricles.items()
    }
    case = spect.to_case(pair, f"simulated {index}")
    config = HeartConfig.from_dict(preprocess)
    return prepare_heart(case, config, spect.ROLES, ventricles=None if look else found).input


def ellipsoid_example(
    seed: int, split: int, index: int, preprocess: Mapping[str, Any]
) -> np.ndarray:
    """Simulate and prepare one pair of `cubeview.simulate.heart.ellipsoids`, as `spect_example`."""
    rng = np.random.default_rng([seed, split, index])
    pair = simulate_ellipsoids(spect.CLASSES[index % len(spect.CLASSES)], rng)
    found = as_registered(pair.ventricles, finder_errors(rng)["stress"], rng)
    case, config = spect.to_case(pair, f"simulated {index}"), HeartConfig.from_dict(preprocess)
    return prepare_heart(case, config, spect.ROLES, ventricles=found).input


def mixed_example(seed: int, split: int, index: int, preprocess: Mapping[str, Any]) -> np.ndarray:
    """Simulate and prepare one pair of either simulator, a round of classes in turn."""
    made = (spect_example, ellipsoid_example)[index // len(spect.CLASSES) % 2]
    return made(seed, split, index, preprocess)


def spect_facts(
    seed: int, split: int, index: int, preprocess: Mapping[str, Any], *, variant: str = ""
) -> dict[str, float]:
    """Return the share of the wall lesions cover, and the worst severity; see `Source`."""
    truth = _pair(seed, split, index, variant)[0].truth
    severity = max((lesion.severity["stress"] for lesion in truth.lesions), default=0.0)
    return {"extent": round(truth.extent, 4), "severity": round(severity, 4)}


def _pair(
    seed: int, split: int, index: int, variant: str
) -> tuple[spect.SpectPair, np.random.Generator]:
    rng = np.random.default_rng([seed, split, index])
    usual = LEARNT if split == SPLITS["train"] else None
    params = VARIANTS[variant] if variant else usual
    return spect.simulate_pair(spect.CLASSES[index % len(spect.CLASSES)], rng, params), rng


def _hearts(version: str, **ways: Any) -> Source:
    return Source(
        f"{spect.VERSION}+{version}", spect.CLASSES, spect.ROLES, partial(spect_example, **ways)
    )


HEARTS: Mapping[str, Source] = {
    "spect": replace(_hearts("finder-3"), facts=spect_facts),
    # The same hearts and others, to see how what was learnt carries over.
    "spect/found": _hearts("found-3", look=True),
    **{f"spect/{name}": _hearts(f"{name}+finder-3", variant=name) for name in VARIANTS},
    "ellipsoids": Source(f"{ELLIPSOIDS}+finder-4", spect.CLASSES, spect.ROLES, ellipsoid_example),
    "hearts": Source(
        f"{spect.VERSION}+{ELLIPSOIDS}+finder-4", spect.CLASSES, spect.ROLES, mixed_example
    ),
}
