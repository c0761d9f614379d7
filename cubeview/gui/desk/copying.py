"""Copies of the large cubes on the screen, made by themselves in a lane of their own."""

import contextlib
import os
import sys
import threading

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QInputDialog, QWidget

from cubeview.cubes.case import Case
from cubeview.errors import part_of
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.still import AtRest
from cubeview.io.voxels.cache import CachedPixels, caches_of

_KIND = "copy"
_GB = 1_000_000_000
_MOST_GB = 100_000
_NICE = 10
_AFTER_MS = 300  # the first pictures come first


class Copying(QObject):
    """Gives each large cube that is looked at its copy; another case stops the work.

    The views need no word of it: the same pixels answer faster from then on.
    """

    def __init__(
        self,
        session: Session,
        jobs: Jobs,
        memory: SettingsFile,
        messages: MessageBar,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._session, self._jobs, self._memory, self._messages = session, jobs, memory, messages
        self._window = parent
        self._soon = AtRest(self.start, self, _AFTER_MS)
        session.case_changed.connect(self._case_changed)

    def start(self) -> None:
        """Make what copies the current case still wants."""
        case, allowed = self._session.case, self._memory.settings.cache_gb * _GB
        wanted = [] if case is None or allowed <= 0 else _wanted(case)
        if not wanted:
            return

        def work(job: Job) -> None:
            _step_back()
            for done, pixels in enumerate(wanted):
                pixels.build(allowed, part_of(job.report, done / len(wanted), 1 / len(wanted)))

        # Nothing is lost but time: no red bar for what goes wrong.
        self._jobs.start(
            _KIND, "Preparing fast spectra", work, failed=self._messages.info, lane="copy"
        )

    def ask_size(self) -> None:
        """Ask how much room the copies may take."""
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Space for fast spectra")
        dialog.setLabelText(
            "Large cubes are copied spectrum by spectrum into the cache folder.\n"
            "Gigabytes these copies may take together (0: no copies):"
        )
        dialog.setIntRange(0, _MOST_GB)
        dialog.setIntValue(self._memory.settings.cache_gb)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.intValueSelected.connect(self.set_size)
        dialog.open()

    def set_size(self, gigabytes: int) -> None:
        """Allow the copies so many gigabytes from now on."""
        self._memory.change(cache_gb=gigabytes)
        self._case_changed()

    def _case_changed(self) -> None:
        self._jobs.cancel(_KIND)
        self._soon.start()


def _wanted(case: Case) -> list[CachedPixels]:
    found = [pixels for cube in case.cubes.values() for pixels in caches_of(cube)]
    return [pixels for pixels in found if not pixels.look()]


def _step_back() -> None:
    """Let everything else on this machine go first; only Linux knows threads of lower rank."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
