"""Open thousands of damaged files in a child process and report what it did not survive.

Run by ``make fuzz``; ``python tests/fuzz/fuzz.py --count 20000 --seed 1``. A mutant is told by seed
and number alone, so ``--seed 1 --only 1234 --keep folder`` makes and opens one again.
"""

import argparse
import faulthandler
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.fuzz.meaning import MOST_FILES, Files, meant  # noqa: E402
from tests.fuzz.mutate import mutant  # noqa: E402

SECONDS = 5.0
"""A file that takes longer counts as a hang."""

HEADROOM = 1 << 30
"""Bytes a child may use beyond what it has after its imports."""

LARGEST = 5_000_000
"""Real files above this size are left out: copying them would be most of the work."""

ODD = 0.4
"""Share of mutants that are whole and say odd things, of several files where they lie together."""

_LONGEST = 120.0
_BATCH = 500
_KINDS = ("ok", "refused", "crash", "hang", "memory", "uncaught")


@dataclass(frozen=True)
class Bug:
    """A mutant the readers did not survive."""

    number: int
    kind: str
    file: str
    detail: str


@dataclass(frozen=True)
class Outcome:
    """What came of a run: how many mutants went each way, and the bugs."""

    counts: dict[str, int]
    bugs: tuple[Bug, ...]
    seconds: float


def originals(data: Path) -> list[Path]:
    """Return the files to damage: every real file that is not too large, in a fixed order."""
    files = sorted(path for path in data.rglob("*") if path.is_file())
    return [path for path in files if 0 < path.stat().st_size <= LARGEST]


def make(files: list[Path], seed: int, number: int) -> tuple[Path, Files]:
    """Return the file a mutant comes from, and the mutant: one damaged file, or some odd ones."""
    rng = np.random.default_rng([seed, number])
    folders = _folders(tuple(files))
    among = folders[rng.integers(len(folders))]
    path = among[rng.integers(len(among))]
    if rng.random() < ODD:
        beside = [other for other in among if other.parent == path.parent and other != path]
        taken = rng.permutation(len(beside))[: MOST_FILES - 1] if len(beside) > 1 else range(0)
        return path, meant(
            {p.name: p.read_bytes() for p in [path, *(beside[i] for i in taken)]}, rng
        )
    return path, {path.name: mutant(path.read_bytes(), rng)}


def run(
    files: list[Path], seed: int, numbers: range, *, say: bool = False, seconds: float = SECONDS
) -> Outcome:
    """Open the mutants of these numbers in child processes.

    Parameters
    ----------
    files : list of Path
        Originals, of `originals`.
    seed : int
    numbers : range
    say : bool
        Print bugs as they come and a line now and then.
    seconds : float
        Longest one mutant may take.
    """
    counts = dict.fromkeys(_KINDS, 0)
    bugs: list[Bug] = []
    began = time.monotonic()
    todo = list(numbers)
    while todo:
        done = 0
        for number, kind, detail in _child(files, seed, todo[:_BATCH], seconds):
            done += 1
            counts[kind] += 1
            if kind not in ("ok", "refused"):
                bugs.append(Bug(number, kind, str(make(files, seed, number)[0]), detail))
                if say:
                    print(f"{kind}: mutant {number} of {bugs[-1].file}\n{detail}", flush=True)
        todo = todo[done:]
        if say:
            print(f"{len(numbers) - len(todo)}: {counts}", flush=True)
    return Outcome(counts, tuple(bugs), time.monotonic() - began)


@lru_cache(maxsize=2)
def _folders(files: tuple[Path, ...]) -> tuple[tuple[Path, ...], ...]:
    """Return the files by folder, so that a hundred alike ones are not most of the work."""
    root = Path(os.path.commonpath(files))
    found: dict[str, list[Path]] = {}
    for path in files:
        found.setdefault(path.relative_to(root).parts[0], []).append(path)
    return tuple(tuple(found[folder]) for folder in sorted(found))


def _child(
    files: list[Path], seed: int, numbers: list[int], seconds: float
) -> Iterator[tuple[int, str, str]]:
    """Yield number, kind and detail of each mutant, up to and with the first that ends the child.

    Each child has a folder of its own for mutants and cache, which goes with it.
    """
    folder = Path(tempfile.mkdtemp(prefix="cubeview-fuzz-"))
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"files": [str(f) for f in files], "seed": seed, "all": numbers}))
    environment = {**os.environ, "CUBEVIEW_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    with (folder / "stderr").open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--plan", str(plan)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            cwd=ROOT,
        )
        try:
            yield from _listen(child, numbers, seconds, folder)
        finally:
            child.kill()
            child.communicate()
            shutil.rmtree(folder, ignore_errors=True)


