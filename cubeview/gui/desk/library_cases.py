"""Cases taken from the library into the window, one after another."""

from dataclasses import replace

from PyQt6.QtCore import QObject

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box
from cubeview.cubes.region import middle, window_at
from cubeview.gui.desk.jobs import Job
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.subject import Subject, centre
from cubeview.kinds import kind_of
from cubeview.library.stored import hashes_of, open_stored


class LibraryCases(QObject):
    """Opens cases of the library; the one opened so before leaves the window.

    Attributes
    ----------
    missing : set of int
        Cases that could not be opened; the next key passes over them.
    """

    def __init__(self, session: Session, records: Records, subject: Subject) -> None:
        super().__init__()
        self._session, self._records, self._subject = session, records, subject
        self._visited: list[int] = []
        self._borrowed: Case | None = None
        self.missing: set[int] = set()
        records.files_found.connect(self.missing.clear)

    def open(self, case_id: int, *, visited: bool = True) -> None:
        """Open a case, in the background."""
        library, row = self._records.library, self._records.row(case_id)
        if library is None or row is None:
            return
        here = self._subject.case_id
        if visited and here is not None and here != case_id:
            self._visited.append(here)
        self._subject.set_busy(row.name)

        def work(job: Job) -> tuple[Case, dict[str, str]]:
            case = open_stored(library, case_id, report=job.report)
            return case, hashes_of(library, case)

        job = self._records.jobs.start(
            "open stored",
            f"Opening {row.name}",
            work,
            finished=self._opened,
            failed=lambda why: self._not_opened(case_id, why),
        )
        job.ended.connect(self._ended)

    def next_open(self) -> bool:
        """Show the next open case below the current one that is not in the library; tell if any.

        Sky cubes are labelled window by window, and passed over.
        """
        session, cases = self._session, self._session.cases
        place = next((n for n, case in enumerate(cases) if case is session.case), len(cases))
        for case in cases[place + 1 :]:
            judged = case.kind in self._records.label_sets and not kind_of(case).window_px
            if judged and case is not self._borrowed and not self._subject.is_known(case):
                session.set_case(case)
                return True
        return False

    def back(self) -> None:
        """Open the case that was looked at before this one."""
        if self._visited:
            self.open(self._visited.pop(), visited=False)
        else:
            self._records.say("No case was looked at before this one.")

    def go_to(self, box: Box) -> None:
        """Show a window of the current sky cube."""
        session = self._session
        assert session.case is not None
        place = centre(box)
        # What is no window of the usual size around a voxel was drawn.
        drawn = window_at(session.case.main, *place) != box
        session.set_cursor(*(middle(box) if drawn else place))
        session.set_window(box, drawn=drawn)
        self._subject.refresh()

    def show(self, case: Case) -> None:
        """Show a case that was read from its files, at its window; open already, as it is open."""
        whole = replace(case, window=None)
        sources = [cube.source for cube in case.cubes.values()]
        known = next(
            (c for c in self._session.cases if [q.source for q in c.cubes.values()] == sources),
            None,
        )
        if known is None or None in sources:
            self._session.add_cases((whole,))
        self._session.set_case(known or whole)
        if case.window is not None:
            self.go_to(case.window)

    def _opened(self, found: tuple[Case, dict[str, str]]) -> None:
        session, (case, hashes) = self._session, found
        self._subject.set_busy("")
        whole = replace(case, window=None)
        twin = self._subject.twin(whole, hashes)
        former, shown = self._borrowed, twin or whole
        if twin is None:
            session.add_cases((whole,))
            session.open_case(whole).hashes = hashes
            self._borrowed = whole
        session.set_case(shown)
        if case.window is not None:
            self.go_to(case.window)
        if former is not None and former is not shown and former in session.cases:
            session.remove_case(former)

    def _not_opened(self, case_id: int, why: str) -> None:
        self.missing.add(case_id)
        self._records.refuse(why)

    def _ended(self) -> None:
        others: list[Job] = self._records.jobs.running()
        if not any(job.kind == "open stored" and not job.cancelled for job in others):
            self._subject.set_busy("")
