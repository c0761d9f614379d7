"""The spectrum of an aperture that is being dragged: first answers soon, the newest place last."""

from collections.abc import Callable

from PyQt6.QtCore import QObject

from cubeview.cubes.aperture import ApertureSpectrum, How, aperture_spectrum
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.region import Circle
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.io.voxels.cache import CachedPixels

_QUICK = 1_500_000  # voxels that are added up within a frame

_Question = tuple[Cube, Circle, How]


class Adding(QObject):
    """One view's way to the spectra of apertures.

    While one is being added up and has shown nothing yet, a newer one waits: else a drag, which
    asks once a frame, would never show anything.

    Parameters
    ----------
    jobs : Jobs
    kind : str
        Names the view among the jobs.
    show : callable
        Takes spectra, also unfinished ones, on the GUI thread.
    fail : callable
        Takes the text for the user when the cube cannot be read.
    """

    def __init__(
        self,
        jobs: Jobs,
        kind: str,
        show: Callable[[ApertureSpectrum], None],
        fail: Callable[[str], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._jobs, self._kind, self._show, self._fail = jobs, kind, show, fail
        self._job: Job | None = None
        self._silent = False
        self._next: _Question | None = None

    def get(self, cube: Cube, circle: Circle, how: How) -> None:
        """Add up an aperture and hand it to `show`."""
        if self._job is not None and self._silent:
            self._next = cube, circle, how
            return
        self.stop()
        by_rows = _rows_are_near(cube)
        if by_rows and 3.2 * circle.radius**2 * cube.shape[0] < _QUICK:
            try:
                self._show(aperture_spectrum(cube, circle, how, by_rows=True))
            except CubeviewError as error:
                self._fail(str(error))
            return

        def work(job: Job) -> ApertureSpectrum:
            return aperture_spectrum(
                cube, circle, how, by_rows=by_rows, report=job.report, partial=job.emit_partial
            )

        def finished(found: ApertureSpectrum) -> None:
            self._job = None
            self._take(found)

        def failed(why: str) -> None:
            self._job = None
            self._fail(why)
            self._go_on()

        self._silent = True
        told = "Adding up spectra"
        self._job = self._jobs.start(
            self._kind, told, work, finished=finished, failed=failed, partial=self._take
        )

    def stop(self) -> None:
        """Forget what was asked for; what is still being read will not be shown."""
        self._next = None
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _take(self, found: ApertureSpectrum) -> None:
        self._silent = False
        self._show(found)
        self._go_on()

    def _go_on(self) -> None:
        waiting, self._next = self._next, None
        if waiting is not None:
            self.get(*waiting)


def _rows_are_near(cube: Cube) -> bool:
    """Tell whether whole spectra are read fastest."""
    arrays = [pixels for pixels in (cube.pixels, cube.uncertainty, cube.mask) if pixels is not None]
    return all(
        isinstance(pixels, ArrayPixels) or (isinstance(pixels, CachedPixels) and pixels.ready)
        for pixels in arrays
    )
