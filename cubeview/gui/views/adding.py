"""The spectrum of an aperture that is being dragged: first answers soon, the newest place last."""

from cubeview.cubes.aperture import ApertureSpectrum, How, aperture_spectrum
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.region import Circle
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job
from cubeview.gui.views.fetch import Reading
from cubeview.io.voxels.cache import CachedPixels

_QUICK = 1_500_000  # voxels that are added up within a frame


class Adding(Reading):
    """One view's way to the spectra of apertures.

    While one is being added up and has shown nothing yet, a newer one waits: else a drag, which
    asks once a frame, would never show anything.
    """

    _silent = False

    def get(self, cube: Cube, circle: Circle, how: How) -> None:
        """Add up an aperture and hand it to `show`.

        Parameters
        ----------
        cube : Cube
        circle : Circle
            In voxels of the sky plane.
        how : {"sum", "mean"}
        """
        if self._job is not None and self._silent:
            self._wanted = cube, circle, how
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

    def _take(self, found: ApertureSpectrum) -> None:
        self._silent = False
        self._show(found)
        self._go_on()

    def _go_on(self) -> None:
        waiting, self._wanted = self._wanted, None
        if waiting is not None:
            self.get(*waiting)


def _rows_are_near(cube: Cube) -> bool:
    """Tell whether whole spectra are read fastest."""
    arrays = [pixels for pixels in (cube.pixels, cube.uncertainty, cube.mask) if pixels is not None]
    return all(
        isinstance(pixels, ArrayPixels) or (isinstance(pixels, CachedPixels) and pixels.ready)
        for pixels in arrays
    )
