"""Windows, and the desk behind one, with small cubes and networks that answer at once."""

import gc

import pytest
from PyQt6.QtCore import QCoreApplication, QEvent, QSize
from PyQt6.QtWidgets import QDialog, QWidget

from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.styles import Display, OverlayStyle
from cubeview.io import Opened, Refusal
from tests.gui.fakes import FakeQuestions, make_heart, make_sky

SIZE = QSize(1440, 900)


@pytest.fixture(autouse=True)
def garbage_waits():
    """Leave what other tests left behind alone while Qt is at work, as the program does."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def questions():
    """Networks for a whole module; a test takes `network`."""
    return FakeQuestions()


@pytest.fixture
def network(questions, monkeypatch):
    from cubeview.gui.shell import window
    from cubeview.learn.models import choose

    questions.reset()
    monkeypatch.setattr(window, "Questions", lambda: questions)
    monkeypatch.setattr(choose, "find_models", questions.models)
    yield questions
    questions.go.set()


@pytest.fixture
def files(monkeypatch):
    """Make opening a path give the case of that name, or a refusal."""
    from cubeview.gui.desk import opening

    known = {"wren.dcm": make_heart(), "finch.dcm": make_heart("Finch"), "field.fits": make_sky()}

    def open_paths(paths, *, report, first):
        report(0.0, "looking")
        cases = tuple(known[p.name] for p in paths if p.name in known)
        bad = [p for p in paths if p.name not in known]
        return Opened(cases, tuple(Refusal(p, f"{p}: not a cube. Choose another.") for p in bad))

    monkeypatch.setattr(opening, "open_paths", open_paths)
    return known


@pytest.fixture
def desk(qtbot, network, own_home):
    """All that is behind the widgets of a window, without the window."""
    from cubeview.gui.desk.desk import Desk

    parent = QWidget()
    qtbot.addWidget(parent)
    desk = Desk(parent, SettingsFile(), network, None)
    yield desk
    network.go.set()
    assert desk.close()


@pytest.fixture(scope="module")
def one_window(qapp, questions, tmp_path_factory):
    """A window for a whole module; a test takes `window`, as good as new."""
    from cubeview.gui.shell import window as module
    from cubeview.gui.widgets.theme import theme
    from cubeview.learn.models import choose

    theme("dark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUBEVIEW_HOME", str(tmp_path_factory.mktemp("window")))
        patch.setattr(module, "Questions", lambda: questions)
        patch.setattr(choose, "find_models", questions.models)
        window = module.Window()
        window.show()
    yield window
    window.close()
    assert window.stopped
    # Else it is styled again with each theme, and outlives the application.
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(qtbot, network, files, own_home, one_window):
    renew(one_window)
    one_window.activateWindow()
    qtbot.waitUntil(one_window.isActiveWindow)
    yield one_window
    network.go.set()
    stop(one_window, qtbot)


@pytest.fixture
def new_window(qtbot, network, files):
    """A window of a test's own: for what one window remembers from another, or cannot forget."""
    from cubeview.gui.shell.window import Window
    from cubeview.gui.widgets.theme import theme

    theme("dark")
    window = Window()
    qtbot.addWidget(window)
    window.show()
    yield window
    network.go.set()
    window.close()
    assert window.stopped


def stop(window, qtbot):
    """End all work of a window."""
    lanes = (window.jobs, window.records.jobs, window.ortho.jobs)
    for job in [job for jobs in lanes for job in jobs.running()]:
        job.cancel()
    qtbot.waitUntil(lambda: not any(jobs.running() for jobs in lanes), timeout=60_000)


def renew(window):
    """Bring a window back to its first start, with a library and settings of the test's own."""
    desk, session = window.desk, window.session
    for dialog in window.findChildren(QDialog):
        dialog.close()
    if window._bugs is not None:
        window._bugs.deleteLater()
        window._bugs = None
    window.ortho.play(False)
    window.actions_table["rows"].setChecked(False)
    for case in session.cases:
        session.remove_case(case)
    session.set_case(None)
    session.shown = OpenCase(None, Display())
    session.aperture_how = "sum"
    session.default_models.clear()
    session.model = ""
    session.model_changed.emit()
    session.set_adjusting(False)
    session.set_overlay_style(**vars(OverlayStyle()))
    SettingsFile.__init__(desk.memory)
    if desk.records.library is not None:
        desk.records.library.close()
    desk.records.open()
    desk.library_cases._visited.clear()
    desk.library_cases._borrowed = None
    desk.library_cases.missing.clear()
    desk.labelling._seen.clear()
    desk.labelling._recalled = None
    desk.subject.set_busy("")
    for changed in ("reader", "sets", "blind", "rows"):
        getattr(desk.records, f"{changed}_changed").emit()
    desk.opening.recent_changed.emit()
    for message in window.messages.messages():
        if not message.asks:
            message.dismiss()
    window.teach.discard()
    listed = window.worklist
    listed.filter.setCurrentIndex(0)
    listed.search.clear()
    listed._filter_now()
    listed.order.setCurrentIndex(0)
    listed._order_chosen(0)
    for column in range(listed.model.columnCount()):
        listed.table.setColumnHidden(column, False)
    window.docks.reset()
    window.setWindowState(window.windowState() & ~window.windowState().WindowFullScreen)
    window.resize(SIZE)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def idle(qtbot):
    """Wait until a window's lanes are empty."""

    def wait(window):
        qtbot.waitUntil(lambda: not window.jobs.running(), timeout=10_000)

    return wait


@pytest.fixture
def with_case(window, idle):
    """Put a case into the window, its ventricles found."""

    def put(case):
        window.session.add_cases((case,))
        window.session.set_case(case)
        idle(window)
        return case

    return put
