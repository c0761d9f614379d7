"""Every step without a window: exit codes, one-line reasons, JSON documents."""

import argparse
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from astropy.io import fits

from cubeview.cli import main
from cubeview.commands.common import judged_cases, progress
from cubeview.commands.simulated import write_fields, write_pairs
from cubeview.cubes.scores import Scores, as_text
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.io.identity import file_hashes
from cubeview.learn.heart.prepare import HeartConfig
from cubeview.learn.models.card import Card
from cubeview.learn.models.model import Model, save_model
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.library import ventricles as placed
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.paths import data_dir
from tests.helpers.pairs import two_kinds
from tests.io.dicom.nm_files import nm, write

pytestmark = pytest.mark.usefixtures("hearts_once")

CLASSES = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    write_pairs(folder, 3, seed=1)
    write_fields(folder / "sky", 1, seed=1, shape=(40, 40, 40))
    return folder


@pytest.fixture
def model(own_home):
    """A small untrained heart model among the user's own."""
    torch.manual_seed(0)
    network = NetworkConfig(widths=(4, 8), kernels=(4, 2), strides=(2, 1), padding="same")
    card = Card(
        name="small",
        kind="heart",
        title="Small",
        network=network.to_dict(),
        preprocess=HeartConfig().to_dict(),
        channels=("rest", "stress"),
        classes=CLASSES,
        normal="healthy",
        defects=("ischaemic", "infarcted", "mixed"),
        artefact="artefact",
    )
    return save_model(Model(build(network).eval(), card), data_dir() / "models" / "small")


def run(capsys, *arguments):
    """Return exit status, the JSON document on stdout if any, and stderr."""
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    out = capsys.readouterr()
    return status, json.loads(out.out) if "--json" in arguments and out.out else out.out, out.err


def test_info_of_a_pair_and_a_cube(scans, capsys):
    status, records, _ = run(capsys, "info", scans, "--json")
    assert status == 0
    assert sorted({record["kind"] for record in records}) == ["heart", "sky"]
    for record in records:
        assert set(record) >= {"path", "kind", "shape", "unit", "axes", "roles", "uncertainty"}
        assert len(record["shape"]) == len(record["axes"]) == 3
    (sky,) = [record for record in records if record["kind"] == "sky"]
    axis = sky["axes"][0]
    assert axis["type"] == "AWAV"
    assert axis["last"] == pytest.approx(axis["first"] + 39 * axis["step"])


def test_info_prints_where_the_axes_go_and_not_from_corner_to_corner(tmp_path, capsys):
    """Corners of a turned sky are far from what its rows and columns span."""
    header = fits.Header()
    turn = np.radians(40.0)
    matrix = {"CD1_1": -np.cos(turn), "CD1_2": np.sin(turn), "CD2_1": np.sin(turn),
              "CD2_2": np.cos(turn)}  # fmt: skip
    header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CTYPE3": "WAVE", "CRVAL1": 10.0,
                   "CRVAL2": 0.0, "CRVAL3": 5e-7, "CRPIX1": 11.0, "CRPIX2": 6.0, "CDELT3": 1e-10,
                   "CRPIX3": 1.0, "CUNIT3": "m"})  # fmt: skip
    header.update({key: value * 0.01 for key, value in matrix.items()})
    fits.writeto(tmp_path / "a.fits", np.zeros((5, 11, 21), np.float32), header)
    status, said, _ = run(capsys, "info", tmp_path / "a.fits")
    assert status == 0
    (line,) = [line for line in said.splitlines() if "RA (" in line]
    first, last = (float(word) for word in line.split(": ")[1].split(" deg")[0].split(" to "))
    assert first - last == pytest.approx(0.2 * np.cos(turn), rel=1e-4)
    assert first == pytest.approx(10 + 0.1 * np.cos(turn), abs=1e-7), "to a thousandth of a voxel"


