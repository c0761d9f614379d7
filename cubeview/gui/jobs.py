"""Background work: two single-thread lanes, and a job that reports how it goes."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.errors import Cancelled, CubeviewError

log = logging.getLogger(__name__)

LaneName = Literal["quick", "train"]


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
        The exception; a CubeviewError can be shown as it is, anything else is a bug.
    ended()
        Always last, whatever happened, cancelled included.
    """

    progressed = pyqtSignal(float, str)
    partial = pyqtSignal(object)
    finished = pyqtSignal(object)
    failed = pyqtSignal(object)
    ended = pyqtSignal()

    def __init__(self, kind: str, title: str) -> None:
        super().__init__()
        self.kind = kind
        self.title = title
        self.running = True
        self._cancelled = False
        self.ended.connect(self._stop_running)

    def cancel(self) -> None:
        """Ask the work to stop at its next report; its result will not be delivered."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self._cancelled

    def report(self, fraction: float, text: str) -> None:
        """Take the worker's progress; the place where a cancelled worker stops."""
        if self._cancelled:
            raise Cancelled
        self.progressed.emit(fraction, text)

    def emit_partial(self, result: object) -> None:
        """Take a coarse result from the worker."""
        if not self._cancelled:
            self.partial.emit(result)

    def run(self, work: Callable[["Job"], Any]) -> None:
        """Do the work; called in the lane's thread."""
        try:
            if self._cancelled:
                return
            result = work(self)
            if not self._cancelled:
                self.finished.emit(result)
        except Cancelled:
            pass
        except CubeviewError as error:
            if not self._cancelled:
                self.failed.emit(error)
        except Exception as error:
            log.exception("job %s failed", self.kind)
            if not self._cancelled:
                self.failed.emit(error)
        finally:
            self.ended.emit()

    def _stop_running(self) -> None:
        self.running = False


class Jobs(QObject):
    """The two lanes. A new job of a kind cancels the former of that kind.

    Signals
    -------
    started(object)
        The Job, for the status line.
    """

    started = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes = {
            name: ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"cubeview-{name}")
            for name in ("quick", "train")
        }
        self._current: dict[str, Job] = {}

    def start(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        *,
        finished: Callable[[Any], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        partial: Callable[[Any], None] | None = None,
        lane: LaneName = "quick",
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
        finished, failed, partial : callable, optional
            Called on the GUI thread.
        lane : {"quick", "train"}
        """
        former = self._current.get(kind)
        if former is not None:
            former.cancel()
        job = Job(kind, title)
        self._current[kind] = job
        for signal, slot in (
            (job.finished, finished),
            (job.failed, failed),
            (job.partial, partial),
        ):
            if slot is not None:
                signal.connect(lambda value, slot=slot: None if job.cancelled else slot(value))
        job.ended.connect(lambda: self._forget(job))
        self.started.emit(job)
        self._lanes[lane].submit(job.run, work)
        return job

    def running(self) -> list[Job]:
        """Return the jobs that have not ended."""
        return [job for job in self._current.values() if job.running]

    def close(self, seconds: float = 5.0) -> None:
        """Cancel everything and wait for the lanes, at most `seconds` in all."""
        import threading

        for job in self._current.values():
            job.cancel()
        waiters = [
            threading.Thread(target=lane.shutdown, kwargs={"cancel_futures": True}, daemon=True)
            for lane in self._lanes.values()
        ]
        for waiter in waiters:
            waiter.start()
        for waiter in waiters:
            waiter.join(seconds)

    def _forget(self, job: Job) -> None:
        if self._current.get(job.kind) is job:
            del self._current[job.kind]
