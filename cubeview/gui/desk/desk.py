"""Everything behind the widgets of one window, made once and told to each other."""

from pathlib import Path

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from cubeview.gui.desk.copying import Copying
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.library_cases import LibraryCases
from cubeview.gui.desk.measuring import Measuring
from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.opening import Opening
from cubeview.gui.desk.placing import Placing
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.reporting import Reporting
from cubeview.gui.desk.samp import Samp
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.subject import Subject


class Desk(QObject):
    """What a window's panels, views and dialogs are made from; each takes what it needs.

    Parameters
    ----------
    window : QWidget
        Dialogs lie above it.
    memory : SettingsFile
    questions : Questions
    library : Path, optional
        The library file; by default the one in the user's data folder.
    """

    def __init__(
        self,
        window: QWidget,
        memory: SettingsFile,
        questions: Questions,
        library: Path | None = None,
    ) -> None:
        super().__init__(window)
        self.memory, self.questions = memory, questions
        session = self.session = Session(self)
        for entry in memory.settings.default_models:
            session.set_default_model(*entry.partition("=")[::2])
        jobs = self.jobs = Jobs(self)
        messages = self.messages = MessageBar()
        records = self.records = Records(session, memory, messages, questions, library, self)
        subject = self.subject = Subject(session, records)
        self.labelling = Labelling(session, records, subject, questions)
        self.library_cases = LibraryCases(session, records, subject)
        self.reporting = Reporting(session, jobs, records, subject, self.labelling, questions)
        self.placing = Placing(session, jobs, questions, messages)
        self.measuring = Measuring(session, jobs)
        self.samp = Samp(jobs)
        self.opening = Opening(session, jobs, messages, memory, window)
        self.copying = Copying(session, jobs, memory, messages, window)
        for part in (
            subject,
            self.labelling,
            self.library_cases,
            self.reporting,
            self.placing,
            self.measuring,
            self.samp,
        ):
            part.setParent(self)
        jobs.refused.connect(messages.error)
        for said in filter(None, (records.news, records.problem)):
            messages.warn(said)

    def close(self) -> bool:
        """Stop all work and close the library; False when some work did not stop in time."""
        self.samp.end()
        kept = self.records.close()
        return self.jobs.close() and kept