def test_predict_names_files_and_gives_probabilities(scans, model, capsys):
    status, answers, _ = run(capsys, "predict", scans, "--model", "small", "--json")
    assert status == 0
    assert len(answers) == 3
    for answer in answers:
        assert set(answer["files"]) == {"rest", "stress"}
        chances = answer["probabilities"]
        assert tuple(chances) == CLASSES
        assert sum(chances.values()) == pytest.approx(1)
        assert answer["class"] == max(chances, key=chances.get)
        ill = sum(chances[name] for name in CLASSES[1:4])
        assert answer["abnormal"] == pytest.approx(ill / (ill + chances["healthy"]))


def test_the_user_says_which_is_rest(scans, model, capsys):
    rest, stress = (scans / f"sim1-0000_{role}.dcm" for role in ("rest", "stress"))
    same = run(capsys, "predict", rest, stress, "--model", "small", "--json")[1][0]
    swapped = run(
        capsys, "predict", "--rest", stress, "--stress", rest, "--model", "small", "--json"
    )[1][0]
    assert swapped["files"] == {"stress": str(rest), "rest": str(stress)}
    assert swapped["probabilities"] != same["probabilities"]


def test_a_ventricle_placed_in_the_window_counts_here_too(scans, model, capsys, tmp_path):
    pair = [scans / f"sim1-0002_{role}.dcm" for role in ("rest", "stress")]
    ask = ["predict", *pair, "--model", "small"]
    (before,) = run(capsys, *ask, "--json")[1]
    assert before["placed"] == []
    case = open_paths(pair).cases[0]
    middle = (np.array(case.main.shape) - 1) / 2 * case.main.spacing
    aside = Ventricle(middle + np.array([0, 0, 15]), np.eye(3), (50, 30, 30), by="user")
    placed.remember(case, {role: aside for role in case.roles})
    (after,) = run(capsys, *ask, "--json")[1]
    assert after["placed"] == list(case.roles)
    assert after["probabilities"] != before["probabilities"]
    assert "as placed by hand" in run(capsys, *ask)[1]
    explain = ["explain", *pair, "--model", "small", "--out", tmp_path / "map.npz"]
    assert "as placed by hand" in run(capsys, *explain)[1]


@pytest.mark.parametrize("method", ["cam", "gradcam++", "ig", "occlusion"])
def test_explain_writes_a_map_on_the_grid_of_each_state(scans, model, capsys, tmp_path, method):
    pair = [scans / f"sim1-0001_{role}.dcm" for role in ("rest", "stress")]
    out = tmp_path / "map.npz"
    status, record, _ = run(
        capsys, "explain", *pair, "--model", "small", "--method", method,
        "--target", "ischaemic", "--patch", 16, "--stride", 8, "--out", out, "--json",
    )  # fmt: skip
    assert status == 0
    assert record["target"] == "ischaemic"
    with np.load(out) as saved:
        for role in ("rest", "stress"):
            assert saved[role].shape == (36, 40, 40)
            assert np.isfinite(saved[role]).any()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["info", "{scans}/none.fits"], "no such file"),
        (["info", "{scans}/cases.csv"], "neither FITS"),
        (["predict", "{scans}/sim1-0000_rest.dcm"], "rest"),
        (["predict", "{scans}/sky", "--model", "small"], "heart"),
        (["predict", "{scans}", "--model", "nobody"], "there is no model 'nobody'"),
        (["predict"], "at least one file"),
        (["predict", "{scans}/sky"], "say where with --at"),
        (["predict", "{scans}/sky", "--at", "1", "2", "3"], "outside the cube"),
        (["explain", "{scans}", "--out", "x.npz"], "one case"),
        (["simulate", "spect", "--out", "{scans}", "--class", "odd"], "no class 'odd'"),
        (["simulate", "spect", "--out", "{scans}", "--count", "0"], "at least 1"),
        (["finetune", "--labels", "{scans}/none.csv", "--base", "small", "--out", "x"], "none.csv"),
        (["evaluate", "--model", "small"], "either"),
        (["evaluate", "--simulated", "40", "--labels", "{scans}/cases.csv"], "either"),
        (["evaluate", "--simulated", "5", "--model", "small"], "at least 20"),
        (["evaluate", "--labels", "{scans}/cases.csv", "--model", "a", "b"], "name one model"),
        (["evaluate", "--labels", "{scans}/cases.csv", "--report", "x"], "--simulated"),
        (["trust", "--model", "spect-mpi", "--cases", "5"], "part of the program"),
        (["simulate", "spect", "--out", "{scans}/x", "--variant", "third"], "second"),
        (["predict", "--nonsense"], "nonsense"),
    ],
)
def test_bad_input_is_one_line_and_exit_status_2(scans, model, capsys, arguments, reason):
    status, out, error = run(capsys, *[text.format(scans=scans) for text in arguments])
    assert status == 2
    assert reason in error
    assert error.count("\n") == 1
    assert "Traceback" not in out + error


