"""Background work: three single-thread lanes, and a job that reports how it goes."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Thread
from typing import Any, Literal

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.errors import Cancelled, CubeviewError

log = logging.getLogger(__name__)

UNEXPECTED = "This failed unexpectedly; the report of it says more."

LaneName = Literal["quick", "train", "copy"]

# A worker may report thousands of times a second; each report that reaches the window costs it a
# queued event and a repaint, so only this many seconds apart do they pass.
PROGRESS_PAUSE_S = 0.05
PARTIAL_PAUSE_S = 0.15


class Job(QObject):
    """One call of a long function in a lane.

    Signals
    -------
    progressed(float, str)
        Fraction done and what is being done.
    partial(object)
        A first, coarse result, where the function gives one.
    finished(object)
        The result.
    failed(object)
        The exception; `Jobs` sorts it.
    ended()
        Always last, whatever happened, cancelled included.
    """

    progressed = pyqtSignal(float, str)
    partial = pyqtSignal(object)
    finished = pyqtSignal(object)
    failed = pyqtSignal(object)
    ended = pyqtSignal()
    _done = pyqtSignal()

    def __init__(
        self, kind: str, title: str, parent: QObject | None = None, *, keeps: bool = False
    ) -> None:
        super().__init__(parent)
        self.kind = kind
        self.title = title
        self.keeps = keeps
        self.running = True
        self.cancelled = False
        self._began = time.monotonic()
        self._next_progress = 0.0
        self._next_partial = 0.0
        self.future: Future[None] | None = None
        # Everybody hears of the end in one go on the GUI thread: were `ended` itself sent from the
        # lane, some would know of it while others still took the job for running.
        self._done.connect(self._end)

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._began

    def cancel(self) -> None:
        """Ask the work to stop at its next report; its result will not be delivered."""
        self.cancelled = True

    def report(self, fraction: float, text: str) -> None:
        """Take the worker's progress; the place where a cancelled worker stops."""
        if self.cancelled:
            raise Cancelled
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + PROGRESS_PAUSE_S
            self.progressed.emit(fraction, text)

    def emit_partial(self, result: object) -> None:
        """Take a coarse result from the worker; those that come too fast are passed over."""
        now = time.monotonic()
        if not self.cancelled and now >= self._next_partial:
            self._next_partial = now + PARTIAL_PAUSE_S
            self.partial.emit(result)

    def run(self, work: Callable[["Job"], Any]) -> None:
        """Do the work; called in the lane's thread."""
        try:
            if self.cancelled:
                return
            result = work(self)
            if not self.cancelled:
                self.finished.emit(result)
        except Cancelled:
            pass
        except Exception as error:
            if not isinstance(error, CubeviewError):
                log.exception("job %s failed", self.kind)
            if not self.cancelled:
                self.failed.emit(error)
        finally:
            self._done.emit()

    def _end(self) -> None:
        self.running = False
        self.ended.emit()


class Jobs(QObject):
    """The lanes. A new job of a kind cancels the former of that kind.

    Whatever goes wrong in a lane is sorted here: a CubeviewError is told to whoever started the
    job, or else to everybody; anything else is a bug besides; a cancelled job says nothing.

    Signals
    -------
    started(object)
        The Job, for the status line.
    refused(str)
        Why a job failed whose starter gave no `failed` of his own.
    broke(object)
        An exception that is a bug.
    """

    started = pyqtSignal(object)
    refused = pyqtSignal(str)
    broke = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes = {
            name: ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"cubeview-{name}")
            for name in ("quick", "train", "copy")
        }
        self._current: dict[str, Job] = {}
        # Every job until its `ended` arrives, replaced ones too. A Job whose last reference went
        # in the lane would be destroyed there, with its signals still on their way to the window.
        self._alive: list[Job] = []
        self._closed = False

    def start(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        *,
        finished: Callable[[Any], None] | None = None,
        failed: Callable[[str], None] | None = None,
        partial: Callable[[Any], None] | None = None,
        lane: LaneName = "quick",
        keeps: bool = False,
    ) -> Job:
        """Run ``work(job)`` in a lane.

        Parameters
        ----------
        kind : str
            Jobs of one kind replace each other: the former is cancelled and answers no more.
        title : str
            What the status line says.
        work : callable
            Called in the lane's thread with the Job, whose ``report`` it hands to the function
            that does the work. Must not touch any widget.
        finished, partial : callable, optional
            Called on the GUI thread.
        failed : callable, optional
            Called on the GUI thread with words for the user.
        lane : {"quick", "train", "copy"}
        keeps : bool
            What it has done is on disk: stopped, it loses nothing.

        Returns
        -------
        Job
            Already cancelled and ended if the lanes were closed.
        """
        self.cancel(kind)
        job = Job(kind, title, self, keeps=keeps)
        if self._closed:
            job.cancel()
            job.running = False
            return job
        self._current[kind] = job
        self._alive.append(job)

        def sort(error: Exception) -> None:
            known = isinstance(error, CubeviewError)
            if failed is not None:
                failed(str(error) if known else UNEXPECTED)
            elif known:
                self.refused.emit(str(error))
            if not known:
                self.broke.emit(error)

        for signal, slot in ((job.finished, finished), (job.failed, sort), (job.partial, partial)):
            if slot is not None:
                signal.connect(lambda value, slot=slot: None if job.cancelled else slot(value))
        job.ended.connect(lambda: self._forget(job))
        self.started.emit(job)
        job.future = self._lanes[lane].submit(job.run, work)
        return job

    def cancel(self, kind: str) -> None:
        """Cancel the job of a kind, if there is one."""
        former = self._current.get(kind)
        if former is not None:
            former.cancel()

    def running(self) -> list[Job]:
        """Return the jobs that have not ended, cancelled ones that still work included."""
        return [job for job in self._alive if job.running]

    def close(self, seconds: float = 5.0) -> bool:
        """Cancel everything and wait for the lanes, at most `seconds` in all.

        Returns
        -------
        bool
            False when some work did not stop in time; its thread goes on by itself.
        """
        self._closed = True
        for job in self._alive:
            job.cancel()
        # Waiting jobs still pass through `run`, which lets a cancelled one end at once.
        waiters = [Thread(target=lane.shutdown, daemon=True) for lane in self._lanes.values()]
        deadline = time.monotonic() + seconds
        for waiter in waiters:
            waiter.start()
        for waiter in waiters:
            waiter.join(max(0.0, deadline - time.monotonic()))
        return not any(waiter.is_alive() for waiter in waiters)

    def _forget(self, job: Job) -> None:
        self._alive.remove(job)
        if self._current.get(job.kind) is job:
            del self._current[job.kind]
        # The lane may still be on its way out of the last emit; an instant, then it is safe.
        if job.future is not None:
            wait([job.future])
        job.deleteLater()
