"""What the Label menu opens: folders and labels in, labels out, label sets, agreement.

What reads and writes them is imported when it is asked for: the window starts without.
"""

from collections.abc import Callable, Sized
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QDialog, QWidget

from cubeview.errors import CubeviewError
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.jobs import Job
from cubeview.gui.desk.records import Changes
from cubeview.gui.dialogs.agreement import AgreementDialog
from cubeview.gui.dialogs.labelsets import LabelSetsDialog
from cubeview.gui.dialogs.plan import PlanDialog
from cubeview.gui.widgets.files import FOLDER, ask_open, ask_save
from cubeview.library.library import Library

if TYPE_CHECKING:
    from cubeview.library.exchange import Import
    from cubeview.library.folder import Kept, Scan

LABEL_FILES = "Labels (*.csv *.ecsv *.json *.tsv *.txt)"
_SHOWN = 500


class LibraryDialogs(QObject):
    """Builds the boxes; nothing is changed before the user has confirmed a plan."""

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._records, self._cases = desk.records, desk.library_cases
        self._memory, self._messages = desk.memory, desk.messages
        self._window = window
        self._kept: dict[Path, Kept] = {}

    def ask_folder(self) -> None:
        """Ask for a folder and look what is in it."""
        if self._library() is not None:
            folder = self._memory.settings.folder
            ask_open(self._window, "Import folder", folder, lambda p: self.scan(p[0]), mode=FOLDER)

    def scan(self, path: Path) -> None:
        """Look what is in a folder, in the background, and show it."""
        library = self._library()
        if library is None:
            return
        from cubeview.library.folder import scan_folder

        # Kept after a cancel: the next look at this folder goes on where this one stopped.
        kept = self._kept.setdefault(path, {})

        def show(scan: "Scan") -> None:
            del self._kept[path]
            self._show_scan(scan)

        def work(job: Job) -> "Scan":
            return scan_folder(library, [path], kept=kept, report=job.report)

        self._records.start("scan", f"Looking into {path.name}", work, finished=show)

    def ask_import(self) -> None:
        """Ask for a file of labels and show what it would change."""
        if self._library() is not None:
            folder, take = self._memory.settings.folder, lambda paths: self.plan(paths[0])
            ask_open(self._window, "Import labels", folder, take, names=LABEL_FILES)

    def plan(self, path: Path) -> None:
        """Read a file of labels, in the background, and show what it would change."""
        library = self._library()
        if library is not None:
            from cubeview.library.table_import import plan_any

            def work(job: Job) -> "Import":
                return plan_any(library, path, report=job.report)

            self._records.start("plan", f"Reading {path.name}", work, finished=self._show_plan)

    def ask_export(self) -> None:
        """Ask where to write the labels of the set in use."""
        sets = self._records.label_sets
        name = self._records.label_set or next(iter(sets.values()), "")
        if self._library() is not None and name:
            title, folder = f"Export labels: {name}", self._memory.settings.folder
            names = "CSV (*.csv);;ECSV (*.ecsv);;JSON (*.json)"
            ask_save(self._window, title, folder, partial(self.export, name), names=names)

    def export(self, label_set: str, path: Path) -> None:
        """Write the labels of a set and say how many."""
        library = self._library()
        if library is None:
            return
        from cubeview.library.exchange import export_labels

        try:
            count = export_labels(library, label_set, path)
        except CubeviewError as error:
            self._messages.error(str(error))
        else:
            self._messages.info(f"{count} labels of {label_set} written to {path}")

    def edit_sets(self) -> LabelSetsDialog | None:
        """Show the label sets."""
        library = self._library()
        if library is None:
            return None
        box = LabelSetsDialog(library, self._records.label_set, self._window)
        box.saved.connect(lambda: self._records.tell(Changes(sets=True)))
        self._show(box)
        return box

    def show_agreement(self) -> AgreementDialog | None:
        """Show how far the readers agree."""
        library = self._library()
        if library is None:
            return None
        box = AgreementDialog(library, self._records.label_set, self._window)
        box.case_wanted.connect(self._cases.open)
        self._show(box)
        return box

    def _library(self) -> Library | None:
        if self._records.library is None:
            self._messages.error(self._records.problem)
        return self._records.library

    def _show(self, box: QDialog) -> None:
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.show()

    def _show_scan(self, scan: "Scan") -> None:
        counts, new = scan.summary(), scan.new
        lines = [
            (f"{counts['paired']} hearts with rest and stress", ""),
            (f"{counts['unpaired']} hearts with one state only", ""),
            (f"{counts['sky']} sky cubes, {counts['other']} other volumes", ""),
            (f"{counts['pictures']} pictures", ""),
            (f"{counts['asking']} with a question about rest and stress", "warn"),
            (f"{counts['unreadable']} files that cannot be read", "bad"),
            (f"{counts['known']} in the library already", ""),
        ]
        details = [f"{case.name}: {' + '.join(case.files)}" for case in new if not case.question]
        details += [f"{case.name}: {case.question}" for case in new if case.question]
        details += [refusal.reason for refusal in scan.refusals]

        def add(library: Library, job: Job) -> object:
            from cubeview.library.folder import add_found

            return add_found(library, new, report=job.report)

        def added(numbers: Sized) -> None:
            self._records.tell(Changes(all=True, found=True))
            self._messages.info(f"{len(numbers)} cases are in the library now.")

        lines = _worth(lines, "Nothing found.")
        self._offer("Import folder", lines, details, f"{len(new)} cases" if new else "", add, added)

    def _show_plan(self, plan: "Import") -> None:
        lines = [
            (f"{len(plan.new)} labels for cases of this library", ""),
            (f"{len(plan.conflicts)} say something else than the reader's label here", "warn"),
            (f"{len(plan.unknown)} for cases this library does not have; they are added", ""),
            (f"{plan.known} are here already", ""),
            (f"{len(plan.problems)} lines cannot be used", "bad"),
        ]
        details = [
            f"{entry.name}, {entry.reader}: {said or 'no label'} here, "
            f"{entry.class_name or 'withdrawn'} there"
            for entry, said in plan.conflicts
        ]
        details += list(plan.problems)
        what = f"{len(plan.entries)} labels" if plan.entries else ""

        def take(library: Library, job: Job) -> object:
            from cubeview.library.exchange import apply_import

            return apply_import(library, plan)

        def taken(count: int) -> None:
            self._records.tell(Changes(all=True, sets=True))
            self._messages.info(
                f"{count} labels are in the library now; where two differ, the later one is in "
                "force."
            )

        self._offer("Import labels", _worth(lines, "Nothing new."), details, what, take, taken)

    def _offer(
        self,
        title: str,
        lines: list[tuple[str, str]],
        details: list[str],
        what: str,
        work: Callable[[Library, Job], object],
        done: Callable[[Any], None],
    ) -> None:
        """Show what would be added; once the user agrees it is, in the background."""
        if (rest := len(details) - _SHOWN) > 0:
            details = [*details[:_SHOWN], f"… and {rest} more"]
        library = self._records.library
        box = PlanDialog(title, lines, details, f"Add {what}" if what else "", self._window)

        def add() -> None:
            if library is not None:
                adding, work_on = f"Adding {what}", lambda job: work(library, job)
                self._records.start(title, adding, work_on, finished=done)

        box.accepted.connect(add)
        self._show(box)


def _worth(lines: list[tuple[str, str]], nothing: str) -> list[tuple[str, str]]:
    return [line for line in lines if not line[0].startswith("0 ")] or [(nothing, "")]
