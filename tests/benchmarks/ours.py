"""The window's own first image and channel steps, started as its user does; see `bench_window.py`.

``python ours.py image|steps PATH``; prints when the first image was there, and for ``steps`` the
median step in ms, as `peer.py` does. It imports nothing that the program itself does not.
"""

import os
import sys
import time
from pathlib import Path

from PyQt6.QtCore import QEvent, QObject, QTimer

from cubeview.gui.shell.app import application, run

STEPS = 40


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget):
        super().__init__(widget)
        self.number = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        self.number += event.type() == QEvent.Type.Paint
        return False


def shown(app, window):
    """Say when the first image of the open cube was painted."""
    window.ortho.follow_now()
    window.grab()
    sys.stdout.write(f"{time.time()}\n")


def steps(app, window):
    """Say when the first image was painted, and the median of steps to other channels in ms."""
    import statistics

    paints = Paints(window.ortho.focused.canvas.viewport())
    stepped(app, window, 1, paints)
    begun = time.time()
    times = [stepped(app, window, channel, paints) for channel in range(2, 2 + STEPS)]
    sys.stdout.write(f"{begun} {1000 * statistics.median(times)}\n")


def stepped(app, window, channel, paints):
    """Step as a key does, until the program has painted the channel and all that goes with it."""
    before, begin = paints.number, time.perf_counter()
    window.session.set_cursor(channel, *window.session.cursor[1:])
    window.ortho.follow_now()
    while paints.number == before:
        app.processEvents()
    return time.perf_counter() - begin


def main():
    measure = {"image": shown, "steps": steps}[sys.argv[1]]
    app = application()
    watch = QTimer()

    def look():
        window = next((w for w in app.topLevelWidgets() if w.objectName() == "window"), None)
        if window is not None and window.session.case is not None:
            watch.stop()
            app.processEvents()
            measure(app, window)
            sys.stdout.flush()
            os._exit(0)

    watch.timeout.connect(look)
    watch.start(1)
    run([Path(sys.argv[2])])


if __name__ == "__main__":
    main()
