"""Teaching in the window: from labelled cases to a kept model."""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PyQt6.QtCore import Qt

from cubeview.commands.simulated import write_pairs
from cubeview.cubes.cube import Source
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, nothing
from cubeview.gui.desk.records import Changes
from cubeview.gui.panels.teach import TeachPanel
from cubeview.io.identity import file_hashes
from cubeview.learn.heart.prepare import HeartConfig
from cubeview.learn.models.card import Card, find_models
from cubeview.learn.models.model import Model, load_model, save_model
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.learn.teach import procedure as lesson
from cubeview.learn.teach import training_set
from cubeview.learn.teach.labelled import in_words, library_entries, table_entries
from cubeview.learn.teach.procedure import Teacher
from cubeview.learn.teach.tuning import FinetuneConfig
from cubeview.library.repair import open_library
from cubeview.library.table import open_row, read_table
from cubeview.library.ventricles import remember
from cubeview.paths import data_dir
from tests.gui.fakes import make_heart, make_sky

pytestmark = pytest.mark.usefixtures("hearts_once")

CLASSES = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Six healthy and six ischaemic hearts with a table of their labels."""
    folder = tmp_path_factory.mktemp("scans")
    lines = ["case,class,rest,stress"]
    for number, label in enumerate(("healthy", "ischaemic")):
        write_pairs(folder / label, 6, seed=number, label=label)
        for line in (folder / label / "cases.csv").read_text().splitlines()[1:]:
            case, *_ = line.split(",")
            lines.append(
                f"{case}-{label},{label},{label}/{case}_rest.dcm,{label}/{case}_stress.dcm"
            )
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


_prepared = {}


@pytest.fixture(autouse=True)
def prepared_once(monkeypatch):
    """Prepare each heart once for all tests: finding the ventricle takes most of the time."""
    real = training_set.prepare_case

    def prepare(card, case, **given):
        if case.name not in _prepared:
            _prepared[case.name] = real(card, case, **given)
        return _prepared[case.name]

    monkeypatch.setattr(training_set, "prepare_case", prepare)


@pytest.fixture
def base(own_home):
    torch.manual_seed(0)
    network = NetworkConfig(widths=(4, 8), kernels=(4, 2), strides=(2, 1), padding="same")
    card = Card(
        name="small",
        kind="heart",
        title="Small network",
        network=network.to_dict(),
        preprocess=HeartConfig().to_dict(),
        channels=("rest", "stress"),
        classes=CLASSES,
        normal="healthy",
        defects=CLASSES[1:4],
        artefact="artefact",
    )
    return save_model(Model(build(network).eval(), card), data_dir() / "models" / "small")


def with_labels(panel, scans):
    """Give a Teach panel the table's labels and few steps."""
    choices = panel.choices
    choices.base.setCurrentIndex(choices.base.findData("small"))
    choices.use_table(scans / "labels.csv")
    choices.folds.setValue(3)
    choices.steps.setValue(4)


@pytest.fixture
def alone(desk, qtbot):
    """A Teach panel, and the desk it stands on."""
    panel = TeachPanel(desk.session, desk.jobs, desk.records, desk.memory)
    qtbot.addWidget(panel)
    panel.show()
    panel.opened.connect(desk.library_cases.show)
    return SimpleNamespace(teach=panel, jobs=desk.jobs, session=desk.session, records=desk.records)


@pytest.fixture
def ready(base, alone, scans):
    with_labels(alone.teach, scans)
    return alone


def snapshot(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def finish(window, qtbot):
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=300_000)


def test_from_labelled_cases_to_a_kept_model(base, window, scans, qtbot):
    ready, panel = window, window.teach
    window.actions_table["teach"].trigger()
    with_labels(panel, scans)
    assert panel.choices.counts.text() == "12 cases: 6 healthy, 6 ischaemic"
    assert "last two layers" in panel.plan.text()
    assert panel.isVisible()
    before = snapshot(data_dir() / "models")
    qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
    assert panel.cancel_button.isEnabled()
    assert not panel.run_button.isEnabled()
    finish(ready, qtbot)
    assert not panel.problem.text()
    result = panel.result
    assert result.isVisible()
    assert result.verdict.text()
    assert "12 cases: 6 healthy" in panel.told.text()
    assert result.wrong.count() == len(panel._taught.wrong)
    assert snapshot(data_dir() / "models") == before, "nothing is written before Keep"
    (*_, (action, detail)) = ready.records.library.read(
        "SELECT action, detail FROM audit ORDER BY id", ()
    )
    assert (action, detail) == ("trained", "small, 12 cases")

    result.name.setText("mine")
    result.default_box.setChecked(True)
    qtbot.mouseClick(result.keep_button, Qt.MouseButton.LeftButton)
    finish(ready, qtbot)
    assert [ref.name for ref in find_models() if ref.folder.parent == data_dir() / "models"] == [
        "mine",
        "small",
    ]
    kept = load_model(data_dir() / "models" / "mine")
    assert kept.card.training["cases"] == 12
    assert kept.card.metrics["verdict"]
    assert {p: b for p, b in snapshot(data_dir() / "models").items() if p in before} == before
    assert not result.isVisible()
    assert ready.session.default_models == {"heart": "mine"}
    assert "heart=mine" in ready.memory.settings.default_models


