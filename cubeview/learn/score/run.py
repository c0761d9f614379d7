"""An archive scored by processes of this machine: listed, judged, watched, joined."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from cubeview.errors import Cancelled, CubeviewError, Report, nothing
from cubeview.io.export.rows import check_table, write_rows
from cubeview.learn.score.ask import Ask, keep_ask
from cubeview.learn.score.merge import Merged, merged
from cubeview.learn.score.plan import Listed, read_listed, write_plan
from cubeview.learn.score.state import State, state_of, words
from cubeview.learn.score.store import Store
from cubeview.learn.score.tasks import columns_of
from cubeview.learn.score.work import Tally, work
from cubeview.paths import refuse_input

_LOOK_S = 0.25
_MOST_DEATHS = 50
"""So many processes that end without a single answer between them end the run."""
PLAN = "plan.jsonl"
"""What is made for other machines; a run of this one has a plan of its own."""


def folder_of(out: Path) -> Path:
    """Return the work folder of a catalogue."""
    return out.with_name(out.name + ".parts")


def cores() -> int:
    """Return how many processes this machine has room for."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def begin(ask: Ask, out: Path) -> Store:
    """Return the work folder of a catalogue, made or found again.

    Raises CubeviewError if the catalogue cannot be written there, or is of something else.
    """
    check_table(out)
    refuse_input(out)
    folder = folder_of(out)
    if out.exists() and not folder.exists():
        raise CubeviewError(
            f"{out}: is there already, and was not begun here. Choose another name."
        )
    keep_ask(ask, folder)
    return Store(folder)


def plan_for_others(ask: Ask, out: Path, *, report: Report = nothing) -> Listed:
    """Write the plan that workers on other machines follow.

    Parameters
    ----------
    ask : Ask
    out : Path
    report : Report

    Raises
    ------
    CubeviewError
        If the place cannot be listed, or the folder not written.
    """
    store = begin(ask, out)
    store.sweep()
    part = store.folder / f"{PLAN}.{store.owner}.tmp"
    try:
        listed = write_plan(ask, part, without=_own(out), is_done=store.is_done, report=report)
        os.replace(part, store.folder / PLAN)
    finally:
        part.unlink(missing_ok=True)
    return listed


def score(
    ask: Ask,
    out: Path,
    *,
    processes: int = 0,
    told: Callable[[State], None] = lambda state: None,
    report: Report = nothing,
) -> Merged:
    """Score all cases of a place and write the catalogue; begun before, go on.

    Parameters
    ----------
    ask : Ask
    out : Path
        The catalogue; what is done lies in `folder_of` it.
    processes : int
        That judge at once; 0 for as many as there are cores.
    told : callable
        Given how far it has come, several times a second.
    report : Report
        May raise Cancelled, which is a pause: called again, it goes on.

    Raises
    ------
    CubeviewError
        If the place cannot be listed, nothing is found, or processes keep ending.
    """
    store = begin(ask, out)
    store.sweep()
    plan = store.plans / f"{store.owner}.jsonl"
    lister = _Lister(ask, out, store, plan)
    lister.start()
    try:
        count = processes or cores()
        shares = [(number, count) for number in range(count)]
        _Watch(store, plan, shares, lister, told).until_done(report)
        if not lister.listed.files:
            store.forget_empty()
            raise CubeviewError(f"{ask.place}: there is no file. Check the place.")
        report(1.0, "joining what was found")
        return join(ask, store, plan, out, report=report)
    finally:
        lister.stop()
        plan.unlink(missing_ok=True)


def do_share(
    store: Store,
    plan: Path,
    share: tuple[int, int],
    *,
    processes: int = 0,
    told: Callable[[State], None] = lambda state: None,
) -> None:
    """Do a share of a plan by processes of this machine: what a task of an array is for.

    Parameters
    ----------
    store : Store
    plan : Path
    share : tuple of (int, int)
        Which one, from 0, and of how many.
    processes : int
        0 for as many as there are cores.
    told : callable

    Raises
    ------
    CubeviewError
        As `score`.
    """
    number, count = share
    each = processes or cores()
    shares = [(number * each + place, count * each) for place in range(each)]
    _Watch(store, plan, shares, _Planned(read_listed(plan)), told).until_done(nothing)


def join(ask: Ask, store: Store, plan: Path, out: Path, *, report: Report = nothing) -> Merged:
    """Write the catalogue of the shards of a plan.

    Parameters
    ----------
    ask : Ask
    store : Store
    plan : Path
    out : Path
    report : Report

    Raises
    ------
    CubeviewError
        If a shard is not done, or the catalogue cannot be written.
    """
    counted = Merged()
    card = ask.card()
    meta = {
        "PROGRAM": f"CubeView {ask.version}",
        "TASK": ask.task,
        "PLACE": ask.place,
        "MODEL": ask.name or "none",
        "WEIGHTS": ask.weights or "none",
        "PREPARATION": ask.preparation or "none",
        "USE": "research use only",
    }
    rows = merged(store, plan, counted, report=report)
    write_rows(out, columns_of(ask.task, card), meta, rows)
    return counted


