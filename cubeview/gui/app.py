"""Starting the window: the application, the exception hooks, the first files."""

import logging
import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QApplication

from cubeview.errors import CubeviewError
from cubeview.gui.settings import SettingsFile
from cubeview.gui.theme import theme

log = logging.getLogger(__name__)


WARM_AFTER_MS = 2500


class Faults(QObject):
    """Brings exceptions nobody caught, from any thread, to the window.

    Signals
    -------
    happened(object)
        The exception; delivered on the GUI thread.
    """

    happened = pyqtSignal(object)

    def install(self) -> None:
        """Take over both hooks. pyqtgraph sets ``sys.excepthook`` too, so call this after it."""
        sys.excepthook = self._in_main
        threading.excepthook = self._in_thread

    def remove(self) -> None:
        """Put Python's own hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def _in_main(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            QApplication.quit()
            return
        if not isinstance(error, CubeviewError):
            log.error("uncaught", exc_info=(kind, error, trace))
        self.happened.emit(error)

    def _in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            log.error("uncaught in a thread", exc_info=args.exc_value)
            self.happened.emit(args.exc_value)


def run(paths: Sequence[Path], library: Path | None = None) -> int:
    """Open the window, with files if there are any, and stay until it is closed.

    Parameters
    ----------
    paths : sequence of Path
    library : Path, optional
        The library file instead of the one in the user's data folder.

    Returns
    -------
    int
        Exit status.
    """
    app = application()
    # pyqtgraph comes in with the window; it replaces sys.excepthook while it is imported.
    from cubeview.gui.window import Window

    faults = Faults()
    faults.install()
    memory = SettingsFile()
    theme(memory.settings.theme)
    window = Window(memory, library)
    faults.happened.connect(window.show_error)
    hints = app.styleHints()
    if hints is not None:
        hints.colorSchemeChanged.connect(lambda _: theme(memory.settings.theme))
    window.show()
    if paths:
        window.opening.open(list(paths))
    # torch takes seconds to import and holds the window up meanwhile: better now than when asked.
    # In the other lane, so that opening does not wait for it.
    warm = QTimer(window)
    warm.setSingleShot(True)
    warm.timeout.connect(
        lambda: window.jobs.start(
            "warm",
            "Getting ready to classify",
            lambda job: _warm_up(),
            failed=lambda error: log.warning("torch cannot be loaded: %s", error),
            lane="train",
        )
    )
    warm.start(WARM_AFTER_MS)
    status = app.exec()
    if not window.stopped:
        # A lane is still inside one long call, and Python would wait for it before it goes.
        logging.shutdown()
        os._exit(status)
    return status


def _warm_up() -> None:
    import_module("cubeview.learn.predict")


def application() -> QApplication:
    """Return the QApplication, made if there is none yet."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        QApplication.setHighDpiScaleFactorRoundingPolicy(
            Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
        )
        app = QApplication(sys.argv[:1])
        app.setApplicationName("CubeView")
        app.setDesktopFileName("cubeview")
    return app
