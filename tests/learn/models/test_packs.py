"""Models packed into one file come out the same, and nothing else gets in."""

import json
import os
import time
import zipfile

import pytest
import torch

from cubeview.errors import CubeviewError
from cubeview.learn.models import model as model_room
from cubeview.learn.models.card import CARD, WEIGHTS, find_models, read_card, sha256
from cubeview.learn.models.model import Model, load_model, save_model
from cubeview.learn.models.packs import (
    SUMS,
    delete_model,
    export_model,
    folder_for,
    free_name,
    import_model,
    listed,
    models_dir,
    parent_of,
)
from cubeview.learn.models.strided import StridedNetwork, build
from cubeview.paths import data_dir
from tests.learn.teach.test_finetune import SMALL, card


def made(name, **changes):
    torch.manual_seed(len(name))
    return save_model(Model(build(SMALL).eval(), card(name=name, **changes)), folder_for(name))


@pytest.fixture
def pack(own_home, tmp_path):
    """A packed model that is not installed any more."""
    model = made("small")
    path = export_model(model.folder, tmp_path / "small.zip")
    delete_model(model.folder)
    return path


def rewritten(path, **changes):
    """Write a pack anew with members changed, left out (None) or added, its sums made right."""
    with zipfile.ZipFile(path) as source:
        held = {name: source.read(name) for name in source.namelist()}
    held |= {name: data for name, data in changes.items() if name != SUMS}
    held = {name: data for name, data in held.items() if data is not None}
    sums = [f"{sha256(held[n])}  {n}" for n in (CARD, WEIGHTS) if n in held]
    held[SUMS] = changes.get(SUMS, "\n".join(sums).encode())
    with zipfile.ZipFile(path, "w") as target:
        for name, data in held.items():
            target.writestr(name, data)
    return path


def test_a_pack_comes_out_the_same(pack):
    ref = import_model(pack)
    assert ref.name == "small"
    assert ref.folder == models_dir() / "small"
    x = torch.rand(2, 2, 8, 8, 8)
    torch.manual_seed(len("small"))
    packed = build(SMALL).eval()
    assert torch.equal(load_model(ref.folder).network(x), packed(x))
    with pytest.raises(CubeviewError, match="here already, as small"):
        import_model(pack)
    again = export_model(ref.folder, pack.with_name("again.zip"))
    assert again.read_bytes() == pack.read_bytes()


def test_a_name_that_is_taken_gets_a_number(pack):
    made("small", title="Another")  # the same seed, so the weights must differ
    other = models_dir() / "small"
    weights = load_model(other)
    with torch.no_grad():
        weights.network.head.bias += 1
    delete_model(other)
    save_model(Model(weights.network, weights.card), other)
    ref = import_model(pack)
    assert ref.folder == models_dir() / "small-2"
    assert free_name("small") == "small-3"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"../../evil.py": b"print()"}, "nothing else"),
        ({"extra.txt": b""}, "nothing else"),
        ({CARD: None}, "nothing else"),
        ({SUMS: b"0  card.json"}, "checksum"),
        ({CARD: b"{}"}, "format number"),
        ({CARD: b" " * 1_000_001}, "too large"),
        ({WEIGHTS: b"\x80\x04pickled"}, "pickle|SHA-256"),
    ],
)
def test_what_is_no_pack_is_refused_and_leaves_nothing(pack, tmp_path, changes, reason):
    rewritten(pack, **changes)
    with pytest.raises(CubeviewError, match=reason):
        import_model(pack)
    assert list(models_dir().iterdir()) == []
    assert not list(tmp_path.rglob("evil.py"))


def test_other_weights_and_another_shape_are_refused(pack):
    with zipfile.ZipFile(pack) as source:
        text, weights = json.loads(source.read(CARD)), source.read(WEIGHTS)
    rewritten(pack, **{WEIGHTS: weights[:-4] + b"\0\0\0\1"})
    with pytest.raises(CubeviewError, match="SHA-256 differs"):
        import_model(pack)
    text["network"]["widths"] = [4, 8, 16]
    rewritten(pack, **{WEIGHTS: weights, CARD: json.dumps(text).encode()})
    with pytest.raises(CubeviewError, match="do not fit"):
        import_model(pack)
    text["format"] = 99
    rewritten(pack, **{CARD: json.dumps(text).encode()})
    with pytest.raises(CubeviewError, match="update CubeView"):
        import_model(pack)
    assert list(models_dir().iterdir()) == []


