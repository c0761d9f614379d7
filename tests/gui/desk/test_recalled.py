"""A case that is opened shows what was said of it before: by the weights that answer now."""

from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.answer import Prediction
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.library_cases import Shelf
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.subject import Subject
from cubeview.gui.panels.worklist import WorklistPanel
from cubeview.io.identity import file_hashes
from cubeview.learn.models.card import ModelRef
from cubeview.library import ventricles as placed
from cubeview.library.answers import keep, packed
from cubeview.library.schema import SPECT_SET
from tests.gui.fakes import HEART_WEIGHTS
from tests.helpers.cases import case_of


class Desk:
    """A session with a library, and no window around it."""

    def __init__(self, folder):
        self.session = Session()
        self.memory = SettingsFile(folder)
        self.records = Records(self.session, self.memory, folder / "library.sqlite")
        self.subject = Subject(self.session, self.records)
        self.labelling = Labelling(self.session, self.records, self.subject)
        self.library = self.records.library

    def put(self, case):
        self.session.add_cases((case,))
        self.session.set_case(case)


@pytest.fixture
def desk(qapp, network, tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.records.close()


@pytest.fixture
def case(tmp_path):
    return case_of(tmp_path, 1)


@pytest.fixture
def number(desk, case):
    return desk.library.add_case(case, file_hashes(case))


def said(case, weights=HEART_WEIGHTS, ventricles=None):
    return Prediction(
        case, "heart-net", {"healthy": 0.25, "mixed": 0.75}, 0.75, "CPU", 0.1, ("faint",),
        ventricles or {}, weights=weights,
    )  # fmt: skip


def test_a_labelled_case_shows_its_answer_again(desk, case, number):
    keep(desk.library, number, packed(said(case)))
    desk.library.label(number, "mixed", label_set=SPECT_SET)
    desk.put(case)
    shown = desk.session.prediction
    assert (shown.probabilities["mixed"], shown.cautions) == (0.75, ("faint",))
    assert shown.case is case
    assert desk.library.read("SELECT COUNT(*) FROM audit WHERE action = 'predicted'", ()) == [(1,)]


def test_blind_an_unlabelled_case_shows_none(desk, case, number):
    keep(desk.library, number, packed(said(case)))
    desk.put(case)
    assert desk.session.prediction is None
    desk.session.set_case(None)
    desk.records.set_blind(False)
    desk.session.set_case(case)
    assert desk.session.prediction is not None


def test_an_answer_of_other_weights_is_not_the_models(desk, case, number, network):
    desk.records.set_blind(False)
    keep(desk.library, number, packed(said(case, weights="0" * 64)))
    desk.put(case)
    assert desk.session.prediction is None
    assert desk.records.row(number).answer == ""
    desk.session.set_prediction(said(case))
    old = network.models[0]
    card = replace(old.card, weights_sha256="0" * 64)
    network.models[0] = ModelRef(old.name, old.folder, card)
    desk.session.model_changed.emit()
    assert desk.session.prediction.weights == "0" * 64, "a model of this name was trained again"


def test_an_answer_made_where_the_ventricle_is_no_more_is_not_shown(desk, case, number):
    desk.records.set_blind(False)
    found = Ventricle((1.0, 1.0, 1.0), np.eye(3), (30.0, 20.0, 20.0))
    keep(desk.library, number, packed(said(case, ventricles={"stress": found})))
    moved = replace(found, centre=np.zeros(3), by="user")
    placed.remember(case, {"stress": moved})
    desk.put(case)
    assert desk.session.prediction is None
    keep(desk.library, number, packed(said(case, ventricles={"stress": moved})))
    desk.session.set_case(None)
    desk.session.set_case(case)
    assert desk.session.prediction is not None


def test_classify_all_asks_the_model_that_answers_in_the_window(
    desk, number, monkeypatch, qtbot, network
):
    shelf = Shelf(desk.session, desk.records, desk.subject)
    panel = WorklistPanel(desk.records, desk.subject, shelf, desk.memory)
    qtbot.addWidget(panel)
    other = replace(network.models[0].card, name="other")
    network.models.append(ModelRef("other", network.models[0].folder, other))
    asked = []

    def predict_cases(library, numbers, *, defaults, done, report):
        from cubeview.learn.ask.archive import Batch

        asked.append(defaults)
        return Batch(0, 0, ())

    monkeypatch.setattr("cubeview.learn.ask.archive.predict_cases", predict_cases)
    desk.session.set_default_model("heart", "other")
    qtbot.waitSignal(panel.classify().ended).wait()
    desk.session.set_model("heart-net")
    qtbot.waitSignal(panel.classify().ended).wait()
    assert asked == [{"heart": "other"}, {"heart": "heart-net"}]