def test_finetune_keeps_a_model_and_never_overwrites_it(scans, model, capsys, tmp_path):
    table = two_kinds(tmp_path / "labels", 4)
    asked = ("finetune", "--labels", table, "--base", "small", "--folds", 2, "--steps", 2)
    kept = tmp_path / "kept"
    status, document, told = run(
        capsys, *asked, "--out", kept, "--predictions", tmp_path / "p.csv", "--json"
    )
    assert status == 0
    assert set(document["auc"]) >= {"mean", "low", "high", "per_fold"}
    assert len(document["auc"]["per_fold"]) == 2
    assert np.sum(document["confusion"]) == 8
    assert document["base"]["accuracy"] <= 1
    assert document["baseline"]["accuracy"] <= 1
    assert all(json.loads(line) for line in told.splitlines())
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 9
    status, _, error = run(capsys, *asked, "--out", kept)
    assert status == 2
    assert "there is a model already" in error
    status, figures, _ = run(
        capsys, "evaluate", "--labels", table, "--model", kept, "--positive", "ischaemic", "--json"
    )
    assert status == 0
    assert figures["classes"] == ["healthy", "ischaemic"]
    library = tmp_path / "library.sqlite"
    whose = ("--library", library, "--reader", "Anna")
    assert run(capsys, "labels", "import", table, "--yes", *whose)[0] == 0
    measured = ("evaluate", "--labels", library, "--model", kept, "--positive", "ischaemic")
    status, same, _ = run(capsys, *measured, "--reader", "Anna", "--json")
    assert (status, same["confusion"], same["auc"]) == (0, figures["confusion"], figures["auc"])
    status, _, error = run(capsys, *measured, "--reader", "Ben")
    assert status == 2
    assert "Anna has. Say whose with --reader" in error
    assert run(capsys, "labels", "export", tmp_path / "labels.csv", *whose)[0] == 0
    status, _, error = run(capsys, "evaluate", "--labels", tmp_path / "labels.csv", "--model", kept)
    assert status == 2
    assert "Give the library itself" in error
    same = run(capsys, *asked, "--out", tmp_path / "again", "--json")[1]
    assert same["auc"] == document["auc"]