def test_a_damaged_or_foreign_file_is_refused(tmp_path, pack):
    data = pack.read_bytes()
    for number, content in enumerate((b"", b"hello", data[: len(data) // 2], data[:200])):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(content)
        with pytest.raises(CubeviewError, match="Get it again"):
            import_model(path)
    with pytest.raises(CubeviewError, match="still there"):
        import_model(tmp_path / "none.zip")


def test_a_name_in_the_card_never_leaves_the_folder(pack):
    with zipfile.ZipFile(pack) as source:
        text = json.loads(source.read(CARD))
    text["name"] = "../../../up"
    ref = import_model(rewritten(pack, **{CARD: json.dumps(text).encode()}))
    assert ref.folder.parent == models_dir()
    assert read_card(ref.folder).name == "../../../up"


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "a\\b", ".hid", "x.part", "con", "NUL.txt", "x "]
)
def test_odd_names_are_refused(own_home, name):
    with pytest.raises(CubeviewError, match="cannot be the name"):
        folder_for(name)


def test_only_the_users_own_models_are_deleted(own_home, tmp_path):
    foreign = save_model(Model(build(SMALL).eval(), card(name="foreign")), tmp_path / "foreign")
    for folder in (foreign.folder, data_dir(), models_dir()):
        with pytest.raises(CubeviewError, match="not one of your own"):
            delete_model(folder)
    assert foreign.folder.is_dir()
    mine = made("mine")
    delete_model(mine.folder)
    assert list(models_dir().iterdir()) == []


def test_the_list_says_where_a_model_came_from_and_the_way_back(own_home):
    base = made("base")
    made(
        "child",
        parent=base.card.weights_sha256,
        training={"cases": 58, "made": "2026-01-02T03:04:05", "finetuned_from": "base"},
        metrics={"out_of_fold": {"auc": {"mean": 0.9123}, "balanced_accuracy": 0.87}},
    )
    found = {entry.ref.name: entry for entry in listed()}
    child = found["child"]
    assert (child.own, child.parent, child.cases) == (True, "base", 58)
    assert child.figures == "AUC 0.912, balanced 0.87"
    assert child.made == "2026-01-02"
    assert parent_of(child.ref).name == "base"
    assert parent_of(found["base"].ref) is None


def test_a_model_half_written_is_not_offered(own_home):
    mine = made("mine")
    mine.folder.rename(mine.folder.with_name("mine.part"))
    assert "mine" not in {ref.name for ref in find_models()}


def with_card(pack, **changes):
    """Rewrite the card of a pack, its network and preparation entry by entry."""
    with zipfile.ZipFile(pack) as source:
        card = json.loads(source.read(CARD))
    for name, value in changes.items():
        card[name] = {**card[name], **value} if isinstance(value, dict) else value
    return rewritten(pack, **{CARD: json.dumps(card).encode()})


@pytest.mark.parametrize(
    ("network", "preprocess"),
    [
        ({"widths": [4] * 70_000, "kernels": [1] * 70_000, "strides": [1] * 70_000}, {}),
        ({"kernels": [300, 2]}, {}),
        ({"widths": [2_000_000, 8]}, {}),
        ({"classes": 1_000_000}, {}),
        ({}, {"size": 100_000}),
        ({}, {"size": -1}),
        ({}, {"size": 1e400}),
        ({}, {"voxel_mm": -1}),
        ({}, {"voxel_mm": 1e-12}),
        ({}, {"scale_cm3": -1}),
        ({}, {"scale_cm3": 1e-12}),
        ({}, {"edge_mm": 0}),
        ({}, {"axis_mm": float("nan")}),
    ],
)
def test_a_model_that_would_hang_or_answer_of_nothing_is_not_taken_in(pack, network, preprocess):
    start = time.perf_counter()
    with pytest.raises(CubeviewError):
        import_model(with_card(pack, network=network, preprocess=preprocess))
    assert time.perf_counter() - start < 5
    assert not [ref for ref in listed() if ref.own]


def test_a_network_that_is_too_much_work_for_its_input_is_refused(pack, monkeypatch):
    monkeypatch.setattr(model_room, "_MOST_STEPS", 1000)
    with pytest.raises(CubeviewError, match="steps"):
        import_model(pack)


def test_a_model_that_fails_on_a_trial_case_is_not_taken_in(pack, monkeypatch):
    def fails(self, x):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(StridedNetwork, "forward", fails)
    with pytest.raises(CubeviewError, match="trial case"):
        import_model(pack)
    assert not [ref for ref in listed() if ref.own]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX systems")
@pytest.mark.parametrize("what", [CARD, WEIGHTS])
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_a_file_of_a_model_that_never_ends_is_refused(own_home, what, kind):
    folder = made("small").folder
    (folder / what).unlink()
    if kind == "pipe":
        os.mkfifo(folder / what)
    else:
        (folder / what).symlink_to("/dev/zero")
    with pytest.raises(CubeviewError, match="no ordinary file"):
        load_model(folder)


def test_figures_of_a_model_taken_in_are_its_makers_word(own_home, tmp_path):
    stated = {"auc_defect_against_normal": 0.999}
    model = made("small", metrics=stated)
    (own,) = [entry for entry in listed() if entry.own]
    assert own.figures == "AUC 0.999"
    pack = export_model(model.folder, tmp_path / "small.zip")
    delete_model(model.folder)
    import_model(pack)
    (taken,) = [entry for entry in listed() if entry.own]
    assert taken.figures == "AUC 0.999, as its maker states"
