"""What is asked about many cases in the window, each question in a lane of its own.

scikit-learn and torch are imported there, never with this module.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.gui.desk.exploring import Exploring, Order
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.subject import Subject
from cubeview.learn.models.choose import choose
from cubeview.library.marks import ARTEFACT, INTERESTING, ORDINARY

if TYPE_CHECKING:
    from cubeview.learn.explore.groups import Groups
    from cubeview.learn.explore.named import Named
    from cubeview.learn.explore.space import Space

_MOST_ALIKE = 200
_KIND = "explore"  # of its jobs: a new question takes the place of the former


class Looking(QObject):
    """Asks for a space to explore, and what is alike, odd or grouped in it.

    Attributes
    ----------
    job : Job or None
        The last question.
    problem : str
        Why it gave nothing.

    Signals
    -------
    changed()
        Another question is asked, or answered.
    """

    changed = pyqtSignal()

    def __init__(
        self,
        session: Session,
        jobs: Jobs,
        records: Records,
        subject: Subject,
        exploring: Exploring,
        questions: Questions,
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._records = session, jobs, records
        self._subject, self._exploring, self._questions = subject, exploring, questions
        self.job: Job | None = None
        self.problem = ""
        exploring.marked.connect(self._marked)
        exploring.refused.connect(self._refuse)

    def look_at_library(self) -> None:
        """Explore the cases whose features the library keeps."""
        library, records = self._records.library, self._records
        if library is None:
            self._refuse(records.problem)
            return
        sets, kind = records.label_sets, self._session.case.kind if self._session.case else ""

        def work(job: Job) -> "Space":
            from cubeview.learn.explore.space import kept_space

            weights = ""
            if kind:
                weights = self._questions.weights_for(self._session, kind, ())
            try:
                return kept_space(library, weights, sets)
            except CubeviewError:
                return kept_space(library, "", sets)

        self._start("Reading what the library keeps", work, self._take)

    def look_at_cases(self, cases: Sequence[Case]) -> None:
        """Ask the model about cases and explore them; a sky cube counts by its windows."""
        if not cases:
            self._refuse("Open a case first.")
            return
        try:
            kept = [case for case in cases if case.kind == cases[0].kind]
            folder = choose(kept[0], defaults=self._questions.preferred(self._session)).folder
        except CubeviewError as error:
            self._refuse(str(error))
            return
        self._start(
            "Asking the model about each case",
            lambda job: self._questions.space(folder, kept, report=job.report),
            self._take,
        )

    def look_at_folder(self, folder: Path) -> None:
        """Ask the model about the cases of a folder, and explore them."""
        preferred = self._questions.preferred(self._session)

        def work(job: Job) -> "Space":
            from cubeview.io import nothing_in, open_paths

            cases = open_paths([folder], report=job.report).cases
            if not cases:
                raise CubeviewError(nothing_in(folder))
            kept = [case for case in cases if case.kind == cases[0].kind]
            model = choose(kept[0], defaults=preferred).folder
            return self._questions.space(model, kept, report=job.report)

        self._start(f"Asking about the cases of {folder.name}", work, self._take)

    def stop(self) -> None:
        """Ask no more."""
        self._jobs.cancel(_KIND)
        self.changed.emit()

    def more_like_this(self, *, on_screen: bool = False) -> None:
        """Rank all cases by how much they are like those chosen, or like the one on screen."""
        space = self._exploring.space
        if space is None:
            self._refuse("Choose where to look first.")
            return
        asked, subject = self._exploring.acted_on, self._subject.case
        if on_screen or not len(asked):
            here = self._exploring.places.get(self._subject.case_id or 0)
            asked = np.array([] if here is None else [here], int)
        if not len(asked) and subject is None:
            self._refuse("Choose a case, or open one, to look for more like it.")
            return
        names = {ref.card.weights_sha256: ref.folder for ref in self._questions.models()}
        folder = names.get(space.weights)
        if not len(asked) and folder is None:
            self._refuse("The model that gave these features is not installed: choose a case.")
            return

        def work(job: Job) -> Order:
            from cubeview.learn.explore.alike import alike, middle

            if len(asked):
                sought = middle(space.values[asked])
            else:
                assert folder is not None
                assert subject is not None
                sought = self._questions.space(folder, [subject], report=job.report).values[0]
            which, cosine = alike(space.values, sought, _MOST_ALIKE + len(asked))
            others = ~np.isin(which, asked)
            figure = np.full(len(space.points), np.nan)
            figure[which] = cosine
            return Order("alike", which[others][:_MOST_ALIKE], figure)

        name = space.points[int(asked[0])].name if len(asked) == 1 else ""
        name = name or (f"{len(asked)} cases" if len(asked) else subject.name if subject else "")
        self._exploring.show_all()
        self._start(
            "Looking for more of this kind",
            work,
            lambda order: self._exploring.set_order(order, f"Most like {name} first"),
        )

    def odd_ones(self) -> None:
        """Rank cases by how odd they are, and by what was marked; those marked come no more."""
        space = self._exploring.space
        if space is None:
            self._refuse("Choose where to look first.")
            return
        marks, placed = list(self._exploring.marks), self._exploring.axes

        def work(job: Job) -> tuple[Order, str]:
            from cubeview.learn.explore.odd import oddness, reordered

            space.check()
            interesting = [place for place, mark in enumerate(marks) if mark == INTERESTING]
            other = [p for p, mark in enumerate(marks) if mark in (ARTEFACT, ORDINARY)]
            worth = reordered(space.values, interesting, other, placed)
            order = np.argsort(-worth, kind="stable")
            looked = np.isin(order, [*interesting, *other])
            told = f"Odd ones first; {len(interesting)} interesting of {looked.sum()} marked"
            return Order("odd", order[~looked], oddness(space.values, placed)), told

        self._start("Looking for odd ones", work, lambda found: self._exploring.set_order(*found))

    def find_groups(self) -> None:
        """Find which cases belong together, if there are groups at all."""
        space = self._exploring.space
        if space is None:
            self._refuse("Choose where to look first.")
            return

        def work(job: Job) -> "Groups":
            from cubeview.learn.explore.groups import groups

            space.check()
            return groups(space.values, report=job.report)

        self._start("Looking for groups", work, self._exploring.set_groups)

    def carry_names(self) -> None:
        """Say what all cases would be called after those that were named."""
        space = self._exploring.space
        if space is None:
            return
        names = {place: name for place, name in enumerate(self._exploring.names) if name}

        def work(job: Job) -> "Named":
            from cubeview.learn.explore.named import carried

            return carried(space.values, names)

        self._start("Carrying names to other cases", work, self._exploring.set_like)

    def _start(
        self, title: str, work: Callable[[Job], Any], finished: Callable[[Any], None]
    ) -> None:
        self.problem = ""
        job = self._jobs.start(
            _KIND, title, work, finished=finished, failed=self._refuse, lane="train"
        )
        self.job = job
        job.ended.connect(self.changed)
        self.changed.emit()

    def _take(self, space: "Space") -> None:
        """Take another space once its axes are known, which is done in the lane too."""

        def work(job: Job) -> np.ndarray:
            from cubeview.learn.explore.odd import AXES
            from cubeview.learn.explore.plane import places_of

            return places_of(space.values, AXES)

        self._start("Laying out the cases", work, lambda axes: self._exploring.lay_out(space, axes))

    def _refuse(self, why: str) -> None:
        self.problem = why
        self.changed.emit()

    def _marked(self) -> None:
        if self._exploring.order.by == "odd":
            self.odd_ones()
