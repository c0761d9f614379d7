"""Values for a view: at once where they come quickly, else by a job whose late answers are
dropped.
"""

import time
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from PyQt6.QtCore import QObject, QTimer

from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs

QUICK_S = 0.05
_SMALL = 16_000_000  # voxels; a file of 64 MB is read whole in less than QUICK_S when warm


class Reading(QObject):
    """One view's way to values that may take their time.

    Parameters
    ----------
    jobs : Jobs
        Where long reads run; a view has one at a time, a new one cancels the former.
    kind : str
        Names the view among the jobs.
    show, fail : callable
        Take the values, also unfinished ones, or the text for the user when they cannot be read;
        on the GUI thread.
    """

    def __init__(
        self,
        jobs: Jobs,
        kind: str,
        show: Callable[[Any], None],
        fail: Callable[[str], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._jobs, self._kind, self._show, self._fail = jobs, kind, show, fail
        self._wanted: Any = None
        self._job: Job | None = None

    def stop(self) -> None:
        """Forget what was asked for; what is still being read will not be shown."""
        self._wanted = None
        if self._job is not None:
            self._job.cancel()
            self._job = None


class Fetch(Reading):
    """Planes and spectra: one at a time, each once."""

    _seconds: float | None = None

    def get(
        self, cube: Cube, key: Hashable, read: Callable[[], np.ndarray], scattered: bool
    ) -> None:
        """Read values and hand them to `show`.

        Parameters
        ----------
        cube : Cube
        key : hashable
            What is asked for; asking for the same again does nothing.
        read : callable
            Does the reading, perhaps in another thread.
        scattered : bool
            True when the values lie all over the file (a spectrum, a spectral plane).
        """
        if key == self._wanted:
            return
        self.stop()
        self._wanted = key
        if self._is_quick(cube, scattered):
            start = time.perf_counter()
            try:
                values = read()
            except CubeviewError as error:
                self._fail(str(error))
                return
            self._seconds = time.perf_counter() - start
            self._show(values)
            return

        def work(job: Job) -> tuple[np.ndarray, float]:
            start = time.perf_counter()
            return read(), time.perf_counter() - start

        def finished(result: tuple[np.ndarray, float]) -> None:
            if key == self._wanted:
                self._seconds = result[1]
                self._show(result[0])

        def failed(why: str) -> None:
            if key == self._wanted:
                self._fail(why)

        self._job = self._jobs.start(
            self._kind, "reading the cube", work, finished=finished, failed=failed
        )

    def _is_quick(self, cube: Cube, scattered: bool) -> bool:
        if isinstance(cube.pixels, ArrayPixels) or not scattered:
            return True
        if self._seconds is not None:
            return self._seconds < QUICK_S
        return int(np.prod(cube.shape)) < _SMALL


class OnceAFrame(QTimer):
    """Runs a slot at most once in 16 ms, however often it is asked to; the last call counts."""

    FRAME_MS = 16

    def __init__(self, slot: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self.setSingleShot(True)
        self._slot = slot
        self._last = 0.0
        self.timeout.connect(self.run)

    def ask(self) -> None:
        """Run the slot soon."""
        if not self.isActive():
            gone_ms = 1000 * (time.perf_counter() - self._last)
            self.start(int(np.clip(self.FRAME_MS - gone_ms, 0, self.FRAME_MS)))

    def run(self) -> None:
        """Run the slot now."""
        self.stop()
        self._last = time.perf_counter()
        self._slot()