def test_a_report_on_simulated_cases_and_a_doubt_for_a_model_that_has_none(
    scans, model, capsys, tmp_path
):
    asked = ("evaluate", "--simulated", 20, "--model", "small", "--seed", 4)
    status, document, told = run(capsys, *asked, "--report", tmp_path / "report", "--json")
    assert status == 0
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "report.html",
        "figures.json",
    }
    (entry,) = document["models"]
    assert entry["sets"]["unseen"]["cases"] == 20
    assert entry["sets"]["second"]["flagged"] is None
    assert "100%" in told
    pair = (scans / "sim1-0000_rest.dcm", scans / "sim1-0000_stress.dcm")
    (answer,) = run(capsys, "predict", *pair, "--model", "small", "--json")[1]
    assert answer["class"] in CLASSES
    assert answer["doubt"] == {"unlike_training": False, "why": "", "distance": None}
    twice = ("--rest", pair[0], "--stress", pair[0])
    status, (answer,), _ = run(capsys, "predict", *twice, "--model", "small", "--json")
    assert status == 0
    assert answer["class"] is None
    assert "same scan" in answer["doubt"]["why"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    said = run(capsys, "predict", *twice, "--model", "small")[1]
    assert "unlike anything" in said
    assert not any(f": {name} (" in said for name in CLASSES)


def test_a_model_that_asks_for_more_than_the_case_has_says_what(scans, model, capsys):
    status, _, error = run(
        capsys, "predict", scans / "sim1-0000_rest.dcm", "--model", "small", "--json"
    )
    assert status == 2
    assert "stress" in error


def test_info_says_where_a_projection_has_no_sky(tmp_path, capsys):
    from astropy.io import fits

    header = fits.Header({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CTYPE3": "FREQ"})
    header.update(CRVAL1=10.0, CRVAL2=20.0, CDELT1=-30.0, CDELT2=30.0, CRPIX1=4.0, CRPIX2=4.0)
    header.update(CRVAL3=1e9, CDELT3=1e6, CRPIX3=1.0, CUNIT3="Hz")
    path = tmp_path / "whole.fits"
    fits.PrimaryHDU(np.zeros((3, 8, 8), np.float32), header).writeto(path)
    assert main(["info", str(path)]) == 0
    assert "none to" in capsys.readouterr().out


def test_long_work_without_a_terminal_writes_a_line_now_and_then(capsys, monkeypatch):
    clock = iter([0.0, 0.0, 3.0, 11.0, 11.0, 12.0, 13.0])
    fake = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr("cubeview.commands.common.time", fake)
    told = progress(lines=True)
    for fraction in (0.1, 0.2, 0.3):
        told(fraction, "epoch")
    told(1.0, "done")
    assert capsys.readouterr().err.splitlines() == [" 10% epoch", " 30% epoch", "100% done"]
    progress()(0.5, "silent")
    assert capsys.readouterr().err == ""


def named(tmp_path, *, rest=None, stress=None):
    """Write two scans of one study that differ in what is given."""
    paths = []
    for role, extra in (("rest", rest), ("stress", stress)):
        ds = nm(SeriesDescription=role, StudyInstanceUID="1.2.3", **(extra or {}))
        paths.append(write(ds, tmp_path / f"{role}.dcm"))
    return paths


def judged(*paths, **roles):
    options = argparse.Namespace(paths=list(paths), rest=None, stress=None)
    vars(options).update(roles)
    (case,), _ = judged_cases(options)
    return case


def test_scans_made_otherwise_are_compared_with_a_caution_where_both_are_named(tmp_path):
    rest, stress = named(
        tmp_path, rest={"CorrectedImage": ["UNIF"]}, stress={"CorrectedImage": ["ATTN"]}
    )
    for case in (judged(rest, stress), judged(rest=rest, stress=stress)):
        assert case.roles == ("stress", "rest")
        assert "attenuation corrected in stress, not corrected in rest" in case.cautions[0]


def test_two_patients_are_compared_only_by_name_and_with_a_caution(tmp_path):
    rest, stress = named(tmp_path, rest={"PatientID": "A"}, stress={"PatientID": "B"})
    with pytest.raises(CubeviewError, match=r"differs in patient number.*--rest FILE"):
        judged(rest, stress)
    case = judged(rest=rest, stress=stress)
    assert case.cautions == ("Not of one patient: patient number differs.",)


def test_a_report_is_written_for_each_case_and_replaces_nothing(scans, model, capsys, tmp_path):
    pytest.importorskip("highdicom", reason="there are no wheels of what it needs for this Python")
    pair = [scans / f"sim1-0000_{role}.dcm" for role in ("rest", "stress")]
    ask = ["report", *pair, "--model", "small", "--out", tmp_path, "--json"]
    case = judged(*pair)
    library = Library(data_dir() / "library.sqlite", "Anna")
    number = library.add_case(case, file_hashes(case))
    text = as_text(Scores({"stress": (1,) * 17}))
    library.label(number, None, label_set=SPECT_SET, scores=text)
    library.close()
    status, (record,), _ = run(capsys, *ask)
    assert (status, record["case"], record["left_out"]) == (0, "sim1-0000", [])
    assert record["scored_by"] == ["Anna"]
    assert b"Summed stress score by a reader" in (tmp_path / "sim1-0000/report.dcm").read_bytes()
    assert {"report.dcm", "page.dcm", "report.pdf", "stress_map.dcm"} < set(record["files"])
    status, _, said = run(capsys, *ask)
    assert status == 2
    assert "is there already" in said
    status, _, said = run(capsys, "report", scans / "sky", "--out", tmp_path / "sky")
    assert status == 2
    assert "reports are of hearts" in said
