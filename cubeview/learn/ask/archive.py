"""Ask models about many cases of the library: plan, judge, keep; resumable, in one process or more.

What is planned are records in plain values; `judge` is a function of one of them alone, so that
it may run anywhere; each answer is kept as it comes.
"""

import multiprocessing
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.ask.predict import input_tensor, predict, prepare_case
from cubeview.learn.models.card import why_not
from cubeview.learn.models.choose import choose
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.model import loaded
from cubeview.library.answers import Packed, asked_before, keep, packed
from cubeview.library.cases import Record
from cubeview.library.library import Library
from cubeview.library.stored import check_files, open_record, records
from cubeview.library.ventricles import recall

Outcome = Packed | CubeviewError


@dataclass(frozen=True)
class Work:
    """A case to be asked about: its number, its record, and the folder of the model."""

    number: int
    record: Record
    model: Path


@dataclass(frozen=True)
class Batch:
    """Cases asked about, passed over because done before, and by number why others failed."""

    asked: int
    before: int
    failures: tuple[tuple[int, str], ...]


def predict_cases(
    library: Library,
    case_ids: Sequence[int],
    *,
    wanted: str = "",
    defaults: Mapping[str, str] = MappingProxyType({}),
    again: bool = False,
    processes: int = 1,
    done: Callable[[int], None] | None = None,
    report: Report = nothing,
) -> Batch:
    """Ask the model that answers about each case, and keep its answer and pooled features.

    Each answer is kept as it comes: stopped and started again, it goes on where it was.

    Parameters
    ----------
    library : Library
    case_ids : sequence of int
    wanted, defaults
        Which model answers; see `cubeview.learn.models.choose.choose`.
    again : bool
        Ask also where an answer of the same weights is there already.
    processes : int
        How many work at once, each with a model of its own; 1 for this one.
    done : callable, optional
        Told the number of each case that was asked about.
    report : callable

    Raises
    ------
    CubeviewError
        If an answer cannot be kept, or a process was killed.
    """
    plan, before, failed = _plan(library, case_ids, wanted, defaults, again)
    failures, asked = list(failed), 0

    def still(*_: object) -> None:
        tried = asked + len(failures) - len(failed)
        report(tried / max(len(plan), 1), f"case {tried + 1} of {len(plan)}")

    with closing(_judged(library, plan, processes, still)) as outcomes:
        for work, outcome in outcomes:
            if isinstance(outcome, CubeviewError):
                failures.append((work.number, str(outcome)))
                continue
            keep(library, work.number, outcome)
            asked += 1
            if done is not None:
                done(work.number)
    return Batch(asked, before, tuple(failures))


def judge(work: Work, *, report: Report = nothing) -> Packed:
    """Open a case and ask the model about it; a process loads its model once.

    Raises CubeviewError if the case cannot be opened, prepared or judged.
    """
    model = loaded(work.model)
    case = open_record(work.record, report=report)
    placed = recall(case, work.record.identity)
    prepared = prepare_case(model.card, case, ventricles=placed, report=report)
    answer = predict(model, case, prepared=prepared)
    pooled, _ = on_best_device(
        model.network, lambda device: model.network.features(input_tensor(prepared, device))
    )
    return packed(answer, pooled.mean(dim=(2, 3, 4))[0].cpu().numpy().astype(np.float32))


def _plan(
    library: Library, case_ids: Sequence[int], wanted: str, defaults: Mapping[str, str], again: bool
) -> tuple[list[Work], int, list[tuple[int, str]]]:
    """Return what is to be done, how many cases have been, and which cannot be with reasons."""
    known = set() if again else asked_before(library)
    there = records(library)
    plan, before, failures = [], 0, []
    for number in case_ids:
        record = there[number]
        if record.is_whole_cube:  # where its windows are judged, only the place they lie in
            continue
        try:
            ref = choose(record, wanted=wanted, defaults=defaults)
            reason = why_not(ref.card, record)
        except CubeviewError as error:
            reason = str(error)
        if reason:
            failures.append((number, f"{record.name}: {reason}"))
        elif (number, ref.card.weights_sha256) in known:
            before += 1
        else:
            plan.append(Work(number, record, ref.folder))
    return plan, before, failures


def _judged(
    library: Library, plan: Sequence[Work], processes: int, still: Callable[..., None]
) -> Generator[tuple[Work, Outcome], None, None]:
    """Judge what is planned, here or elsewhere; `still` is called meanwhile and may stop it."""
    if processes > 1:
        yield from _judged_elsewhere(library, plan, processes, still)
        return
    for work in plan:
        still()
        try:
            check_files(library, work.record, report=still)
            outcome: Outcome = judge(work, report=still)
        except CubeviewError as error:
            outcome = error
        yield work, outcome


def _judged_elsewhere(
    library: Library, plan: Sequence[Work], processes: int, still: Callable[..., None]
) -> Iterator[tuple[Work, Outcome]]:
    waiting: dict[Future[Packed], Work] = {}

    def finished(most: int) -> Iterator[tuple[Work, Outcome]]:
        while len(waiting) > most:
            still()
            for future in wait(waiting, 0.2, FIRST_COMPLETED).done:
                error = future.exception()
                if error is not None and not isinstance(error, CubeviewError):
                    raise error
                yield waiting.pop(future), error or future.result()

    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        try:
            for work in plan:
                try:
                    check_files(library, work.record, report=still)
                except CubeviewError as error:
                    yield work, error
                    continue
                waiting[pool.submit(judge, work)] = work
                yield from finished(2 * processes)
            yield from finished(0)
        except BrokenProcessPool as error:
            raise CubeviewError(
                "a process that judged cases was ended, perhaps for want of memory. What was "
                "answered is kept: start again, with fewer processes."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
