"""How right the segments, scores and sizes of hearts are: ``heart_measures.py [--real FOLDER]``.

Planted: an analytic wall in a random place, one segment of it with 40 % of its uptake, blurred and
with the noise of its counts, found by the program's own finder; asked is which segment has lost
most against the same wall without the defect. Healthy: pairs of both simulators. Real: a folder
with rest and stress scans of the same name and a table of readers' scores beside them.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from table import row

from cubeview.cubes.ventricle import Ventricle
from cubeview.io import open_paths
from cubeview.learn.heart.finder import find_pair, find_ventricle
from cubeview.learn.tasks.metrics import auc
from cubeview.measure.heart.measured import measure
from cubeview.measure.heart.scores import suggested
from cubeview.measure.heart.segments import polar_map
from cubeview.simulate.heart.ellipsoids import simulate_ellipsoids
from cubeview.simulate.heart.pair import simulate_pair, to_case
from tests.learn.heart.phantom import mm_cube
from tests.measure.heart.test_segments import VENTRICLE, VOXEL, wall


def planted(rounds):
    right = scored = 0
    for seed in range(rounds):
        rng = np.random.default_rng((11, seed))
        turn, _ = np.linalg.qr(VENTRICLE.axes + rng.normal(0, 0.08, (3, 3)))
        turn *= np.sign(np.diag(turn @ VENTRICLE.axes.T))[:, None]
        one = Ventricle(
            VENTRICLE.centre + rng.uniform(-8, 8, 3), turn, VENTRICLE.radii * rng.uniform(0.9, 1.15)
        )
        blur = rng.uniform(0.4, 1.0)

        def seen(*defects, one=one, blur=blur, rng=rng):
            values = gaussian_filter(wall(*defects, ventricle=one).pixels.read(), blur)
            return mm_cube(rng.poisson(values * 2.0 + 6.0).astype(float), VOXEL)

        scan = seen()
        whole = np.array(polar_map(scan, find_ventricle(scan)).means())
        for number in range(1, 18):
            scan = seen(number)
            holed = np.array(polar_map(scan, find_ventricle(scan)).means())
            right += int((holed / whole).argmin() == number - 1)
            scores = suggested({"stress": tuple(holed), "rest": tuple(whole)}).states["stress"]
            scored += int(max(scores) == scores[number - 1] >= 1)
    count = 17 * rounds
    row(
        "planted defects whose segment is right",
        f"{right} of {count}",
        "≥ 90 %",
        right >= 0.9 * count,
    )
    row("the same, by the largest suggested score", f"{scored} of {count}")


def healthy(pairs):
    for name, simulate in (("spect-7", simulate_pair), ("ellipsoid-2", simulate_ellipsoids)):
        means, sums, ratios = [], [], []
        for number in range(pairs):
            pair = simulate("healthy", np.random.default_rng((77, number)))
            case = to_case(pair, "healthy")
            truth = measure(case, getattr(pair, "truth", pair).ventricles).tid
            stress, rest = find_pair(case.cubes["stress"], case.cubes["rest"])
            found = measure(case, {"stress": stress, "rest": rest})
            means += found.segments.values()
            sums.append(found.scores.sss)
            ratios.append(found.tid / truth)
        row(
            f"healthy, {name}: segments 1 to 17",
            " ".join(f"{m:.1f}" for m in np.mean(means, axis=0)),
        )
        row(
            f"healthy, {name}: SSS",
            f"median {np.median(sums):.0f}, 90 % {np.percentile(sums, 90):.0f}",
        )
        row(
            f"healthy, {name}: TID over the true ratio",
            f"{np.mean(ratios):.3f} ± {np.std(ratios):.3f}",
        )


def real(folder):
    (table,) = [*folder.glob("labels.csv"), *folder.glob("labels.tsv")]
    with table.open(encoding="utf-8") as lines:
        readers = list(csv.DictReader(lines, delimiter="," if table.suffix == ".csv" else "\t"))
    sums, theirs = [], []
    for one in readers:
        (case,) = open_paths([folder / one["stress"], folder / one["rest"]]).cases
        stress, rest = find_pair(case.cubes["stress"], case.cubes["rest"])
        sums.append(measure(case, {"stress": stress, "rest": rest}).scores.sss)
        theirs.append(int(one["SSS"]))
    said, read = np.array(sums), np.array(theirs)
    near, ill = np.abs(said - read) <= 2, read > 0
    name = f"{len(readers)} real pairs"
    row(f"{name}: SSS within 2 of the readers'", f"{near.sum()}", "≥ 75 %", near.mean() >= 0.75)
    value = auc(said, ill)
    row(f"{name}: AUC of SSS for abnormal", f"{value:.3f}", "≥ .90", value >= 0.9)
    row(f"{name}: SSS of 3 or more where readers scored, and not", f"{(said[ill] >= 3).sum()} of "
        f"{ill.sum()}, {(said[~ill] >= 3).sum()} of {(~ill).sum()}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--pairs", type=int, default=40)
    given = parser.parse_args()
    planted(given.rounds)
    healthy(given.pairs)
    for folder in given.real:
        real(folder)


if __name__ == "__main__":
    main()
