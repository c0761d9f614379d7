"""Rotators, dispersion and mergers told apart in cubes of KinMS, which nothing was learnt from.

Usage: ``python -m tests.benchmarks.motion_figures [--cubes 120]``; needs ``pip install kinms``.
Ranges as in the notes of the floor: speeds 100-280 and 0-60 km/s, dispersions 8-50 and 50-110, two
discs of a quarter to all of each other's flux, inclinations 25-75 degrees, a beam of 2.5 pixels.
"""

import argparse
import warnings

import numpy as np

from cubeview.errors import CubeviewError
from cubeview.measure.sky.kinematics import UNLIKE, kinematics
from cubeview.simulate.sky.gas import CLASSES
from tests.measure.sky.test_kinematics import cube_of

SIDE, CHANNELS, STEP_KMS, BEAM_PX = 32, 32, 25.0, 2.5
RADII = np.arange(0, 60, 0.25)


def disc(rng, speed, sigma, angle, flux=1.0, place=(0.0, 0.0), offset=0.0):
    """Return a disc of KinMS without noise, shape (v, y, x)."""
    from kinms import KinMS

    light = np.exp(-RADII / rng.uniform(2, 4))
    curve = speed * 2 / np.pi * np.arctan(RADII / rng.uniform(0.5, 2))
    size = (SIDE, SIDE, CHANNELS * STEP_KMS, 1.0, STEP_KMS, [BEAM_PX, BEAM_PX, 0])
    made = KinMS(*size, nSamps=20000, seed=int(rng.integers(1, 99999)), fixSeed=False)
    values = made.model_cube(
        rng.uniform(25, 75), angle, gasSigma=sigma, sbProf=light, sbRad=RADII, velRad=RADII,
        velProf=curve, intFlux=flux, phaseCent=list(place), vOffset=offset, bunit="",
    )  # fmt: skip
    return np.asarray(values).T


def simulated(rng, kind):
    """Return a cube of a class without noise, and the angle of its receding half from x to y."""
    angle = rng.uniform(0, 360)
    if kind == "dispersion":
        return disc(rng, rng.uniform(0, 60), rng.uniform(50, 110), angle), np.nan
    cube = disc(rng, rng.uniform(100, 280), rng.uniform(8, 50), angle)
    if kind == "merger":
        away, where = rng.uniform(3, 9), rng.uniform(0, 2 * np.pi)
        place = away * np.cos(where), away * np.sin(where)
        cube = cube + disc(
            rng, rng.uniform(60, 280), rng.uniform(8, 50), rng.uniform(0, 360),
            rng.uniform(0.25, 1), place, rng.uniform(-200, 200),
        )  # fmt: skip
    return cube, 90.0 + angle


def main() -> None:
    """Print accuracy by signal-to-noise, and the error of the position angle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cubes", type=int, default=120)
    parser.add_argument("--seed", type=int, default=77)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(options.seed)
    velocities = (np.arange(CHANNELS) - (CHANNELS - 1) / 2) * STEP_KMS
    for peak in (30, 10, 5):
        right, unlike, refused, off = 0, 0, 0, []
        for number in range(options.cubes):
            kind = CLASSES[number % 3]
            cube, angle = simulated(rng, kind)
            values = cube / cube.max() * peak + rng.normal(size=cube.shape)
            try:
                found = kinematics(cube_of(values, velocities))
            except CubeviewError:
                refused += 1
                continue
            best = max(found.probabilities, key=found.probabilities.get)
            right += best == kind
            unlike += found.kind == UNLIKE
            if kind == "rotator":
                off.append(abs((found.angle_deg - angle + 180) % 360 - 180))
        print(
            f"peak S/N {peak}: right {right / options.cubes:.3f} of {options.cubes}, called unlike "
            f"{unlike}, refused {refused}; position angle off by {np.median(off):.1f}° (median)"
        )


if __name__ == "__main__":
    main()
