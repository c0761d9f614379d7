"""Starting the window: the application, the exception hooks, the first files."""

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QFileOpenEvent, QIcon
from PyQt6.QtWidgets import QApplication

from cubeview import crashlog
from cubeview.errors import CubeviewError
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.shell.oneinstance import Listener, hand_over
from cubeview.gui.widgets.collecting import Collector
from cubeview.gui.widgets.theme import text_size, theme
from cubeview.io import archive
from cubeview.paths import data_dir, resource
from cubeview.startup import lasting

log = logging.getLogger(__name__)


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


_TURN_S = 0.001


class FileEvents(QObject):
    """Takes the files that macOS hands to a running program instead of starting it again.

    Signals
    -------
    asked(object)
        A list of one path.
    """

    asked = pyqtSignal(object)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keep the events that ask for a file."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self.asked.emit([Path(event.file())])
            return True
        return False  # asking QObject fails, and ends the program, where `watched` is just dying


def run(paths: Sequence[Path], library: Path | None = None) -> int:
    """Open the window, with files if there are any; when it is closed the process ends.

    When the program runs already with this library the files go to its window, and this start
    returns 0 at once. `library` is used instead of the file in the user's data folder.
    """
    app = application()
    kept_nowhere = _borrowed_home()
    if hand_over(paths, library):
        return 0
    crashlog.start()
    faults = Faults()
    memory = SettingsFile()
    theme(memory.settings.theme)
    text_size(memory.settings.text_percent)
    with lasting():
        # pyqtgraph comes in with the window; it replaces sys.excepthook while it is imported.
        from cubeview.gui.shell.window import Window

        faults.install()
        window = Window(memory, library)
    faults.happened.connect(window.show_error)
    if kept_nowhere:
        window.messages.error(kept_nowhere)
    hints = app.styleHints()
    if hints is not None:
        hints.colorSchemeChanged.connect(lambda _: theme(memory.settings.theme))
    window.show()
    _close_splash()
    listener, file_events = Listener(library), FileEvents()
    listener.handed_over.connect(window.take_files)
    listener.listen()
    file_events.asked.connect(window.take_files)
    app.installEventFilter(file_events)
    if paths:
        window.opening.open(list(paths))
    collector = Collector()
    status = app.exec()
    collector.stop()
    listener.close()
    archive.forget()
    crashlog.stop()
    # All is saved. A lane may still be inside one long call, for which Python would wait; and
    # Python frees the application before what lives in it, which crashes now and then.
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as in a program without a console
            stream.flush()
    os._exit(status)


def _borrowed_home() -> str:
    """Use a folder of this session where the user's cannot be written to; return what to say."""
    home = data_dir()
    if os.access(home, os.W_OK):
        return ""
    os.environ["CUBEVIEW_HOME"] = tempfile.mkdtemp(prefix="cubeview-")
    return (
        f"{home}: this folder cannot be written to. Labels, models and settings of this session go "
        f"to {data_dir()} and are not found again by themselves. Mend its permissions or free "
        "space, then start again."
    )


def _close_splash() -> None:
    """Take away the picture that the Windows program shows while torch is loaded."""
    if "_PYI_SPLASH_IPC" in os.environ:  # PyInstaller's starter says where to reach it
        import_module("pyi_splash").close()


def application() -> QApplication:
    """Return the QApplication, made if there is none yet."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        # Python lets a thread go on for 5 ms before the window's gets its turn; that is seen.
        sys.setswitchinterval(_TURN_S)
        QApplication.setHighDpiScaleFactorRoundingPolicy(
            Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
        )
        app = QApplication(sys.argv[:1])
        app.setApplicationName("CubeView")
        app.setDesktopFileName("cubeview-desktop")
        app.setWindowIcon(QIcon(str(resource("icons", "cubeview.svg"))))
    return app