def _listen(
    child: subprocess.Popen[bytes], numbers: list[int], seconds: float, folder: Path
) -> Iterator[tuple[int, str, str]]:
    assert child.stdout is not None
    told, patience, buffer = 0, 60.0, b""  # the first line waits for the imports
    spent, waited = 0.0, 0.0
    while told < len(numbers):
        ready, _, _ = select.select([child.stdout], [], [], patience)
        patience = seconds
        if not ready and _busy(child.pid) - spent < seconds and waited < _LONGEST:
            waited += seconds  # a loaded machine is no hang
            continue
        if not ready:
            child.send_signal(signal.SIGABRT)
            child.wait()
            yield numbers[told], "hang", (folder / "stderr").read_text(errors="replace")[-3000:]
            return
        block = os.read(child.stdout.fileno(), 1 << 16)
        if not block:
            child.wait()
            detail = (folder / "stderr").read_text(errors="replace")[-3000:]
            yield numbers[told], "crash", f"exit code {child.returncode}\n{detail}"
            return
        *lines, buffer = (buffer + block).split(b"\n")
        for line in lines:
            kind, detail = json.loads(line)
            if kind == "ready":
                continue
            yield numbers[told], kind, detail
            told += 1
        spent, waited = _busy(child.pid), 0.0


def _busy(pid: int) -> float:
    """Return the seconds of processor time a child has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _work(plan: dict[str, Any], folder: Path) -> None:
    """Be the child: open each mutant, say what happened."""
    import resource

    import pydicom  # noqa: F401 - its memory belongs to the baseline

    from cubeview.io import open_paths
    from cubeview.io.dicom import cases as dicom_cases  # noqa: F401

    faulthandler.enable()
    open_paths([ROOT / "LICENSE"])
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + HEADROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    print(json.dumps(["ready", ""]), flush=True)
    files = [Path(name) for name in plan["files"]]
    for number in plan["all"]:
        _, contents = make(files, plan["seed"], number)
        place = folder / "mutants"
        targets = _written(contents, place)
        began = time.process_time()
        kind, detail = attempt(targets)
        if time.process_time() - began > SECONDS:
            kind, detail = "hang", f"{time.process_time() - began:.1f} s of processor time"
        print(json.dumps([kind, detail]), flush=True)
        shutil.rmtree(place)
        shutil.rmtree(folder / "cache", ignore_errors=True)


def _written(contents: Files, place: Path) -> list[Path]:
    place.mkdir(exist_ok=True)
    for name, content in contents.items():
        (place / name).write_bytes(content)
    return [place / name for name in contents]


def attempt(paths: list[Path]) -> tuple[str, str]:
    """Open files and read from them all that a window would; return a kind and its detail."""
    from cubeview.cubes.guesses import questions
    from cubeview.errors import CubeviewError
    from cubeview.io import open_paths
    from cubeview.io.info import describe

    try:
        opened = open_paths(paths)
        for refusal in opened.refusals:
            if "asks for more memory" in refusal.reason:
                return "memory", refusal.reason
            if len(refusal.reason) > 5000 or "\0" in refusal.reason:
                return "uncaught", f"unusable reason: {refusal.reason[:300]!r}"
        for case in opened.cases:
            describe(case)
            for cube in case.cubes.values():
                questions(cube)
                _look(cube)
    except CubeviewError as error:
        return ("memory", str(error)) if "more memory" in str(error) else ("refused", str(error))
    except MemoryError:
        return "memory", traceback.format_exc(limit=-6)
    except Exception:
        return "uncaught", traceback.format_exc(limit=-8)
    if not opened.cases and not opened.refusals:
        return "uncaught", "neither a case nor a refusal"
    return ("ok" if opened.cases else "refused"), ""


def _look(cube: Any) -> None:
    z, y, x = cube.shape
    _ = cube.spacing
    for axis, length in enumerate(cube.shape):
        for index in {0, length // 2, length - 1}:
            plane = cube.plane(axis, index)
            assert plane.dtype == np.float32
            assert plane.ndim == 2
    cube.spectrum(y // 2, x // 2)
    if cube.uncertainty is not None:
        cube.uncertainty.plane(0, z // 2)
        cube.uncertainty.spectrum(y // 2, x // 2)
    place = cube.world(z / 2, y / 2, x / 2)
    assert len(place) == 3
    cube.index(*place)


def main() -> int:
    """Run from the command line; exit code 1 when a bug was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20000, help="mutants to open")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--data", type=Path, help="folder of real files")
    parser.add_argument("--only", type=int, help="open this one mutant in this process")
    parser.add_argument("--keep", type=Path, help="with --only: folder to write the mutant to")
    parser.add_argument("--plan", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.plan:
        _work(json.loads(given.plan.read_text()), given.plan.parent)
        return 0
    data = given.data or Path(os.environ.get("CUBEVIEW_TEST_DATA", ROOT.parent / "shared" / "data"))
    files = originals(data) if data.is_dir() else []
    if not files:
        print(f"{data}: no real files there. Set CUBEVIEW_TEST_DATA to a folder of them.")
        return 2
    if given.only is not None:
        path, contents = make(files, given.seed, given.only)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["CUBEVIEW_HOME"] = folder
            targets = _written(contents, given.keep or Path(folder) / "mutants")
            print(path, *attempt(targets), sep="\n")
        return 0
    outcome = run(files, given.seed, range(given.start, given.start + given.count), say=True)
    print(f"{given.count} mutants of {len(files)} files in {outcome.seconds:.0f} s")
    print(", ".join(f"{kind} {count}" for kind, count in outcome.counts.items()))
    return 1 if outcome.bugs else 0


if __name__ == "__main__":
    sys.exit(main())
