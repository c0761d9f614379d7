"""``score``: ask about every case of an archive, once each, and write one catalogue."""

import argparse
import re
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import LINE_EVERY_S, Commands, add_command, add_json, print_json
from cubeview.errors import CubeviewError
from cubeview.plain import sized, visible

if TYPE_CHECKING:
    from cubeview.learn.score.ask import Ask
    from cubeview.learn.score.merge import Merged
    from cubeview.learn.score.state import State
    from cubeview.learn.score.store import Row

_TASKS = ("classify", "segment", "estimate", "embed", "redshift", "search")
_SOON_S = 2.0
"""What there is is said after so long at the latest, also where not all is listed."""
_SHARE = re.compile(r"(\d+)/(\d+)")


def add(commands: Commands) -> None:
    """Add the command of this module."""
    sub = add_command(
        commands,
        "score",
        _score,
        "ask about every case of a folder, a list or a bucket, and write one catalogue; stopped, "
        "the same command goes on",
    )
    sub.add_argument(
        "place",
        nargs="?",
        metavar="PLACE",
        help="a folder, a file, a pattern ('…/*.fits'), a list (@FILE, .lst) or a URL (s3://, "
        "gs://, https://)",
    )
    sub.add_argument("--model", metavar="NAME", default="", help="model name or folder")
    sub.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".ecsv, .csv, .vot or .parquet"
    )
    sub.add_argument(
        "--task", choices=_TASKS, default="", help="default: what the model was made for"
    )
    sub.add_argument(
        "--processes", type=int, default=0, metavar="N", help="that judge at once (default: cores)"
    )
    sub.add_argument(
        "--engine",
        choices=("processes", "slurm", "dask"),
        default="processes",
        help="slurm: write job files and stop; dask: by its workers",
    )
    sub.add_argument(
        "--tasks", type=int, default=16, metavar="N", help="slurm: of the array (default 16)"
    )
    sub.add_argument("--scheduler", default="", metavar="ADDRESS", help="dask: tcp://node:8786")
    sub.add_argument("--share", metavar="I/N", help="do share I of N of what was planned")
    sub.add_argument("--join", action="store_true", help="join what was done to the catalogue")
    add_json(sub)


def _score(options: argparse.Namespace) -> int:
    if options.processes < 0:
        raise CubeviewError("--processes takes 1 or more.")
    if options.share or options.join:
        return _of_many(options)
    if not options.place:
        raise CubeviewError("name the folder, pattern, list or URL that is scored.")
    from cubeview.learn.score.ask import ask_for
    from cubeview.learn.score.run import score

    ask = ask_for(options.place, options.task, options.model)
    if options.engine == "slurm":
        return _write_jobs(options, ask)
    told = _Told()
    try:
        if options.engine == "dask":
            merged = _by_dask(options, ask, told)
        else:
            merged = score(ask, options.out, processes=options.processes, told=told)
    except KeyboardInterrupt:
        told.end()
        print("cubeview: paused. The same command goes on from here.", file=sys.stderr)
        return 130
    told.end()
    return _say(options, merged)


def _of_many(options: argparse.Namespace) -> int:
    """Do what the job files of a cluster ask for."""
    from cubeview.learn.score.ask import read_ask
    from cubeview.learn.score.plan import read_listed
    from cubeview.learn.score.run import PLAN, begin, do_share, folder_of, join

    if options.share and options.join:
        raise CubeviewError("--share does a part, --join comes after all parts: name one of them.")
    if options.place or options.model:
        raise CubeviewError("--share and --join go on with what was planned: name only --out.")
    ask = read_ask(folder_of(options.out))
    plan = folder_of(options.out) / PLAN
    read_listed(plan)
    if options.share:
        found = _SHARE.fullmatch(options.share)
        if not found or int(found[1]) >= int(found[2]):
            raise CubeviewError("--share takes I/N, I from 0 to N - 1.")
        share = int(found[1]), int(found[2])
        store = begin(ask, options.out)
        do_share(store, plan, share, processes=options.processes, told=_Told())
        return 0
    return _say(options, join(ask, begin(ask, options.out), plan, options.out))


