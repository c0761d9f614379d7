"""What was simulated in each example of a data set, kept beside it."""

import json
import os
from pathlib import Path

import numpy as np

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.examples.dataset import SOURCES, DataConfig, make_files
from cubeview.learn.examples.source import SPLITS


def make_facts(
    config: DataConfig, folder: Path, *, workers: int = 0, report: Report = nothing
) -> dict[str, np.ndarray]:
    """Return what was simulated in each example of a data set, by name, shape (count,) each.

    Takes the same arguments as `make_dataset`, and keeps what it found in the same folder; empty
    where the simulator has nothing to say.
    """
    if SOURCES[config.source].facts is None:
        return {}
    paths = [folder / f"{number:05d}.json" for number in range(-(-config.count // config.shard))]
    missing = [number for number, path in enumerate(paths) if not path.is_file()]
    done = len(paths) - len(missing)
    try:
        for number in make_files(_write_facts, config, paths, missing, workers):
            done += number
            report(done / len(paths), "Looking up what was simulated")
        parts = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    except OSError as error:
        raise CubeviewError(
            f"{folder}: the test data cannot be written ({error.strerror}). Check the disk."
        ) from error
    every = [facts for part in parts for facts in part][: config.count]
    return {name: np.array([facts[name] for facts in every]) for name in every[0]}


def _write_facts(config: DataConfig, number: int, path: Path) -> None:
    facts = SOURCES[config.source].facts
    assert facts is not None
    # The last shard's are made whole, as its examples are, so that more of them can be asked for.
    first, split = number * config.shard, SPLITS[config.split]
    every = [
        facts(config.seed, split, index, config.preprocess)
        for index in range(first, first + config.shard)
    ]
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(every), encoding="utf-8")
    part.replace(path)
