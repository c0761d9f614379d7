"""Cases beside other cases in the window: the space they lie in, what is chosen, what was said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.case import Case
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.library_cases import LibraryCases
from cubeview.gui.desk.records import Changes, Records
from cubeview.gui.desk.still import AtRest
from cubeview.library.library import Library
from cubeview.library.marks import said
from cubeview.library.stored import hashes_of, thumbnail, thumbnails

if TYPE_CHECKING:
    from cubeview.learn.explore.groups import Groups
    from cubeview.learn.explore.named import Named
    from cubeview.learn.explore.space import Point, Space

_PICTURES_AT_ONCE = 60


@dataclass(frozen=True, eq=False)
class Order:
    """In which order cases are listed, and by what.

    Parameters
    ----------
    by : {"", "alike", "odd", "group"}
        Empty: as they came.
    places : ndarray of int
        Points, the first to be looked at first.
    figure : ndarray, shape (points,), optional
        What each is ranked by.
    """

    by: str
    places: np.ndarray
    figure: np.ndarray | None = None


class Exploring(QObject):
    """The space that is explored, and what was said and chosen in it.

    Attributes
    ----------
    space : Space or None
    axes : ndarray, shape (points, axes)
        Principal ones.
    order : Order
    shown : ndarray of int or None
        Points within a lasso, to which the list is narrowed.
    chosen : ndarray of int
    current : int
        -1 for none.
    labels, marks, names : list of str
        What the reader said of each point: class, interest, group; empty for nothing.
    groups : Groups or None
    like : tuple of str
        What each point would be called after the names; empty while nobody asked.
    said : str
        What the last question gave, in words.

    Signals
    -------
    space_changed()
    order_changed()
        Or what the list is narrowed to, or the words beside it.
    chosen_changed()
    told_changed()
        Labels, marks, names or groups.
    marked()
        Other cases are marked than before.
    pictures_changed()
    refused(str)
        Why something could not be done.
    """

    space_changed = pyqtSignal()
    order_changed = pyqtSignal()
    chosen_changed = pyqtSignal()
    told_changed = pyqtSignal()
    pictures_changed = pyqtSignal()
    marked = pyqtSignal()
    refused = pyqtSignal(str)

    def __init__(
        self,
        jobs: Jobs,
        records: Records,
        labelling: Labelling,
        cases: LibraryCases,
    ) -> None:
        super().__init__()
        self._jobs, self._records = jobs, records
        self._labelling, self._cases = labelling, cases
        self._forget()
        self._marks_soon = AtRest(self._marks_read, self, 0)
        records.rows_changed.connect(self._tell)
        records.row_changed.connect(lambda number: self._tell(number))
        records.reader_changed.connect(self._tell)

    def _forget(self) -> None:
        self.space: Space | None = None
        self.axes = np.zeros((0, 2))
        self.order = Order("", np.arange(0))
        self.shown: np.ndarray | None = None
        self.chosen, self.current = np.arange(0), -1
        self.labels: list[str] = []
        self.marks: list[str] = []
        self.names: list[str] = []
        self.numbers: list[int | None] = []
        self.places: dict[int, int] = {}  # of the library's numbers
        self._pictures: dict[int, tuple[int, bytes]] = {}
        self.groups: Groups | None = None
        self.like: tuple[str, ...] = ()
        self.said = ""

    @property
    def points(self) -> "Sequence[Point]":
        """The cases."""
        return self.space.points if self.space is not None else ()

    @property
    def listed(self) -> np.ndarray:
        """The points the list shows, in its order."""
        if self.shown is None:
            return self.order.places
        kept: np.ndarray = self.order.places[np.isin(self.order.places, self.shown)]
        return kept

    @property
    def acted_on(self) -> np.ndarray:
        """The points that a mark, a label or a question is meant for."""
        if len(self.chosen):
            return self.chosen
        return np.array([self.current] if self.current >= 0 else [], int)

    def hidden(self, point: int) -> bool:
        """Tell whether what the model says of a point is kept from the reader: it reads blind."""
        return self._records.blind and not self.labels[point]

    def classes(self) -> dict[str, str]:
        """Return the key of each class that the cases can be labelled with."""
        library = self._records.library
        name = self._records.label_sets.get(self.space.kind, "") if self.space else ""
        if library is None or not name:
            return {}
        return {entry.name: entry.key for entry in library.classes(name) if not entry.retired}

    def as_they_came(self) -> None:
        """List all cases in the order they came in."""
        self.set_order(Order("", np.arange(len(self.points))), "")

    def show_all(self) -> None:
        """Widen the list to all points again, and choose none."""
        self.shown = None
        self.choose(np.arange(0))
        self.order_changed.emit()

    def narrow(self, points: np.ndarray, *, added: bool = False) -> None:
        """Choose the points within a lasso, and list them alone."""
        if added:
            points = np.union1d(self.chosen, points)
        self.shown = points if len(points) else None
        self.choose(points)
        self.order_changed.emit()

    def choose(self, points: np.ndarray, current: int | None = None) -> None:
        """Choose points; the current one is the first of them by default."""
        self.chosen = np.asarray(points, int)
        self.current = current if current is not None else int(next(iter(self.chosen), -1))
        self.chosen_changed.emit()

    def open(self, point: int) -> None:
        """Show a case in the views."""
        if self.space is None or not 0 <= point < len(self.points):
            return
        number = self.numbers[point]
        if number is not None and not self.space.cases:
            self._cases.open(number)
        else:
            self._cases.show(self.space.cases[point])

    def set_groups(self, found: "Groups") -> None:
        """Show which cases belong together."""
        self.groups = found
        order = np.argsort(found.of, kind="stable")
        told = (f"{found.count} groups" if found.clear else "No clear groups") + (
            f" (silhouette {found.silhouette:.2f}, found again in halves {found.again:.2f})"
        )
        self.set_order(Order("group", order, found.of + 1.0), told)
        self.told_changed.emit()

    def set_like(self, found: "Named") -> None:
        """Show what all cases would be called."""
        self.like = found.of
        self.said = f"Named after the nearest named ones; {found.right:.0%} right on those left out"
        self.order_changed.emit()
        self.told_changed.emit()

    def mark(self, word: str) -> None:
        """Mark what is chosen, empty to take its mark back; then the next one is current."""
        points, listed = self.acted_on, self.listed
        following = self._following(points, listed)

        def write(numbers: list[int]) -> None:
            self._labelling.mark_all(numbers, "interest", word)
            self.choose(np.arange(0), following)

        self._with_numbers(points, write)

    def name(self, word: str) -> None:
        """Name the group that is chosen; empty takes the name back."""
        numbers = self._with_numbers
        numbers(self.acted_on, lambda found: self._labelling.mark_all(found, "group", word))

    def label(self, class_name: str) -> None:
        """Label what is chosen."""
        if self.space is None:
            return
        kind, model = self.space.kind, self.space.model
        self._with_numbers(
            self.acted_on,
            lambda numbers: self._labelling.place_all(numbers, class_name, kind, model),
        )

    def pictures(self, points: Sequence[int]) -> Mapping[int, tuple[int, bytes]]:
        """Return small pictures of points, as far as they are there; the others are on their way.

        Parameters
        ----------
        points : sequence of int
        """
        library, space = self._records.library, self.space
        wanted = [point for point in points if point not in self._pictures]
        numbers = {self.numbers[p]: p for p in wanted if self.numbers[p] is not None}
        if library is not None and numbers:
            found = thumbnails(library, [number for number in numbers if number is not None])
            for number, picture in found.items():
                self._pictures[numbers[number]] = picture
        missing = [p for p in wanted if p not in self._pictures][:_PICTURES_AT_ONCE]
        if space is not None and space.cases and missing:
            cases = {point: space.cases[point] for point in missing}

            def work(job: Job) -> dict[int, tuple[int, bytes]]:
                made = {}
                for point, case in cases.items():
                    job.report(0.0, "small pictures")
                    made[point] = thumbnail(case)
                return made

            self._jobs.start("explore pictures", "Making small pictures", work,
                             finished=lambda made: self._take_pictures(space, made))  # fmt: skip
        return self.made(points)

    def made(self, points: Sequence[int]) -> Mapping[int, tuple[int, bytes]]:
        """Return the small pictures of points that are there."""
        return {point: self._pictures[point] for point in points if point in self._pictures}

    def _take_pictures(self, space: "Space", made: Mapping[int, tuple[int, bytes]]) -> None:
        if space is self.space:
            self._pictures.update(made)
            self.pictures_changed.emit()

    def lay_out(self, space: "Space", axes: np.ndarray) -> None:
        """Explore another space.

        Parameters
        ----------
        space : Space
        axes : ndarray, shape (points, axes)
            Of `cubeview.learn.explore.plane.places_of`.
        """
        self._forget()
        self.space, self.axes = space, axes
        self.numbers = [point.number for point in space.points]
        self.labels = [point.label for point in space.points]
        self.marks, self.names = [""] * len(space.points), [""] * len(space.points)
        self.order = Order("", np.arange(len(space.points)))
        self.said = f"{len(space.points)} cases as {space.model} sees them"
        if space.failures:
            self.said += f"; {len(space.failures)} could not be judged: {space.failures[0]}"
        self._know_places()
        self._read_marks()
        self.space_changed.emit()

    def set_order(self, order: Order, told: str) -> None:
        """List cases in another order, with words on it."""
        self.order, self.said = order, told
        if self.current < 0 and len(order.places):
            self.choose(np.arange(0), int(order.places[0]))
        self.order_changed.emit()

    def _following(self, points: np.ndarray, listed: np.ndarray) -> int:
        """Return the point to look at after some, or -1: the next, of odd ones the first left.

        Once the odd ones are ranked anew it is still this one: a key must not meet another.
        """
        if self.order.by == "odd":
            return int(next(iter(listed[~np.isin(listed, points)]), -1))
        at = np.flatnonzero(np.isin(listed, points))
        after = listed[at[-1] + 1 :] if len(at) else listed
        return int(next(iter(after), -1))

    def _know_places(self) -> None:
        self.places = {n: place for place, n in enumerate(self.numbers) if n is not None}

    def _with_numbers(self, points: np.ndarray, then: Callable[[list[int]], None]) -> None:
        """Go on with the numbers in the library of points; those in none are added to it."""
        library, space = self._records.library, self.space
        if library is None or space is None or not len(points):
            self.refused.emit(self._records.problem or "Choose a case in the list or the scatter.")
            return
        missing = [int(point) for point in points if self.numbers[point] is None]

        def ready() -> None:
            then([number for p in points if (number := self.numbers[p]) is not None])

        if not missing:
            ready()
            return

        def work(job: Job) -> dict[int, int]:
            return _added(library, {point: space.cases[point] for point in missing}, job)

        def take(added: Mapping[int, int]) -> None:
            if space is not self.space:
                return
            for point, number in added.items():
                self.numbers[point] = number
            self._know_places()
            self._records.tell(Changes(cases=tuple(added.values()), pictures=True))
            ready()

        self._records.jobs.start(
            "explore add", "Adding the cases to the library", work,
            finished=take, failed=self.refused.emit,
        )  # fmt: skip

    def _tell(self, number: int | None = None) -> None:
        """Read again what was said of the cases, or of one."""
        library, space = self._records.library, self.space
        if library is None or space is None or (number is not None and number not in self.places):
            return
        if number is None:
            found = library.current(self._records.label_sets.get(space.kind, ""), library.reader)
            known = {case: label.class_name or "" for (case, _), label in found.items()}
            self.labels = [known.get(n, "") if n is not None else "" for n in self.numbers]
        elif (row := self._records.row(number)) is not None:
            self.labels[self.places[number]] = row.label or ""
        self._marks_soon.start()
        self.told_changed.emit()

    def _marks_read(self) -> None:
        before = list(self.marks)
        self._read_marks()
        self.told_changed.emit()
        if self.marks != before:
            self.marked.emit()

    def _read_marks(self) -> None:
        library = self._records.library
        if library is None:
            return
        interest, group = [""] * len(self.points), [""] * len(self.points)
        for told, kept in ((interest, said(library, "interest")), (group, said(library, "group"))):
            for number in kept.keys() & self.places.keys():
                told[self.places[number]] = kept[number]
        self.marks, self.names = interest, group


def _added(library: Library, cases: Mapping[int, Case], job: Job) -> dict[int, int]:
    """Add cases to the library; return the number of each."""
    hashes = {}
    for done, (point, case) in enumerate(cases.items()):
        job.report(done / len(cases), "adding cases")
        hashes[point] = hashes_of(library, case)
    with library.transaction():
        return {point: library.add_case(case, hashes[point]) for point, case in cases.items()}
