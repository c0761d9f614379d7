"""A picture of the window, without the patient's name."""

from contextlib import AbstractContextManager
from pathlib import Path

from PyQt6.QtWidgets import QWidget

from cubeview.gui.desk.messages import MessageBar


def save_picture(
    of: QWidget, path: Path, covered: AbstractContextManager[None], messages: MessageBar
) -> None:
    """Write what a widget looks like, or say why not.

    Parameters
    ----------
    of : QWidget
    path : Path
    covered : context manager
        Within it nothing shows that must not be kept.
    messages : MessageBar
    """
    with covered:
        picture = of.grab()
    if picture.save(str(path), "PNG"):
        messages.info(f"Saved {path}")
    else:
        messages.error(f"{path}: cannot be written. Choose another folder.")
