"""How far fits are from planted lines, in units of their own errors: the table of measuring.md.

``python tests/benchmarks/fit_figures.py [--count 2000]``. Cubes of one line, of lines that move
together, of absorption and of two components; each figure is (found - true) / error over all
spaxels, its median and its spread (1.4826 times the median absolute deviation). Channels are
1.25 Angstrom, the instrument's R is 2500, noise is known.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from table import say

from cubeview.measure.sky.fit import fit_line
from cubeview.measure.sky.lines import lines_of
from tests.measure.sky.planted import REDSHIFT, RESOLUTION, planted

CASES = (
    ("Ha", 30, {}),
    ("Ha", 10, {}),
    ("Ha", 6, {}),
    ("Ha", 4.4, {}),
    ("Ha", 10, {"sign": -1}),
    ("OIII", 10, {}),
    ("Ha,NII", 10, {}),
    ("SII", 10, {}),
    ("OII", 10, {}),
    ("Ha", 60, {"components": 2}),
)


def pulls(name, sn, given, count, seed=1):
    """Return pulls by quantity, and the share of spectra that were fitted."""
    cube, truth = planted(name, sn, count, seed=seed, **given)
    found = fit_line(
        cube,
        lines_of(name),
        REDSHIFT,
        resolution=RESOLUTION,
        least_sn=0.0,
        window_kms=1500,
        **given,
    )
    made = {}
    for key, value in truth.items():
        error = found.maps[f"{key}_ERR"]
        made[key] = ((found.maps[key] - value) / error).ravel()
    return made, np.isfinite(made[next(iter(made))]).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    given = parser.parse_args()
    say("| lines | S/N | fitted | quantity: bias, spread |\n|---|---|---|---|")
    for name, sn, options in CASES:
        made, share = pulls(name, sn, options, given.count)
        parts = []
        for key, pull in made.items():
            pull = pull[np.isfinite(pull)]
            middle = np.median(pull)
            spread = 1.4826 * np.median(np.abs(pull - middle))
            parts.append(f"{key} {middle:+.2f}, {spread:.2f}")
        what = name + ("".join(f" {key} {value}" for key, value in options.items()))
        say(f"| {what} | {sn:g} | {share:.1%} | {'; '.join(parts)} |")


if __name__ == "__main__":
    main()
