"""How right EDV, ESV and EF of gated hearts are.

``ejection_figures.py [--count N] [--from SEED] [--keep FILE]``, or of rows that were kept before
``ejection_figures.py --kept FILE …``

Analytic hearts (`tests/measure/heart/beats.py`, another formula than the fit's) are rendered, found
by the program's own finder and measured: four of five drawn all alike, the fifth a small one; half
of them in 8 gates and half in 16, and every tenth in both. The seeds are others than those that the
spreads were chosen on.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from table import row, say

from cubeview.errors import CubeviewError
from cubeview.learn.heart.finder import find_ventricle
from cubeview.measure.heart.ejection import SMALL_ML, ejection
from tests.measure.heart.beats import draw, render

GROUP = 2024
FIELDS = ("edv", "esv", "ef", "edv_told", "esv_told", "ef_told", "edv_spread", "esv_spread",
          "ef_spread", "gates", "seconds", "seed")  # fmt: skip
MOST_OFF = 8.0  # points of EF


def one(seed, gates):
    """Return a row of `FIELDS`, what was told being NaN where it could not be told."""
    beat = draw(np.random.default_rng((GROUP, seed)), small=seed % 5 == 4)
    cube, _, edv, esv = render(beat, gates, seed)
    ventricle = find_ventricle(cube)
    began = time.process_time()
    try:
        found = ejection(cube, ventricle)
        told = found.edv, found.esv, found.ef, *found.spreads
    except CubeviewError as error:
        say(f"heart {seed}: EDV {edv:.0f}, ESV {esv:.0f}, {gates} gates: {error}")
        told = (np.nan,) * 6
    return edv, esv, 100 * (1 - esv / edv), *told, gates, time.process_time() - began, seed


def measured(seeds, keep):
    rows = []
    for seed in seeds:
        rows.append(one(seed, (8, 16)[seed % 2]))
        if seed % 10 == 0:
            rows.append(one(seed, 16))
        if keep:
            np.save(keep, np.array(rows))
    return np.array(rows)


def tell(name, rows, *, small=False):
    """Print the figures of a group; the bars of small hearts are others."""
    known = rows[np.isfinite(rows[:, FIELDS.index("ef_told")])]
    if not len(known):
        return
    of = {field: known[:, n] for n, field in enumerate(FIELDS)}
    off = of["ef_told"] - of["ef"]
    lost = len(rows) - len(known)
    row(f"{name}: hearts", f"{len(known)}" + (f", {lost} cannot be told" if lost else ""))
    figure = f"{off.mean():+.1f} ± {off.std():.1f}, most {np.abs(off).max():.1f}"
    if small:
        row(f"{name}: EF off, points", figure, "≤ 8", bool(np.abs(off).max() <= MOST_OFF))
    else:
        holds = bool(abs(off.mean()) <= 2 and off.std() <= 5)
        row(f"{name}: EF off, points", figure, "2 ± 5", holds)
    for what in ("edv", "esv"):
        ratio = of[f"{what}_told"] / of[what]
        figure = f"{ratio.mean():.3f} ± {ratio.std():.3f}"
        holds = bool(abs(ratio.mean() - 1) <= 0.1)
        row(f"{name}: {what.upper()} over the true one", figure, "within .10", holds)
    kept = [
        np.mean(np.abs(of[f"{what}_told"] - of[what]) <= of[f"{what}_spread"])
        for what in ("ef", "edv", "esv")
    ]
    figure = ", ".join(f"{100 * share:.0f} %" for share in kept)
    row(f"{name}: one sigma holds EF, EDV, ESV", figure, "60 to 75 %", bool(0.6 <= kept[0] <= 0.75))
    spent = of["seconds"]
    figure = f"{spent.mean():.1f}, {np.percentile(spent, 90):.1f}, {spent.max():.1f}"
    row(f"{name}: CPU s a fit, mean, 90 %, most", figure, "≤ 2", bool(spent.max() <= 2))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="SEED")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where the rows are kept (.npy)")
    parser.add_argument("--kept", type=Path, nargs="+", metavar="FILE", help="tell of kept rows")
    given = parser.parse_args()
    if given.kept:
        rows = np.concatenate([np.load(path) for path in given.kept])
    else:
        rows = measured(range(given.first, given.first + given.count), given.keep)
    gates, seeds = rows[:, FIELDS.index("gates")], rows[:, FIELDS.index("seed")]
    again = (gates == 16) & (seeds % 2 == 0)
    small = rows[:, 1] <= SMALL_ML
    tell("ESV above 25 ml", rows[~again & ~small])
    for count in (8, 16):
        tell(f"the same, {count} gates", rows[~again & ~small & (gates == count)])
    tell("ESV up to 25 ml", rows[~again & small], small=True)
    told = FIELDS.index("ef_told")
    first = {seed: ef for seed, ef in zip(seeds[~again], rows[~again, told], strict=True)}
    more = np.array([one[told] - first[one[-1]] for one in rows[again]])
    more = more[np.isfinite(more)]
    if len(more):
        figure = f"{more.mean():+.1f} ± {more.std():.1f} ({len(more)} hearts)"
        row("EF of 16 gates less that of 8, points", figure, "2 to 4", bool(2 <= more.mean() <= 4))


if __name__ == "__main__":
    main()