def test_a_case_still_wrong_opens_on_a_click(ready, qtbot):
    panel = ready.teach
    panel.run()
    finish(ready, qtbot)
    taught = panel._taught
    name = taught.cases.names[0]
    panel.result.open_wanted.emit(name)
    finish(ready, qtbot)
    assert ready.session.case.name == name
    panel.result.open_wanted.emit(name)
    assert len(ready.session.cases) == 1


@pytest.mark.parametrize("layers", ["threshold", "head"])
def test_what_needs_no_steps_comes_to_a_result_without_curves(ready, qtbot, monkeypatch, layers):
    # It is soon over: every partial result is to be drawn.
    monkeypatch.setattr("cubeview.gui.desk.jobs.PARTIAL_PAUSE_S", 0.0)
    panel, shown = ready.teach, []
    choices = panel.choices
    choices.layers.setCurrentIndex(choices.layers.findData(layers))
    assert "steps" not in panel.plan.text()
    draw = panel._draw
    panel._draw = lambda going: (draw(going), shown.append(panel.loss.isVisible()))
    panel.run()
    finish(ready, qtbot)
    assert panel.result.isVisible(), panel.problem.text()
    assert shown
    assert not any(shown)


def test_cancel_stops_within_a_second_and_writes_nothing(ready, qtbot):
    panel = ready.teach
    panel.choices.steps.setValue(2000)
    panel.run()
    qtbot.waitUntil(panel.loss.isVisible, timeout=300_000)
    before = snapshot(data_dir() / "models")
    begin = time.monotonic()
    qtbot.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    finish(ready, qtbot)
    assert time.monotonic() - begin < 1
    assert panel.run_button.isEnabled()
    assert not panel.result.isVisible()
    assert snapshot(data_dir() / "models") == before


def test_a_failure_says_what_to_change_and_keeps_the_prepared_cases(ready, qtbot, monkeypatch):
    panel = ready.teach
    real = torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW, "step", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("no memory"))
    )
    panel.run()
    finish(ready, qtbot)
    assert "no memory" in panel.problem.text()
    assert "fewer layers" in panel.problem.text()
    monkeypatch.setattr(torch.optim.AdamW, "step", real)
    opened = []
    monkeypatch.setattr(lesson.Entry, "open", opened.append, raising=False)
    panel.run()
    finish(ready, qtbot)
    assert panel.result.isVisible()
    assert not opened


def test_the_check_says_what_is_doubtful(ready, scans, qtbot):
    panel = ready.teach
    panel.choices.filter.setText("ischaemic")
    assert panel.choices.counts.text() == "6 cases: 6 ischaemic"
    panel.check()
    finish(ready, qtbot)
    assert "at least two classes" in panel.problem.text()
    panel.choices.filter.setText("")
    panel.choices.folds.setValue(7)
    panel.check()
    finish(ready, qtbot)
    assert "at most 6 folds" in panel.problem.text()


def test_what_can_be_known_at_once_is_said_before_a_case_is_opened(ready, qtbot, monkeypatch):
    opened = []
    monkeypatch.setattr(training_set, "prepare_case", lambda *given, **more: opened.append(given))
    panel = ready.teach
    panel.choices.folds.setValue(7)
    assert "at most 6 folds" in panel.plan.text()
    panel.run()
    finish(ready, qtbot)
    assert "at most 6 folds" in panel.problem.text()
    panel.choices.filter.setText("ischaemic")
    assert "at least two classes" in panel.plan.text()
    panel.check()
    finish(ready, qtbot)
    assert "at least two classes" in panel.problem.text()
    assert opened == []


def test_labels_given_while_the_form_is_open_are_learnt_from(base, alone, qtbot):
    choices, records = alone.teach.choices, alone.records
    choices.base.setCurrentIndex(choices.base.findData("small"))
    choices.base.activated.emit(choices.base.currentIndex())
    (heart,) = records.library.label_sets("heart")
    assert choices.entries == []

    def label(library, name, class_name):
        case = make_heart(name)
        number = library.add_case(case, {role: f"{name} {role}" for role in case.roles})
        library.label(number, class_name, label_set=heart)
        return Changes(cases=(number,))

    records.do(lambda library: label(library, "Wren", "healthy"))
    qtbot.waitUntil(lambda: choices.counts.text() == "1 cases: 1 healthy")
    alone.teach.hide()
    records.do(lambda library: label(library, "Finch", "mixed"))
    alone.teach.show()
    qtbot.waitUntil(lambda: len(choices.entries) == 2)
    records.do(lambda library: label(library, "Wren", None))  # undone
    qtbot.waitUntil(lambda: choices.counts.text() == "1 cases: 1 mixed")