def _own(out: Path) -> tuple[Path, ...]:
    """Return what must not be taken for part of the archive."""
    return out, folder_of(out)


class _Lister(threading.Thread):
    """Writes the plan while others follow it."""

    def __init__(self, ask: Ask, out: Path, store: Store, plan: Path) -> None:
        super().__init__(daemon=True)
        self._ask, self._without, self._store, self._plan = ask, _own(out), store, plan
        self._stopped = threading.Event()
        self.listed = Listed()
        self.wrong: Exception | None = None

    def run(self) -> None:
        """List, until it is done or to be stopped."""
        try:
            write_plan(
                self._ask,
                self._plan,
                without=self._without,
                is_done=self._store.is_done,
                told=self._note,
                report=self._report,
            )
        except Cancelled:
            pass
        except Exception as error:
            self.wrong = error

    def stop(self) -> None:
        """Stop listing and wait for it."""
        self._stopped.set()
        self.join()

    def _note(self, listed: Listed) -> None:
        self.listed = listed

    def _report(self, fraction: float, text: str) -> None:
        if self._stopped.is_set():
            raise Cancelled


@dataclass(frozen=True)
class _Planned:
    """What stands for the lister where the plan is complete."""

    listed: Listed
    wrong: None = None


class _Watch:
    """Processes that judge, and who watches over them."""

    def __init__(
        self,
        store: Store,
        plan: Path,
        shares: Sequence[tuple[int, int]],
        lister: "_Lister | _Planned",
        told: Callable[[State], None],
    ) -> None:
        self._store, self._plan, self._shares = store, plan, shares
        self._lister, self._told = lister, told
        self._workers: list[BaseProcess] = []
        self._ended = [False] * len(shares)
        self._known: set[str] = set()
        self._deaths, self._seen = 0, 0

    def until_done(self, report: Report) -> None:
        """Start the processes and see that every shard is done."""
        try:
            for share in self._shares:
                self._workers.append(self._start(share))
            while not all(self._ended):
                time.sleep(_LOOK_S)
                state = self._state()
                self._told(state)
                report(state.fraction, words(state))
                if self._lister.wrong is not None:
                    raise self._lister.wrong
                self._look_after(state)
        finally:
            self._end()
        self._told(self._state())

    def _state(self) -> State:
        return state_of(self._store, self._lister.listed, self._known)

    def _start(self, share: tuple[int, int]) -> BaseProcess:
        # Spawned: a fork would take over the threads of torch and of the window half alive.
        worker = multiprocessing.get_context("spawn").Process(
            target=_work, args=(self._store.folder, self._plan, share), daemon=True
        )
        with _deaf():
            worker.start()
        self._known.add(str(worker.pid))
        return worker

    def _look_after(self, state: State) -> None:
        """Replace processes that ended before all was done."""
        if state.units > self._seen:
            self._seen, self._deaths = state.units, 0
        for number, worker in enumerate(self._workers):
            if self._ended[number] or worker.is_alive():
                continue
            if worker.exitcode == _DONE:
                self._ended[number] = True
                continue
            if said := self._said_by(worker):
                raise CubeviewError(said)
            self._deaths += worker.exitcode != _MORE
            if self._deaths > _MOST_DEATHS:
                raise CubeviewError(
                    "the processes that judge keep ending, perhaps for want of memory. What is "
                    "done is kept: start again with fewer processes."
                )
            self._workers[number] = self._start(self._shares[number])

    def _said_by(self, worker: BaseProcess) -> str:
        """Return what a process could not go on for; empty where it just ended."""
        told = self._store.tallies().items()
        mine = (tally["said"] for owner, tally in told if owner.split("-")[1] == str(worker.pid))
        return next(filter(None, mine), "")

    def _end(self) -> None:
        """End the processes; their journals keep what they judged."""
        busy = [worker for worker in self._workers if worker.is_alive()]
        for worker in busy:
            worker.terminate()
        for worker in busy:
            worker.join(5.0)
            if worker.is_alive():
                worker.kill()
                worker.join()
        with suppress(OSError):
            self._store.forgive([worker.pid for worker in busy if worker.pid is not None])


_DONE, _MORE = 0, 3


@contextmanager
def _deaf() -> Iterator[None]:
    """Start a process that does not hear the keys that stop this one: this one ends it."""
    try:
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread, as in the window
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _work(folder: Path, plan: Path, share: tuple[int, int]) -> None:
    """Be a worker, as long as who started it is there."""
    parent = multiprocessing.parent_process()

    def report(fraction: float, text: str) -> None:
        if parent is not None and not parent.is_alive():
            raise Cancelled

    try:
        done = work(folder, plan, share=share, report=report)
    except Cancelled:
        return
    except CubeviewError as error:
        Tally(Store(folder)).stop(str(error))
        raise SystemExit(1) from None
    raise SystemExit(_DONE if done else _MORE)
