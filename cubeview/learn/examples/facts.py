"""What was simulated in each example of a data set, kept beside it."""

import json
from pathlib import Path

import numpy as np

from cubeview.errors import Report, nothing, refusing
from cubeview.learn.examples.dataset import SOURCES, DataConfig, completed
from cubeview.paths import replacing
from cubeview.plain import from_json


def make_facts(
    config: DataConfig, folder: Path, *, workers: int = 0, report: Report = nothing
) -> dict[str, np.ndarray]:
    """Return what was simulated in each example of a data set, by name, shape (count,) each.

    Kept in the same folder; empty where the simulator has nothing to say.

    Parameters
    ----------
    config, folder, workers, report
        As for `make_dataset`.
    """
    if SOURCES[config.source].facts is None:
        return {}
    paths = config.files(folder, ".json")
    with refusing(folder, "the test data cannot be written", "Check the disk."):
        for done in completed(_write_facts, config, paths, workers):
            report(done / len(paths), "Looking up what was simulated")
        parts = [from_json(path.read_text(encoding="utf-8")) for path in paths]
    every = [facts for part in parts for facts in part][: config.count]
    return {name: np.array([facts[name] for facts in every]) for name in every[0]}


def _write_facts(config: DataConfig, number: int, path: Path) -> None:
    facts = SOURCES[config.source].facts
    assert facts is not None
    with replacing(path) as part:
        part.write_text(json.dumps(config.each(facts, number)), encoding="utf-8")