def test_a_case_to_look_at_is_shown_at_its_window(desk):
    sky = make_sky()
    box = (slice(0, 32), slice(4, 36), slice(0, 32))
    source = Source(Path("/fields/one.fits"))
    cubes = {role: replace(cube, source=source) for role, cube in sky.cubes.items()}
    one = replace(sky, name="field-3", cubes=cubes, window=box)
    desk.library_cases.show(one)
    session = desk.session
    assert session.case.window is None
    assert session.window == box
    assert session.cursor == (16, 20, 16)
    session.set_cursor(0, 0, 0)
    desk.library_cases.show(replace(one))
    assert len(session.cases) == 1
    assert session.cursor == (16, 20, 16)


def test_a_table_that_cannot_be_read_is_said(ready, tmp_path):
    ready.teach.choices.use_table(tmp_path / "none.csv")
    assert "none.csv" in ready.teach.choices.counts.text()
    assert not ready.teach.run_button.isEnabled()


def test_labels_of_the_library_are_learnt(base, scans, tmp_path):
    library, _ = open_library(tmp_path / "library.sqlite", "reader")
    (heart,) = library.label_sets("heart")
    for row in read_table(scans / "labels.csv"):
        case = open_row(row)
        number = library.add_case(case, file_hashes(case))
        library.label(number, row.class_name, label_set=heart)
    library.label(1, "unsure", label_set=heart)
    library.label(2, "healthy", label_set=heart, sure=False)
    entries = library_entries(library, heart)
    assert in_words(entries) == "10 cases: 6 ischaemic, 4 healthy"
    assert len(library_entries(library, heart, doubtful=True)) == 11
    (ref,) = [ref for ref in find_models() if ref.name == "small"]
    told = Teacher().check(ref, entries, 3)
    assert told[0] == "10 cases: 4 healthy, 6 ischaemic"
    library.close()


def test_a_name_that_is_taken_or_odd_is_refused(base, scans):
    (ref,) = [ref for ref in find_models() if ref.name == "small"]
    taught = Teacher().teach(
        ref, table_entries(scans / "labels.csv"), FinetuneConfig(folds=2, steps=1)
    )
    for name, reason in (("small", "already"), ("../x", "cannot be"), ("a/b", "cannot be")):
        with pytest.raises(CubeviewError, match=reason):
            lesson.keep(taught, name)
    assert np.isfinite(taught.outcome.tuned.auc.value)


def test_without_models_or_labels_the_panel_says_what_to_do(alone, monkeypatch):
    panel = alone.teach
    monkeypatch.setattr("cubeview.gui.panels.teach_choices.find_models", lambda: ())
    panel.refresh()
    assert "No model" in panel.plan.text()
    assert not panel.run_button.isEnabled()


def test_the_base_follows_the_kind_of_the_case_at_hand(base, alone):
    choices = alone.teach.choices
    alone.session.set_case(make_heart())
    alone.teach.refresh()
    assert choices.model.card.kind == "heart"
    choices.base.setCurrentIndex(choices.base.findData("small"))
    alone.teach.refresh()
    assert choices.base.currentData() == "small", "the user's choice stays"
    alone.session.set_case(make_sky())
    alone.teach.refresh()
    assert choices.model.card.kind == "sky"


def test_a_ventricle_placed_by_hand_is_learnt_from_and_noticed(base, scans, monkeypatch):
    (ref,) = [ref for ref in find_models() if ref.name == "small"]
    entries = table_entries(scans / "labels.csv")
    given = []
    prepare = training_set.prepare_case

    def watched(card, case, *, ventricles=None, report=nothing):
        given.append((case.name, dict(ventricles or {})))
        return prepare(card, case)

    monkeypatch.setattr(training_set, "prepare_case", watched)
    teacher, config = Teacher(), FinetuneConfig(folds=2, steps=1)
    teacher.teach(ref, entries, config)
    assert not any(ventricles for _, ventricles in given)
    given.clear()
    teacher.teach(ref, entries, config)
    assert not given, "prepared once"
    case = entries[0].open()
    mine = Ventricle((14, 22, 22), np.eye(3), (40, 32, 30), by="user")
    remember(case, {role: mine for role in case.roles})
    teacher.teach(ref, entries, config)
    assert len(given) == 12
    assert [name for name, ventricles in given if ventricles] == [entries[0].name]
    assert all(found.by == "user" for found in given[0][1].values())
