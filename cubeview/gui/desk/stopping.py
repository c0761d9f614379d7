"""Stopping work where it is shown: at once what has just begun, after a question what took long."""

from collections.abc import Iterable

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox, QWidget

from cubeview.gui.desk.jobs import Job

LONG_S = 20.0
"""Work of this many seconds is asked about before it is lost."""


def stop(jobs: Iterable[Job], parent: QWidget) -> None:
    """Cancel work; what has gone on for long once the user says so.

    Parameters
    ----------
    jobs : iterable of Job
    parent : QWidget
        The question lies above it.
    """
    for job in jobs:
        if job.running and not job.cancelled and job.seconds >= LONG_S:
            _ask(job, parent)
        else:
            job.cancel()


def _ask(job: Job, parent: QWidget) -> None:
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    minutes, seconds = divmod(round(job.seconds), 60)
    box.setText(f"Stop “{job.title}”?")
    box.setInformativeText(f"What it did in {minutes} min {seconds} s is lost.")
    sure = box.addButton("Stop it", QMessageBox.ButtonRole.DestructiveRole)
    on = box.addButton("Let it go on", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(on)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    assert sure is not None
    sure.clicked.connect(job.cancel)
    # Over before the answer, there is nothing left to ask.
    job.ended.connect(box.close)
    box.open()
