"""The model manager: what it lists, which model answers, rolling back, files in and out."""

import pytest
import torch
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox

from cubeview.gui.dialogs.models import ModelsDialog
from cubeview.learn.models import choose
from cubeview.learn.models.card import find_models
from cubeview.learn.models.model import Model, load_model, save_model
from cubeview.learn.models.packs import SUFFIX, folder_for
from cubeview.learn.models.strided import build
from tests.learn.teach.test_finetune import SMALL, card


@pytest.fixture
def manager(own_home, desk, monkeypatch):
    """The manager with a parent and its fine-tuned child, both the user's."""
    monkeypatch.setattr(choose, "find_models", find_models)  # not the desk's made-up ones
    torch.manual_seed(0)
    base = save_model(Model(build(SMALL).eval(), card(name="parent")), folder_for("parent"))
    network = build(SMALL).eval()
    figures = {"out_of_fold": {"auc": {"mean": 0.9}, "balanced_accuracy": 0.8}}
    child = card(
        name="child",
        parent=base.card.weights_sha256,
        training={"cases": 58, "made": "2026-01-02T03:04:05+00:00"},
        metrics=figures,
    )
    save_model(Model(network, child), folder_for("child"))
    dialog = ModelsDialog(desk.session, desk.jobs, desk.memory, desk.parent())
    dialog.open()
    return dialog


def row(manager, name):
    manager.choose(name)
    item = manager.tree.currentItem()
    return [item.text(column) for column in range(manager.tree.columnCount())]


def finish(manager, qtbot):
    qtbot.waitUntil(lambda: not manager._jobs.running(), timeout=60_000)


def test_a_line_says_where_a_model_comes_from_and_what_it_is_worth(manager):
    name, kind, parent, classes, cases, figures, made = row(manager, "child")
    assert (name.partition(" ")[0], kind, parent) == ("child", "heart", "parent")
    assert (cases, figures, made) == ("58", "AUC 0.900, balanced 0.80", "2026-01-02")
    assert classes == "healthy, ischaemic, infarcted, mixed, artefact"


def test_one_model_of_each_kind_is_marked_as_the_one_that_answers(manager, qtbot):
    def marked():
        names = [manager.tree.topLevelItem(i).text(0) for i in range(len(find_models()))]
        return [name for name in names if name.endswith(" (default)")]

    kinds = {ref.card.kind for ref in find_models()}
    assert len(marked()) == len(kinds), "also while none was chosen"
    manager.choose("child")
    manager.default_button.click()
    assert "child (default)" in marked()
    assert len(marked()) == len(kinds)
    assert not manager.default_button.isEnabled()
    manager.back_button.click()
    assert "parent (default)" in marked()
    assert "heart=parent" in manager._memory.settings.default_models
    manager.choose("parent")
    assert not manager.back_button.isEnabled(), "nothing to roll back to"


def test_a_model_goes_out_as_one_file_and_comes_in_again(manager, qtbot, tmp_path):
    manager.choose("child")
    path = tmp_path / f"child{SUFFIX}"
    manager.export(path)
    finish(manager, qtbot)
    assert path.is_file()
    manager.take_in(path)
    finish(manager, qtbot)
    assert "here already, as child" in manager.said.text()
    manager.delete()
    assert not folder_for("child").exists()
    path.write_bytes(path.read_bytes()[:-40])
    manager.take_in(path)
    finish(manager, qtbot)
    assert "damaged" in manager.said.text()
    assert not folder_for("child").exists()


def test_a_pack_is_named_as_one_and_brings_what_the_maps_are_worth(manager, qtbot, tmp_path):
    manager.choose("child")
    (folder_for("child") / "maps.json").write_text('{"format": 1}')
    manager.export(tmp_path / "mine")
    finish(manager, qtbot)
    path = tmp_path / f"mine{SUFFIX}"
    assert path.is_file()
    manager.delete()
    manager.take_in(path)
    finish(manager, qtbot)
    assert (folder_for("child") / "maps.json").read_text() == '{"format": 1}'


def test_enter_deletes_no_model(manager, qtbot):
    manager.choose("child")
    manager.delete_button.click()
    box = manager.findChild(QMessageBox)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert folder_for("child").exists()


def test_a_deleted_model_comes_in_from_its_file(manager, qtbot, tmp_path):
    manager.choose("child")
    weights = load_model(folder_for("child")).card.weights_sha256
    path = tmp_path / f"child{SUFFIX}"
    manager.export(path)
    finish(manager, qtbot)
    manager.delete()
    manager.take_in(path)
    finish(manager, qtbot)
    assert manager.said.text() == "Imported child."
    assert load_model(folder_for("child")).card.weights_sha256 == weights
    assert manager.current.ref.name == "child"
