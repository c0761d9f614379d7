"""A picture: one large view of its bands, put together in colour or one at a time."""

from functools import partial

import numpy as np

from cubeview.cubes.composite import composite
from cubeview.cubes.plane import compass_words
from cubeview.gui.desk.display import bands_shown
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.words import scale_words
from cubeview.gui.views.slice import SliceView


class PictureView(SliceView):
    """All bands of a picture in one view; its cursor and its map are those of the first."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        self._bands: dict[str, np.ndarray] = {}
        self._title_of: tuple[str, ...] = ()
        super().__init__(session, session.case.roles[0], 0, jobs)  # type: ignore[union-attr]

    def _read(self, gate: int | None, index: int) -> None:
        """Read all bands: which of them are shown changes more often than a picture does."""
        read = partial(_read_bands, self)
        self._fetch.get(self.cube, index, read, scattered=True)

    def _show(self, bands: np.ndarray) -> None:
        self._bands = dict(zip(self.case.roles, bands, strict=True))
        self._repaint()

    def _repaint(self) -> None:
        shown, levels = bands_shown(self.case, self.session.display), self.session.display.levels
        if shown != self._title_of:
            self._title_of = shown
            self._write_title()
        if not self._bands or levels is None or not set(shown) <= set(levels):
            return
        self._plane = self._bands[shown[0]]
        if len(shown) == 1:
            self._paint(self._plane, levels[shown[0]])
            return
        colours = composite(
            [self._bands[role] for role in shown],
            [levels[role] for role in shown],
            self.session.display.stretch,  # type: ignore[arg-type]
        )
        self.canvas.image.setImage(
            colours, autoLevels=False, levels=None, lut=None, rect=self._rect(colours.shape[1])
        )

    def _write_title(self) -> None:
        shown = bands_shown(self.case, self.session.display)
        name = " ".join(shown).capitalize() if len(shown) == 1 else "Colour"
        words = [] if len(shown) == 1 else [", ".join(shown)]
        words.append(scale_words(self.cube))
        if not self.canvas.letters:
            words += compass_words(self.cube)
        self.title.set_words(name, *words, short=(name,))


def _read_bands(view: PictureView) -> np.ndarray:
    return np.stack([view.case.cubes[role].plane(0, 0) for role in view.case.roles])
