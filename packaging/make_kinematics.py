"""Let the eight numbers of `cubeview.measure.sky.kinematics` learn from simulated cubes.

Usage: ``python packaging/make_kinematics.py``; writes ``resources/kinematics/weights.json``.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from cubeview.errors import CubeviewError
from cubeview.measure.sky.kinematics import NAMES, maps_of, numbers_of, row_of
from cubeview.simulate.sky.gas import CLASSES, VERSION, simulate_gas

OUT = Path(__file__).parents[1] / "resources" / "kinematics" / "weights.json"
SEED, EACH = 2026, 600
SHARE_UNLIKE = 99.5  # per cent of simulated cubes that are like all others


def table(seed: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers (n, 8) and class numbers of simulated cubes in which a line stands out."""
    rows, kinds = [], []
    for number in range(each * len(CLASSES)):
        kind = number % len(CLASSES)
        gas = simulate_gas(CLASSES[kind], np.random.default_rng([seed, number]))
        try:
            numbers, _, _ = numbers_of(maps_of(gas.values, gas.velocities_kms))
        except CubeviewError:
            continue
        rows.append(row_of(numbers))
        kinds.append(kind)
    return np.array(rows), np.array(kinds)


def main() -> None:
    """Fit and write."""
    rows, kinds = table(SEED, EACH)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    scaled = (rows - mean) / spread
    fit = LogisticRegression(C=10.0, max_iter=5000).fit(scaled, kinds)
    centres = np.stack([scaled[kinds == kind].mean(axis=0) for kind in range(len(CLASSES))])
    away = scaled - centres[kinds]
    precision = np.linalg.inv(np.cov(away.T) + 0.01 * np.eye(len(NAMES)))
    squares = np.min(
        [np.einsum("ni,ij,nj->n", scaled - c, precision, scaled - c) for c in centres], axis=0
    )
    learnt = {
        "classes": CLASSES,
        "numbers": NAMES,
        "mean": mean.tolist(),
        "spread": spread.tolist(),
        "weights": fit.coef_.tolist(),
        "bias": fit.intercept_.tolist(),
        "centres": centres.tolist(),
        "precision": precision.tolist(),
        "limit": float(np.sqrt(np.percentile(squares, SHARE_UNLIKE))),
        "learnt_from": f"{len(rows)} simulated cubes ({VERSION}), seed {SEED}",
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(learnt, indent=1) + "\n", encoding="utf-8")
    print(f"{OUT}: {learnt['learnt_from']}, right in {fit.score(scaled, kinds):.3f}")


if __name__ == "__main__":
    main()