def _write_jobs(options: argparse.Namespace, ask: "Ask") -> int:
    from cubeview.learn.score.run import folder_of, plan_for_others
    from cubeview.learn.score.slurm import write_jobs

    listed = plan_for_others(ask, options.out)
    written = write_jobs(options.out, folder_of(options.out), options.tasks, options.processes or 1)
    if options.json:
        print_json({"files": listed.files, "size": listed.size, "shards": listed.shards,
                    "jobs": [str(path) for path in written]})  # fmt: skip
        return 0
    print(f"{listed.files:,} files, {sized(listed.size)}, in {listed.shards:,} shards")
    print(*written, sep="\n")
    print(f"look them over, then: bash {shlex.quote(str(written[-1]))}")
    return 0


def _by_dask(options: argparse.Namespace, ask: "Ask", told: "_Told") -> "Merged":
    from cubeview.learn.score.dask import work_by_dask
    from cubeview.learn.score.run import PLAN, begin, cores, join, plan_for_others
    from cubeview.learn.score.state import state_of

    listed = plan_for_others(ask, options.out)
    told.count(listed)
    store = begin(ask, options.out)
    plan = store.folder / PLAN
    work_by_dask(
        store.folder,
        plan,
        scheduler=options.scheduler,
        processes=options.processes or cores(),
        looked=lambda: told(state_of(store, listed)),
    )
    return join(ask, store, plan, options.out)


def _say(options: argparse.Namespace, merged: "Merged") -> int:
    names = ("rows", "failed", "copies", "conflicts")
    record = {**{n: getattr(merged, n) for n in names}, "file": str(options.out)}
    if options.json:
        print_json(record)
        return 0
    print(f"{merged.rows:,} rows, {merged.failed:,} of them without an answer, with the reason")
    if merged.copies:
        print(f"{merged.copies:,} copies of other files count once")
    if merged.conflicts:
        print(f"{merged.conflicts:,} rows were answered differently by two runs: see cautions")
    print(options.out)
    return 0


class _Told:
    """What a user sees of a scoring on stderr, from the first seconds on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._line = self._began + _SOON_S
        self._counted = False
        self._shown: set[str] = set()
        self._open = False
        self._terminal = sys.stderr.isatty()

    def __call__(self, state: "State") -> None:
        """Say what is new."""
        from cubeview.learn.score.state import words

        late = time.monotonic() - self._began > _SOON_S
        if not self._counted and (state.listed.ended or (late and state.listed.files)):
            self.count(state.listed)
        for row in (*state.first, *state.reasons):
            if self._counted and row["key"] not in self._shown and len(self._shown) < 40:
                self._shown.add(row["key"])
                self._write(_answer(row))
        if self._terminal:
            self._open = True
            print(f"\r{state.fraction:4.0%} {words(state):<72.72}", end="", file=sys.stderr,
                  flush=True)  # fmt: skip
        elif time.monotonic() >= self._line and state.units:
            self._line = time.monotonic() + LINE_EVERY_S
            self._write(f"{state.fraction:4.0%} {words(state)}")

    def count(self, listed: Any) -> None:
        """Say what there is."""
        self._counted = True
        done = f", {listed.done:,} done before" if listed.done else ""
        more = "" if listed.ended else " so far"
        self._write(f"{listed.files:,} files, {sized(listed.size)}{more}{done}")

    def end(self) -> None:
        """Leave the line that is kept up to date."""
        if self._open:
            print(file=sys.stderr)

    def _write(self, text: str) -> None:
        start = "\r" if self._open else ""
        print(f"{start}{visible(text):<77}".rstrip(), file=sys.stderr, flush=True)


def _answer(row: "Row") -> str:
    """Return a row as one line."""
    from cubeview.learn.score.tasks import said

    name = Path(row["file"]).name
    place = f" [{row['window']}]" if row.get("window") else ""
    return f"  {name}{place}: {said(row)}"
