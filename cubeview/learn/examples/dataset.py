"""Training data: simulated cases, prepared by the very functions that serve prediction, on disk.

A data set is a folder of float16 shards, numbered examples of one seed and split. Every example
is drawn from its own number, so shards can be made by several processes in any order, and a
folder that was interrupted is completed, with the same result.
"""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.cubes.frozen import rebuilt
from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.learn.examples.heart import HEARTS
from cubeview.learn.examples.picture import PICTURES
from cubeview.learn.examples.sky import SKIES
from cubeview.learn.examples.source import SPLITS, Source
from cubeview.paths import replacing
from cubeview.plain import from_json

if TYPE_CHECKING:  # it needs torch, which the processes that simulate do without
    from cubeview.learn.models.processes import Together

SOURCES: Mapping[str, Source] = {**HEARTS, **SKIES, **PICTURES}

DESCRIPTION = "data.json"

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def source_of(name: str) -> Source:
    """Return a simulator by its name, or raise CubeviewError listing those there are."""
    if name in SOURCES:
        return SOURCES[name]
    raise CubeviewError(f"There is no simulator {name!r}; choose one of {', '.join(SOURCES)}.")


@dataclass(frozen=True)
class DataConfig:
    """Which examples a data set holds.

    Parameters
    ----------
    source : str
        A key of `SOURCES`: which simulator and preparation.
    split : {"train", "calibrate", "test"}
    count : int
        Number of examples; classes take turns.
    seed : int
    preprocess : mapping
        Entries of the preparation's own config.
    shard : int
        Examples in one file.
    task : str
        What they are to teach: a key of `cubeview.learn.tasks.TASKS`.
    """

    source: str
    split: str
    count: int
    seed: int
    preprocess: Mapping[str, Any]
    shard: int = 256
    task: str = "classify"

    __reduce__ = rebuilt

    @property
    def describes(self) -> dict[str, Any]:
        """What must agree for shards to be used again; more examples may be added later."""
        source = SOURCES[self.source]
        return {
            "source": self.source,
            "version": source.version,
            "split": self.split,
            "seed": self.seed,
            "preprocess": dict(self.preprocess),
            "shard": self.shard,
            **({"task": self.task} if self.task in source.truths else {}),
        }

    def files(self, folder: Path, suffix: str) -> list[Path]:
        """Return the path of each shard in a folder."""
        return [folder / f"{number:05d}{suffix}" for number in range(-(-self.count // self.shard))]

    def each(self, make: Callable[..., Any], number: int) -> list[Any]:
        """Return what a function of a `Source` makes of each example of a shard.

        The last shard is made whole as well, so that a larger data set can go on from it.
        """
        first, split = number * self.shard, SPLITS[self.split]
        return [
            make(self.seed, split, index, self.preprocess)
            for index in range(first, first + self.shard)
        ]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples on disk, read as they are needed.

    Parameters
    ----------
    shards : tuple of ndarray, shape (m, channel, d, h, w), float16
        Memory-mapped, all of the same length.
    count : int
    classes : int
        Which take turns.
    truths : tuple of ndarray, shape (m, ...)
        What is known of each example, where that is not its class.
    """

    shards: tuple[np.ndarray, ...]
    count: int
    classes: int
    truths: tuple[np.ndarray, ...] = ()

    @property
    def channels(self) -> int:
        """Channels of each example."""
        return int(self.shards[0].shape[1])

    def inputs(self, indices: np.ndarray) -> np.ndarray:
        """Return examples, shape (n, channel, d, h, w), float32."""
        length, *shape = self.shards[0].shape
        out = np.empty((len(indices), *shape), dtype=np.float32)
        for row, index in enumerate(indices):
            out[row] = self.shards[index // length][index % length]
        return out

    def labels(self, indices: np.ndarray) -> np.ndarray:
        """Return class numbers, shape (n,), int64."""
        return np.asarray(indices, dtype=np.int64) % self.classes

    def truth(self, indices: np.ndarray) -> np.ndarray:
        """Return what is known of examples, shape (n, ...): class numbers where nothing else is."""
        if not self.truths:
            return self.labels(indices)
        length = len(self.truths[0])
        return np.stack([self.truths[index // length][index % length] for index in indices])


def make_dataset(
    config: DataConfig,
    folder: Path,
    *,
    workers: int = 0,
    together: "Together | None" = None,
    report: Report = nothing,
) -> Dataset:
    """Make a data set, or complete one that was interrupted, and open it.

    Parameters
    ----------
    config : DataConfig
    folder : path
        Made if absent.
    workers : int
        Processes that simulate; 0 does it in this one.
    together : Together, optional
        Processes that train as one, on a disk they share: each simulates its part.
    report : Report

    Raises
    ------
    CubeviewError
        If the folder holds other data or cannot be written.
    """
    folder = Path(folder)
    source = source_of(config.source)
    paths = config.files(folder, ".npy")
    with refusing(folder, "the training data cannot be written", "Check the disk."):
        folder.mkdir(parents=True, exist_ok=True)
        _claim(folder, config)
        ours = slice(together.rank, None, together.size) if together else slice(None)
        for done in completed(_write_shard, config, paths, workers, ours):
            report(done / len(paths), f"Simulating: {min(done * config.shard, config.count)} cases")
        if together is not None:
            together.wait()
        shards, truths = (
            tuple(np.load(path, mmap_mode="r", allow_pickle=False) for path in files)
            for files in (paths, map(_truth_path, paths) if config.task in source.truths else ())
        )
    return Dataset(shards, config.count, len(source.classes), truths)


def _claim(folder: Path, config: DataConfig) -> None:
    """Write what the folder holds, or check that it holds the same."""
    path = folder / DESCRIPTION
    wanted = json.loads(json.dumps(config.describes))
    if path.is_file():
        if from_json(path.read_text(encoding="utf-8")) != wanted:
            raise CubeviewError(
                f"{folder} holds training data of another kind or version. Choose an empty "
                "folder, or delete this one."
            )
        return
    with replacing(path) as part:
        part.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")


def completed(
    write: Callable[[DataConfig, int, Path], None],
    config: DataConfig,
    paths: list[Path],
    workers: int,
    ours: slice = slice(None),
) -> Iterator[int]:
    """Make our part of the missing files, one a shard; yields now and then how many there are.

    Parameters
    ----------
    write : callable
        Given config, number and path, writes a shard; called in another process.
    config : DataConfig
    paths : list of Path
        Of all shards, in order.
    workers : int
        Processes; 0 does it in this one.
    ours : slice
        Which of the missing are ours.
    """
    missing = [number for number, path in enumerate(paths) if not path.is_file()][ours]
    done = len(paths) - len(missing)
    if not workers:
        for number in missing:
            write(config, number, paths[number])
            done += 1
            yield done
        return
    with (
        _single_threaded(),
        ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        waiting = {pool.submit(write, config, number, paths[number]) for number in missing}
        try:
            while waiting:
                finished, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                done += len(finished)
                yield done
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Let processes started meanwhile use one thread each: they share the cores already."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _write_shard(config: DataConfig, number: int, path: Path) -> None:
    source = SOURCES[config.source]
    if truth := source.truths.get(config.task):
        _save(_truth_path(path), np.stack(config.each(truth, number)))
    _save(path, np.stack(config.each(source.example, number)).astype(np.float16))


def _truth_path(path: Path) -> Path:
    return path.with_suffix(".truth.npy")


def _save(path: Path, values: np.ndarray) -> None:
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, values, allow_pickle=False)
