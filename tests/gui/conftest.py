"""A window with small cubes and a network that answers at once."""

import numpy as np
import pytest

from cubeview.cubes.ventricle import Ventricle
from cubeview.io import Opened, Refusal
from tests.gui.fakes import HEART_CLASSES, SKY_CLASSES, FakeNetwork, make_heart, make_ref, make_sky


@pytest.fixture
def network(monkeypatch):
    from cubeview.gui.desk import questions
    from cubeview.learn.models import choose

    fake = FakeNetwork()
    heart = make_ref(
        "heart",
        HEART_CLASSES,
        ("rest", "stress"),
        normal="healthy",
        defects=HEART_CLASSES[1:4],
        artefact="artefact",
    )
    fake.models = [heart, make_ref("sky", SKY_CLASSES, ("flux", "noise"))]
    for module in (questions, choose):
        monkeypatch.setattr(module, "find_models", lambda: tuple(fake.models))
    monkeypatch.setattr(questions, "answer", fake.answer)
    monkeypatch.setattr(questions, "explanation", fake.explanation)

    def found(case, *, report):
        return {role: Ventricle((14, 22, 22), np.eye(3), (12, 10, 10)) for role in case.cubes}

    monkeypatch.setattr(questions, "ventricles_of", found)
    yield fake
    fake.go.set()


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
def window(qtbot, network, files):
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
