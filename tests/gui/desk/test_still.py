from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from cubeview.gui.desk.still import AtRest, StillLine


class Layouts(QObject):
    """Counts how often a widget is asked for a new arrangement."""

    asked = 0

    def eventFilter(self, watched, event):
        self.asked += event.type() == QEvent.Type.LayoutRequest
        return False


def test_a_still_line_asks_for_no_new_arrangement(qtbot):
    whole, line, layouts = QWidget(), StillLine(), Layouts()
    qtbot.addWidget(whole)
    QVBoxLayout(whole).addWidget(line)
    line.setText("short")
    whole.show()
    qtbot.waitExposed(whole)
    qtbot.wait(1)
    whole.installEventFilter(layouts)
    width = whole.width()
    line.setText("a much longer line than the one before, which would not fit beside the others")
    qtbot.wait(1)
    assert layouts.asked == 0
    assert whole.width() == width
    assert line.text().startswith("a much longer")
    assert line.height() >= line.fontMetrics().height()


def test_at_rest_runs_once_after_the_last_call(qtbot):
    said, parent = [], QObject()
    rest = AtRest(lambda: said.append(1), parent)
    for _ in range(3):
        rest.start()
    assert said == []
    qtbot.waitUntil(lambda: said == [1])
    assert not rest.isActive()
