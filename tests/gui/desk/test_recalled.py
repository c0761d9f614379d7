"""A case that is opened shows what was said of it before: by the weights that answer now."""

from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.answer import Prediction
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.panels.worklist import WorklistPanel
from cubeview.io.identity import file_hashes
from cubeview.learn.models.card import ModelRef
from cubeview.library import ventricles as placed
from cubeview.library.answers import keep, packed
from cubeview.library.schema import SPECT_SET
from tests.gui.fakes import HEART_WEIGHTS
from tests.helpers.cases import case_of


def put(desk, case):
    desk.session.add_cases((case,))
    desk.session.set_case(case)


@pytest.fixture
def case(tmp_path):
    return case_of(tmp_path, 1)


@pytest.fixture
def number(desk, case):
    return desk.records.library.add_case(case, file_hashes(case))


def said(case, weights=HEART_WEIGHTS, ventricles=None):
    return Prediction(
        case, "heart-net", {"healthy": 0.25, "mixed": 0.75}, 0.75, device="CPU", seconds=0.1,
        cautions=("faint",), ventricles=ventricles or {}, weights=weights,
    )  # fmt: skip


def test_a_labelled_case_shows_its_answer_again(desk, case, number):
    keep(desk.records.library, number, packed(said(case)))
    desk.records.library.label(number, "mixed", label_set=SPECT_SET)
    put(desk, case)
    shown = desk.session.prediction
    assert (shown.probabilities["mixed"], shown.cautions) == (0.75, ("faint",))
    assert shown.case is case
    assert desk.records.library.read(
        "SELECT COUNT(*) FROM audit WHERE action = 'predicted'", ()
    ) == [(1,)]


def test_blind_an_unlabelled_case_shows_none(desk, case, number):
    keep(desk.records.library, number, packed(said(case)))
    put(desk, case)
    assert desk.session.prediction is None
    desk.session.set_case(None)
    desk.records.set_blind(False)
    desk.session.set_case(case)
    assert desk.session.prediction is not None


def test_an_answer_of_other_weights_is_not_the_models(desk, case, number, network):
    desk.records.set_blind(False)
    keep(desk.records.library, number, packed(said(case, weights="0" * 64)))
    put(desk, case)
    assert desk.session.prediction is None
    assert desk.records.row(number).answer == ""
    desk.session.set_prediction(said(case))
    old = network.known[0]
    card = replace(old.card, weights_sha256="0" * 64)
    network.known[0] = ModelRef(old.name, old.folder, card)
    desk.session.model_changed.emit()
    assert desk.session.prediction.weights == "0" * 64, "a model of this name was trained again"


def test_an_answer_made_where_the_ventricle_is_no_more_is_not_shown(desk, case, number):
    desk.records.set_blind(False)
    found = Ventricle((1.0, 1.0, 1.0), np.eye(3), (30.0, 20.0, 20.0))
    keep(desk.records.library, number, packed(said(case, ventricles={"stress": found})))
    moved = replace(found, centre=np.zeros(3), by="user")
    placed.remember(case, {"stress": moved})
    put(desk, case)
    assert desk.session.prediction is None
    keep(desk.records.library, number, packed(said(case, ventricles={"stress": moved})))
    desk.session.set_case(None)
    desk.session.set_case(case)
    assert desk.session.prediction is not None


def test_classify_all_asks_the_model_that_answers_in_the_window(
    desk, number, monkeypatch, qtbot, network
):
    panel = WorklistPanel(desk.records, desk.subject, desk.library_cases, desk.memory)
    qtbot.addWidget(panel)
    other = replace(network.known[0].card, name="other")
    network.known.append(ModelRef("other", network.known[0].folder, other))
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


def test_a_model_that_is_chosen_shows_what_is_kept_of_it(desk, case, number, network):
    """A stored answer is seen at once, and not taken for the former model's."""
    ref = network.models()[0]
    other = ModelRef("other", ref.folder, replace(ref.card, name="other", weights_sha256="1" * 64))
    network.known.append(other)
    desk.records.set_blind(False)
    keep(desk.records.library, number, packed(said(case)))
    put(desk, case)
    desk.session.set_model("other")
    assert desk.session.prediction is None
    desk.session.set_model("heart-net")
    assert desk.session.prediction is not None
    kept = replace(said(case, weights="1" * 64), model="other")
    keep(desk.records.library, number, packed(kept))
    desk.session.set_model("other")
    assert desk.session.prediction.model == "other"
