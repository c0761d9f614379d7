"""How masks are made and changed without a brush: proposed, grown from strokes, label by label."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtWidgets import QComboBox, QSpinBox, QVBoxLayout, QWidget

from cubeview.cubes.mask import Mask
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.basic import button, steady
from cubeview.gui.widgets.layout import put, row
from cubeview.kinds import kind_of

if TYPE_CHECKING:
    from cubeview.cubes.cube import Box

OUTSIDE = "outside"
"""Name of the label of strokes that lie around what is grown."""

_EDITS = {
    "Keep the largest piece": "largest piece",
    "Grow by a voxel": "grow",
    "Shrink by a voxel": "shrink",
    "Smooth": "smooth",
    "Fill holes": "fill holes",
    "Fill between painted planes": "fill between planes",
}
_WALL = ("Propose wall", "Of the left ventricle, by counts near the ventricle shown")
_SOURCES = ("Propose sources", "Lines, by smoothing and clipping at 4.5 sigma")


class MaskMethods(QWidget):
    """Buttons of what makes or changes a mask as a whole.

    Parameters
    ----------
    session : Session
    jobs : Jobs
    role : callable
        Returns the role of the cube that is painted.
    tell : callable
        Takes what is said, and "bad" where it is an error.
    """

    def __init__(
        self, session: Session, jobs: Jobs, role: Callable[[], str], tell: Callable[..., None]
    ) -> None:
        super().__init__()
        self._session, self._painting, self._jobs = session, session.painting, jobs
        self._role, self._say = role, tell
        self.level = steady(QSpinBox())
        self.level.setAccessibleName("Keep what is above")
        self.level.setRange(0, 99)
        self.level.setValue(50)
        self.level.setSuffix(" % of its brightest")
        self.above_button = button("Keep above", self.keep_above, "Threshold inside the label")
        self.edit = steady(QComboBox())
        self.edit.addItems(list(_EDITS))
        self.edit.setAccessibleName("How the label is changed")
        self.edit_button = button("Change label", self.change, "Undone as one step")
        self.propose_button = button("Propose", self.propose)
        self.grow_button = button(
            "Grow from strokes",
            self.grow,
            "A stroke inside with a label, one around it with the label called outside: the rest "
            "is proposed.",
        )
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        put(
            rows,
            row(self.propose_button, self.grow_button),
            row((self.edit, 1), self.edit_button),
            row(self.above_button, (self.level, 1)),
        )
        session.case_changed.connect(self._case_changed)
        self._case_changed()

    def grow(self) -> None:
        """Grow the strokes of the current cube into a mask, in the background."""
        layer = self._painting.layer(self._role())
        if layer is None:
            self._say("Paint a stroke inside, and one outside.", "bad")
            return
        outside = [one.number for one in layer.labels if one.name == OUTSIDE]
        painted = layer.values.copy()
        case, role = self._session.case, self._role()

        def work(job: Job) -> tuple[object, object]:
            from cubeview.measure.masks.scribble import OUTSIDE as BESIDE
            from cubeview.measure.masks.scribble import UNKNOWN, room_of, spread

            strokes = np.where(painted == 0, np.int16(UNKNOWN), painted.astype(np.int16))
            strokes[np.isin(painted, outside)] = BESIDE
            box = room_of(strokes)
            grown = spread(layer.cube.box(box), strokes[box], report=job.report)
            return box, grown.astype(np.uint8)

        def finished(result: tuple[object, object]) -> None:
            box, values = result
            if layer.put(values, box):  # type: ignore[arg-type]
                self._say("Proposed from your strokes: correct it with the brush, or undo it.")
                if case is self._session.case:
                    self._painting.tell(role)

        self.start("Growing a mask", work, finished)

    def change(self) -> None:
        """Change the label as a whole, as the chooser says, in the background."""
        layer, number = self._painting.layer(self._role()), self._painting.brush.number
        if layer is None:
            self._say("Nothing is painted.", "bad")
            return
        role, how, before = self._role(), _EDITS[self.edit.currentText()], layer.values.copy()

        def work(job: Job) -> "tuple[Box, np.ndarray]":
            from cubeview.measure.masks.edits import edited

            return edited(before, number, how)

        def finished(result: "tuple[Box, np.ndarray]") -> None:
            box, values = result
            if not np.array_equal(layer.values[box], before[box]):
                self._say("The label was painted on meanwhile: change it once more.", "bad")
            elif layer.put(values, box):
                self._say("")
                self._painting.tell(role)

        self.start("Changing a label", work, finished)

    def propose(self) -> None:
        """Propose a mask without a network: the wall of a ventricle, the sources of a sky cube."""
        case, role = self._session.case, self._role()
        if case is None:
            return
        cube, ventricle = case.cubes[role], self._session.ventricles.get(role)
        if kind_of(case).ventricle and ventricle is None:
            self._say("Find or place the ventricle first.", "bad")
            return

        def work(job: Job) -> tuple[Mask, str]:
            if ventricle is not None:
                from cubeview.measure.masks.wall import wall

                return wall(cube, ventricle), "wall by counts within the ventricle shown"
            from cubeview.measure.masks.sources import find_sources

            found = find_sources(cube, report=job.report)
            return found.mask, f"{len(found.mask.labels)} sources by smoothing and clipping; " + (
                "; ".join((*found.notes, f"{found.doubted} finds set aside as like noise"))
            )

        def finished(result: tuple[Mask, str]) -> None:
            mask, how = result
            if case is not self._session.case or role != self._role():
                return
            if not mask.values.any():
                self._say(f"Nothing was found: {how}.", "bad")
                return
            try:
                self._painting.take(role, mask)
            except CubeviewError as error:
                self._say(str(error), "bad")
                return
            self._say(f"Proposed: {how}. Correct it with the brush, or undo it.")

        self.start("Proposing a mask", work, finished)

    def keep_above(self) -> None:
        """Keep of the label what is above a share of its brightest voxel."""
        layer, number = self._painting.layer(self._role()), self._painting.brush.number
        if layer is None or not (layer.values == number).any():
            self._say("Nothing is painted with this label.", "bad")
            return
        if layer.keep_above(number, self.level.value() / 100):
            self._painting.tell(self._role())

    def start(self, title: str, work: object, finished: object) -> None:
        """Work on a mask in the background; what goes wrong is told."""
        self._jobs.start(
            "mask",
            title,
            work,  # type: ignore[arg-type]
            finished=finished,  # type: ignore[arg-type]
            failed=lambda why: self._say(why, "bad"),
        )

    def _case_changed(self) -> None:
        case = self._session.case
        kind = None if case is None else kind_of(case)
        proposed = None if kind is None else _WALL if kind.ventricle else _SOURCES
        if kind is not None and not kind.ventricle and not kind.window_px:
            proposed = None
        self.propose_button.setVisible(proposed is not None)
        if proposed is not None:
            self.propose_button.setText(proposed[0])
            self.propose_button.setToolTip(proposed[1])
