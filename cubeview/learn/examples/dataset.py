"""Training data: simulated cases, prepared by the very functions that serve prediction, on disk.

A data set is a folder of float16 shards, numbered examples of one seed and split. Every example
is drawn from its own number, so shards can be made by several processes in any order, and a
folder that was interrupted is completed, with the same result.
"""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.examples.heart import TRAIN, foreign_example, spect_example, spect_facts
from cubeview.learn.examples.sky import ROLES as SKY_ROLES
from cubeview.learn.examples.sky import sky_example, sky_facts
from cubeview.simulate.heart import pair as spect
from cubeview.simulate.heart.foreign import VERSION as FOREIGN
from cubeview.simulate.heart.variants import VARIANTS
from cubeview.simulate.sky import window as ifu

if TYPE_CHECKING:  # it needs torch, which the processes that simulate do without
    from cubeview.learn.models.processes import Together

SPLITS = {"train": TRAIN, "calibrate": 1, "test": 2}
"""Each split draws from its own stream of random numbers, so none shares a case with another."""

DESCRIPTION = "data.json"

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


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
    """

    source: str
    split: str
    count: int
    seed: int
    preprocess: Mapping[str, Any]
    shard: int = 256

    def __post_init__(self) -> None:
        # A card's own mapping cannot be sent to the processes that simulate.
        object.__setattr__(self, "preprocess", dict(self.preprocess))

    @property
    def describes(self) -> dict[str, Any]:
        """What must agree for shards to be used again; more examples may be added later."""
        return {
            "source": self.source,
            "version": SOURCES[self.source].version,
            "split": self.split,
            "seed": self.seed,
            "preprocess": dict(self.preprocess),
            "shard": self.shard,
        }


@dataclass(frozen=True)
class Source:
    """A simulator together with its preparation.

    Parameters
    ----------
    version : str
        Changes whenever the same number gives another example.
    classes : tuple of str
    roles : tuple of str
        Channels in order.
    example : callable
        ``example(seed, split, index, preprocess) -> ndarray, shape (channel, d, h, w)``; its
        class is ``index`` modulo the number of classes.
    facts : callable or None
        Called like `example`; what was simulated, as numbers by name.
    """

    version: str
    classes: tuple[str, ...]
    roles: tuple[str, ...]
    example: Callable[[int, int, int, Mapping[str, Any]], np.ndarray]
    facts: Callable[[int, int, int, Mapping[str, Any]], dict[str, float]] | None = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples on disk, read as they are needed.

    Parameters
    ----------
    shards : tuple of ndarray, shape (m, channel, d, h, w), float16
        Memory-mapped, all of the same length.
    count : int
    classes : int
    """

    shards: tuple[np.ndarray, ...]
    count: int
    classes: int

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

    Returns
    -------
    Dataset

    Raises
    ------
    CubeviewError
        If the folder holds other data or cannot be written.
    """
    folder = Path(folder)
    if config.source not in SOURCES:
        raise CubeviewError(
            f"There is no simulator {config.source!r}; choose one of {', '.join(SOURCES)}."
        )
    source = SOURCES[config.source]
    paths = [folder / f"{number:05d}.npy" for number in range(-(-config.count // config.shard))]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _claim(folder, config)
        missing = [number for number, path in enumerate(paths) if not path.is_file()]
        if together is not None:
            missing = missing[together.rank :: together.size]
        done = len(paths) - len(missing)
        for number in make_files(_write_shard, config, paths, missing, workers):
            done += number
            report(done / len(paths), f"Simulating: {min(done * config.shard, config.count)} cases")
        if together is not None:
            together.wait()
        shards = tuple(np.load(path, mmap_mode="r", allow_pickle=False) for path in paths)
    except OSError as error:
        raise CubeviewError(
            f"{folder}: the training data cannot be written ({error.strerror}). Check the disk."
        ) from error
    return Dataset(shards, config.count, len(source.classes))


def _claim(folder: Path, config: DataConfig) -> None:
    """Write what the folder holds, or check that it holds the same."""
    path = folder / DESCRIPTION
    wanted = json.loads(json.dumps(config.describes))
    if path.is_file():
        if json.loads(path.read_text(encoding="utf-8")) != wanted:
            raise CubeviewError(
                f"{folder} holds training data of another kind or version. Choose an empty "
                "folder, or delete this one."
            )
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def make_files(
    write: Callable[[DataConfig, int, Path], None],
    config: DataConfig,
    paths: list[Path],
    missing: list[int],
    workers: int,
) -> Iterator[int]:
    """Make missing files, one a shard; yields 1 for each that is done and 0 while waiting."""
    if not workers:
        for number in missing:
            write(config, number, paths[number])
            yield 1
        return
    with (
        _single_threaded(),
        ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        waiting: set[Future[None]] = {
            pool.submit(write, config, number, paths[number]) for number in missing
        }
        try:
            while waiting:
                finished, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                yield len(finished)
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
    split = SPLITS[config.split]
    # The last shard is made whole as well, so that a larger data set can go on from it.
    first = number * config.shard
    examples = [
        source.example(config.seed, split, index, config.preprocess)
        for index in range(first, first + config.shard)
    ]
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, np.stack(examples).astype(np.float16), allow_pickle=False)
    part.replace(path)


def _hearts(version: str, **ways: Any) -> Source:
    return Source(
        f"{spect.VERSION}+{version}", spect.CLASSES, spect.ROLES, partial(spect_example, **ways)
    )


SOURCES: Mapping[str, Source] = {
    "spect": replace(_hearts("finder-4"), facts=spect_facts),
    # The same hearts and others, to see how what was learnt carries over.
    "spect/found": _hearts("found-4", look=True),
    **{f"spect/{name}": _hearts(f"{name}+finder-4", variant=name) for name in VARIANTS},
    "spect/foreign": Source(f"{FOREIGN}+finder-4", spect.CLASSES, spect.ROLES, foreign_example),
    "ifu": Source(ifu.VERSION, ifu.CLASSES, SKY_ROLES, sky_example, sky_facts),
}
