"""What is sent by SAMP, and what is done with what comes."""

from collections.abc import Callable
from pathlib import Path

from cubeview.errors import CubeviewError
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.jobs import Job
from cubeview.gui.desk.samp import Samp
from cubeview.gui.panels.measure import MeasurePanel


class SampActions:
    """Sends the catalogue, the image of the interval, the spectra and the cursor's place.

    An image that comes is opened, a table laid over the sky, and a place gone to.
    """

    def __init__(self, desk: Desk, panel: MeasurePanel, samp: Samp) -> None:
        self._desk, self._session, self._panel = desk, desk.session, panel
        self.samp = samp
        samp.said.connect(desk.messages.error)
        samp.came.connect(self._take)
        samp.pointed.connect(self._go)

    def send(self) -> None:
        """Send whatever there is of the current case."""
        session, samp, case = self._session, self.samp, self._session.case
        if case is None or not samp.on:
            self._desk.messages.info("Connect by SAMP first: Tools, Talk to other programs.")
            return
        cube, asked = case.main, session.measured
        sent = []
        if (catalogue := session.catalogue) is not None:
            from cubeview.io.export.catalogue import write_catalogue

            path = samp.room("sources.vot")
            self._write(
                lambda: write_catalogue(catalogue, path), "table.load.votable", path, "Sources"
            )
            sent.append("the catalogue")
        if (image := asked.image) is not None:
            from cubeview.io.export.images import Image, write_images

            there = samp.room("interval.fits")
            parts = [Image(image.name.replace(" ", "").upper(), image.values, image.unit)]
            self._write(
                lambda: write_images(cube, parts, there, image.words),
                "image.load.fits", there, f"{case.name}, {image.name}",
            )  # fmt: skip
            sent.append("the image of the interval")
        if traces := asked.traces:
            from cubeview.io.export.spectrum import Trace, write_spectrum

            place = samp.room("spectra.fits")
            written = [
                Trace(one.spectrum.values, one.spectrum.sigma, one.spectrum.unit) for one in traces
            ]
            self._write(
                lambda: write_spectrum(cube, written, place),
                "spectrum.load.ssa-generic", place, f"{case.name}, spectra",
                meta={"Access.Format": "application/fits"},
            )  # fmt: skip
            sent.append("the spectra of the apertures")
        if cube.wcs is not None:
            self._point()
            sent.append("the place of the cursor")
        said = ", ".join(sent) if sent else "nothing: there is nothing to send yet"
        self._desk.messages.info(f"Sent by SAMP: {said}.")

    def _write(
        self, write: Callable[[], None], mtype: str, path: Path, name: str, **more: object
    ) -> None:
        def work(job: Job) -> None:
            write()

        self._desk.jobs.start(
            f"write {path}", "Sending by SAMP", work,
            finished=lambda _: self.samp.send_file(mtype, path, name, **more),
        )  # fmt: skip

    def _point(self) -> None:
        from astropy.wcs.utils import pixel_to_skycoord

        case = self._session.case
        if case is not None:
            _, y, x = self._session.cursor
            place = pixel_to_skycoord(x, y, case.main.wcs, 0).icrs
            self.samp.point(place.ra.deg, place.dec.deg)

    def _take(self, mtype: str, path: Path) -> None:
        if mtype == "image.load.fits":
            self._desk.opening.open([path], remember=False)
        else:
            self._panel.places.open(path)

    def _go(self, ra_deg: float, dec_deg: float) -> None:
        from cubeview.gui.desk.sky_places import sky_place

        session, case = self._session, self._session.case
        if case is None or case.main.wcs is None:
            return
        try:
            y, x = sky_place(case.main, f"icrs {ra_deg:.9f} {dec_deg:.9f}")
        except CubeviewError:
            return  # another sky than ours
        _, height, width = case.main.shape
        if -0.5 <= y <= height - 0.5 and -0.5 <= x <= width - 0.5:
            session.set_cursor(session.cursor[0], y, x)
