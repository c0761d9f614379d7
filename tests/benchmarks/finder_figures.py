"""How far off the ventricle finder is on simulated pairs, by group, as a table.

``python -m tests.benchmarks.finder_figures [--pairs N] [--seed S] [--variants N] [--keep FILE]``:
pairs of `tests.learn.teach.trials`, which learning never saw, and some of each other hospital. With
``--keep`` each pair is written to a file when it is done, and read from it the next time. Intervals
are of 95 %, from drawing whole pairs again, since both states of one err alike.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from cubeview.learn.examples import heart
from cubeview.learn.heart.finder import find_pair
from cubeview.simulate.heart.variants import VARIANTS
from tests.learn.teach.trials import trial

BARS = np.array([5.0, 10.0, 5.0])
"""Centre in mm, long axis in degrees, the worst semi-axis in mm."""

ASKS = 0.5
"""Doubt above which the window asks."""

FINE_MM = 4.5
LARGE = 0.25

GROUPS = {
    "all": lambda row: True,
    "healthy": lambda row: row["label"] == "healthy",
    "ischaemic": lambda row: row["label"] == "ischaemic",
    "infarcted": lambda row: row["label"] == "infarcted",
    "mixed": lambda row: row["label"] == "mixed",
    "artefact": lambda row: row["label"] == "artefact",
    "masked": lambda row: row["masked"],
    "not masked": lambda row: not row["masked"],
    "short axis": lambda row: row["view"] == "short axis",
    "transaxial": lambda row: row["view"] == "transaxial",
    "fine voxels": lambda row: row["voxel_mm"] < FINE_MM,
    "a quarter of the wall or more": lambda row: row["extent"] >= LARGE,
    "liver and gut brighter": lambda row: row["hot"],
}


def measure(number: int, seed: int, variant: str = "") -> dict:
    """Find one pair and say what was in it, how far off each state is and how long it took."""
    one = trial(number, seed, variant)
    began = time.process_time()
    found = find_pair(one.cubes["stress"], one.cubes["rest"])
    spent = time.process_time() - began
    states = []
    for each, truth in zip(found, (one.truth["stress"], one.truth["rest"]), strict=True):
        turn = Rotation.from_matrix(each.axes @ truth.axes.T).as_rotvec(degrees=True)
        states.append(
            {
                "centre": (truth.axes @ (each.centre - truth.centre)).tolist(),
                "axis": float(np.degrees(np.arccos(np.clip(each.axes[0] @ truth.axes[0], -1, 1)))),
                "turn": turn.tolist(),
                "radii": (each.radii - truth.radii).tolist(),
                "size": np.log(each.radii / truth.radii).tolist(),
                "doubt": each.doubt,
            }
        )
    return {
        "number": number,
        "seed": seed,
        "variant": variant,
        "label": one.label,
        "view": one.view,
        "masked": one.masked,
        "hot": one.hot,
        "voxel_mm": float(one.cubes["stress"].spacing[0]),
        "extent": one.pair.extent,
        "cpu_s": spent / 2,
        "states": states,
    }


def off(row: dict) -> np.ndarray:
    """Return how far off both states of a pair are, shape (2, 3), against `BARS`."""
    return np.array(
        [[np.linalg.norm(s["centre"]), s["axis"], np.abs(s["radii"]).max()] for s in row["states"]]
    )


def line(name: str, rows: list[dict]) -> str:
    """Return one line of the table."""
    held = np.array([off(row) < BARS for row in rows]).astype(float)  # (pair, state, 3)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(rows), size=(2000, len(rows)))
    low, high = np.percentile(held.mean(axis=1)[drawn].mean(axis=1), (2.5, 97.5), axis=0)
    shares = held.mean(axis=(0, 1))
    every = np.concatenate([off(row) for row in rows])
    middle, far = np.percentile(every, (50, 95), axis=0)
    cells = [
        f"{100 * share:.1f} % ({100 * a:.0f}-{100 * b:.0f})"
        for share, a, b in zip(shares, low, high, strict=True)
    ]
    usual = ", ".join(f"{a:.1f} / {b:.1f}" for a, b in zip(middle, far, strict=True))
    return f"| {name} | {2 * len(rows)} | {' | '.join(cells)} | {usual} |"


def doubts(rows: list[dict]) -> str:
    """Return how many of the wrong ones, and of the right ones, the finder asks about."""
    wrong = np.concatenate([(off(row) >= BARS).any(axis=1) for row in rows])
    doubt = np.array([state["doubt"] for row in rows for state in row["states"]])
    parts = []
    for level in (0.3, ASKS):
        hit, false = (doubt[wrong] > level).sum(), (doubt[~wrong] > level).sum()
        parts.append(
            f"doubt > {level}: {hit} of {wrong.sum()} wrong, {false} of {(~wrong).sum()} right"
        )
    return "; ".join(parts)


def against_training(rows: list[dict]) -> str:
    """Return today's errors beside those training draws (`cubeview.learn.examples.heart`)."""
    errors = np.array(
        [[[*s["centre"], *s["turn"], *s["size"]] for s in row["states"]] for row in rows]
    )
    errors[..., 0] -= heart.CENTRE_PER_LENGTH_MM * errors[..., 6]
    mean = errors.mean(axis=(0, 1))
    # A robust spread: 1.48 times the median deviation.
    common = 1.483 * np.median(np.abs(errors.mean(axis=1) - mean), axis=0)
    own = 1.483 * np.median(np.abs(errors - errors.mean(axis=1, keepdims=True)), axis=(0, 1))
    own = own * np.sqrt(2)
    text = [
        "| | long, inferior, lateral mm | turn about each ° | ln semi-axes |",
        "|---|---|---|---|",
    ]
    for name, today, drawn in (
        ("bias", mean, heart.FINDER_BIAS),
        ("common", common, heart.FINDER_COMMON),
        ("own", own, heart.FINDER_OWN),
    ):
        for when, values in (("today", today), ("in training", drawn)):
            cells = [" ".join(f"{v:.3g}" for v in part) for part in np.split(values, 3)]
            text.append(f"| {name}, {when} | {' | '.join(cells)} |")
    return "\n".join(text)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def gather(wanted: list[tuple[int, int, str]], keep: Path | None) -> list[dict]:
    """Measure pairs, those in a file excepted."""
    known = {}
    if keep is not None and keep.is_file():
        rows = [json.loads(text) for text in keep.read_text().splitlines()]
        known = {(row["number"], row["seed"], row["variant"]): row for row in rows}
    for each in wanted:
        if each not in known:
            known[each] = measure(*each)
            if keep is not None:
                with keep.open("a") as file:
                    file.write(json.dumps(known[each]) + "\n")
    return [known[each] for each in wanted]


def run() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--variants", type=int, default=15, help="pairs of each other hospital")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    rows = gather([(n, asked.seed, "") for n in range(asked.pairs)], asked.keep)
    say("| group | states | centre < 5 mm | axis < 10° | ellipsoid < 5 mm | median / 95th |")
    say("|---|---|---|---|---|---|")
    for name, belongs in GROUPS.items():
        chosen = [row for row in rows if belongs(row)]
        if chosen:
            say(line(name, chosen))
    others = []
    for variant in VARIANTS if asked.variants else ():
        part = gather([(n, asked.seed, variant) for n in range(asked.variants)], asked.keep)
        say(line(f"hospital: {variant}", part))
        others += part
    say(f"\n{doubts(rows)}")
    if others:
        say(f"Other hospitals: {doubts(others)}")
    spent = [row["cpu_s"] for row in rows]
    say(f"CPU seconds a state: median {np.median(spent):.2f}, 95 % {np.percentile(spent, 95):.2f}")
    say(f"\nErrors against those that training draws:\n{against_training(rows)}")


if __name__ == "__main__":
    run()
