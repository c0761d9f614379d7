"""Stopping work where it is shown: at once what has just begun, after a question what took long."""

from collections.abc import Callable, Iterable, Sequence

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
        if is_long(job):
            box = ask([job], f"Stop “{job.title}”?", job.cancel, parent)
            job.ended.connect(box.close)  # over before the answer, there is nothing left to ask
        else:
            job.cancel()


def is_long(job: Job) -> bool:
    """Tell whether work has gone on for so long that losing it is to be asked about."""
    busy = job.running and not job.cancelled
    return busy and not job.keeps and job.seconds >= LONG_S


def ask(jobs: Sequence[Job], text: str, sure: Callable[[], object], parent: QWidget) -> QMessageBox:
    """Ask whether work is to be lost; Enter and Esc lose nothing.

    Parameters
    ----------
    jobs : sequence of Job
        What would be lost.
    text : str
        The question.
    sure : callable
        Called when the user says yes.
    parent : QWidget
        The question lies above it.
    """
    box = QMessageBox(parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(text)
    spent = (divmod(round(job.seconds), 60) for job in jobs)
    box.setInformativeText(
        "\n".join(
            f"{job.title}: what it did in {minutes} min {seconds} s is lost."
            for job, (minutes, seconds) in zip(jobs, spent, strict=True)
        )
    )
    yes = box.addButton("Stop it", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton("Let it go on", QMessageBox.ButtonRole.RejectRole))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    assert yes is not None
    yes.clicked.connect(lambda: sure())
    box.open()
    return box
