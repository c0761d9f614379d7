"""How right the cheap masks are: ``python -m tests.benchmarks.mask_figures [--fields N]``.

Sources: simulated cubes of both flavours with line emitters of every shape, planted at peak S/N 3
to 12 a voxel; the truth of a mask is where a source is brighter than one sigma.
"""

import argparse
import itertools
import time

import numpy as np

from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.measure.masks.compare import dice
from cubeview.measure.masks.sources import find_sources
from cubeview.simulate.sky.field import _places, field_world
from cubeview.simulate.sky.lines import draw_emission
from cubeview.simulate.sky.noise import draw_ifu_noise, draw_radio_noise
from cubeview.simulate.sky.settings import SETTINGS
from cubeview.simulate.sky.sources import to_sn
from tests.benchmarks.table import row

SHAPE = (120, 100, 100)
SOURCES = 12
SN, BRIGHT = (3.0, 12.0), (6.0, 24.0)
KINDS = ("point", "double peaked", "broad", "galaxy", "rotating disc")


def planted(seed, flavour, shape=SHAPE, count=SOURCES, sn=SN, kinds=KINDS, stated=True):
    """Return a cube with sources, and the light of each."""
    rng = np.random.default_rng((22, seed))
    setting = SETTINGS[flavour]
    draw = draw_radio_noise if flavour == "radio" else draw_ifu_noise
    noise = draw(rng, shape, setting.optics)
    lights = []
    for place in _places(rng, shape, count):
        source, _ = draw_emission(rng, setting.optics, shape, place, str(rng.choice(kinds)))
        lights.append(to_sn(source, noise.sigma, float(np.exp(rng.uniform(*np.log(sn))))))
    flux = sum(lights) + noise.residual + noise.sigma * noise.sample
    axes, wcs = field_world(rng, shape, setting)
    sigma = ArrayPixels(noise.sigma * setting.sigma) if stated else None
    pixels = ArrayPixels(flux * setting.sigma)
    cube = Cube(axes, pixels, "sky", unit=setting.unit, uncertainty=sigma, wcs=wcs)
    return cube, lights, noise.sigma


def judge(lights, sigma, found, scale):
    """Return for each source whether it was found, Dice and flux over truth; and the real finds.

    A source is found where a find overlaps what is brighter than one sigma of it; a find is real
    where it overlaps that or the brightest voxels that hold 90 % of a source's light.
    """
    values, real, rows = found.mask.values, set(), []
    for light in lights:
        truth = light > sigma
        falling = np.sort(light.ravel())[::-1]
        held = np.cumsum(falling)
        most = light >= falling[np.searchsorted(held, 0.9 * held[-1])]
        real.update(int(n) for n in np.unique(values[truth | most]) if n)
        numbers = [int(n) for n in np.unique(values[truth]) if n]
        if not numbers:
            rows.append((False, None, None))
            continue
        flux = sum(found.fluxes[n - 1] for n in numbers) / scale / light.sum()
        rows.append((True, dice(np.isin(values, numbers), truth), float(flux)))
    return rows, len(real)


def sources(fields, first):
    """Print completeness, reliability, Dice and flux of planted sources."""
    for flavour, stated, sn in (
        *itertools.product(("ifu", "radio"), (True, False), (SN,)),
        ("radio", True, BRIGHT),
    ):
        rows, finds, real, seconds = [], 0, 0, 0.0
        for seed in range(first, first + fields):
            cube, lights, sigma = planted(seed, flavour, stated=stated, sn=sn)
            began = time.process_time()
            found = find_sources(cube)
            seconds += time.process_time() - began
            each, good = judge(lights, sigma, found, SETTINGS[flavour].sigma)
            rows, finds, real = rows + each, finds + len(found.fluxes), real + good
        name = f"{flavour}, peak S/N {sn[0]:g} to {sn[1]:g}{'' if stated else ', no noise stated'}"
        complete, sure = np.mean([hit for hit, _, _ in rows]), real / max(finds, 1)
        overlap = np.mean([d for hit, d, _ in rows if hit])
        fluxes = [f for hit, _, f in rows if hit]
        middle = np.median(fluxes)
        row(f"{name}: completeness of {len(rows)}", f"{complete:.3f}", "≥ .9", complete >= 0.9)
        row(f"{name}: reliability of {finds}", f"{sure:.3f}", "≥ .9", sure >= 0.9)
        row(f"{name}: Dice of those found", f"{overlap:.3f}", "≥ .7", overlap >= 0.7)
        row(
            f"{name}: flux over planted",
            f"median {middle:.3f}, spread {np.std(fluxes):.2f}",
            "within 10 %",
            abs(middle - 1) <= 0.1,
        )
        row(f"{name}: CPU seconds a cube of {SHAPE}", f"{seconds / fields:.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fields", type=int, default=10)
    parser.add_argument("--first", type=int, default=1000)
    options = parser.parse_args()
    sources(options.fields, options.first)


if __name__ == "__main__":
    main()
