"""The worklist, cases opened again from their files, folders, and pictures."""

import json
import shutil

import numpy as np
import pytest

from cubeview.cubes.answer import Prediction
from cubeview.cubes.case import taken_apart
from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.io.identity import file_hashes, identity
from cubeview.library.answers import features, keep, packed
from cubeview.library.corrected import take_place
from cubeview.library.folder import add_found, scan_folder
from cubeview.library.library import Library
from cubeview.library.schema import SKY_SET, SPECT_SET
from cubeview.library.stored import (
    THUMBNAIL_PX,
    hash_of,
    hashes_of,
    open_stored,
    thumbnails,
    window_box,
    without_thumbnail,
)
from cubeview.library.worklist import FeatureSpace, by_distance, labelled, ordered, rows
from tests.helpers.cases import case_of
from tests.helpers.nmfolder import write_hearts

SETS = {"heart": SPECT_SET, "sky": SKY_SET}


@pytest.fixture
def library(tmp_path):
    library = Library(tmp_path / "library.sqlite", "Anna")
    yield library
    library.close()


def add(library, folder, number, **odds):
    case = case_of(folder, number)
    found = library.add_case(case, file_hashes(case))
    if odds:
        answer = Prediction(case, "m", odds, None, device="CPU", seconds=0, weights="w")
        keep(library, found, packed(answer, np.array([number, 0])))
    return found


def test_orders(library, tmp_path):
    sure = add(library, tmp_path, 1, healthy=0.99, mixed=0.01)
    torn = add(library, tmp_path, 2, healthy=0.5, mixed=0.5)
    far = add(library, tmp_path, 9, healthy=0.8, mixed=0.2)
    bare = add(library, tmp_path, 4)
    library.label(sure, "mixed", label_set=SPECT_SET)
    found = rows(library, SETS)

    def order(name):
        return [row.id for row in ordered(found, name)]

    assert order("as listed") == [sure, torn, far, bare]
    assert order("most doubtful") == [torn, far, sure, bare]
    space = FeatureSpace(features(library, "w"), labelled(found))
    different = [row.id for row in by_distance(found, space.distances)]
    assert different == [far, torn, sure, bare]
    assert order("disagreement")[0] == sure
    assert found[1].doubt == pytest.approx(1.0)
    assert found[0].differs
    assert not found[2].differs


def test_distances_without_a_label_start_from_the_middle():
    features = {n: np.array([v, 0.0]) for n, v in enumerate((0.0, 1.0, 5.0))}
    far = FeatureSpace(features, set()).distances
    assert max(far, key=far.get) == 2
    assert FeatureSpace({}, {1}).distances == {}
    assert set(FeatureSpace(features, {0, 1}).distances) == {2}


def test_after_each_label_what_lies_near_it_is_no_longer_different():
    features = {n: np.array([v, 0.0]) for n, v in enumerate((0.0, 9.0, 9.5, -5.0))}
    space = FeatureSpace(features, {0})
    assert max(space.distances, key=space.distances.get) == 2
    space.follow({0, 2})
    assert max(space.distances, key=space.distances.get) == 3, "not 2's neighbour 1"
    for labels in ({0, 2}, {0}, set(), {1, 2, 3}):
        space.follow(labels)
        assert space.distances == pytest.approx(FeatureSpace(features, labels).distances)


def test_other_readers_are_beside_ones_own(library, tmp_path):
    number = add(library, tmp_path, 1)
    other = Library(library.path, "Ben")
    other.label(number, "mixed", label_set=SPECT_SET)
    other.close()
    library.label(number, "healthy", label_set=SPECT_SET, quality="poor", note="n")
    (row,) = rows(library, SETS, case_id=number)
    assert (row.label, row.others, row.quality, row.note) == (
        "healthy",
        (("Ben", "mixed"),),
        "poor",
        "n",
    )
    assert row.differs


def test_pseudonyms_that_meet_are_told_apart(library, tmp_path):
    from dataclasses import replace

    for number in range(3):
        case = replace(case_of(tmp_path, number), name="Case [A1]*")
        library.add_case(case, file_hashes(case))
    assert [row.name for row in rows(library, SETS)] == [
        "Case [A1]*",
        "Case [A1]*-2",
        "Case [A1]*-3",
    ]


def test_features_stay_when_the_model_is_asked_again(library, tmp_path):
    number = add(library, tmp_path, 1, healthy=1.0)
    case = case_of(tmp_path, 1)
    keep(
        library,
        number,
        packed(Prediction(case, "m", {"mixed": 1.0}, None, device="CPU", seconds=0, weights="w")),
    )
    assert features(library, "w")[number].tolist() == [1, 0]
    assert rows(library, SETS)[0].answer == "mixed"


def test_a_folder_is_scanned_added_and_opened_again(library, tmp_path):
    folder = write_hearts(tmp_path / "scans", 3, ("stress", "rest"))
    (folder / "0003").mkdir()
    (folder / "0003" / "torn.dcm").write_bytes((folder / "0000" / "rest.dcm").read_bytes()[:800])
    (folder / "notes.txt").write_text("no scan")
    said = []
    scan = scan_folder(library, [folder], report=lambda f, text: said.append(f))
    counts = scan.summary()
    assert (counts["paired"], counts["unreadable"], counts["known"]) == (3, 1, 0)
    assert "torn.dcm" in scan.refusals[0].reason
    assert said == sorted(said)
    assert rows(library, SETS) == []
    numbers = add_found(library, scan.new)
    assert scan_folder(library, [folder]).summary()["known"] == 3
    case = open_stored(library, numbers[1])
    assert case.roles == ("stress", "rest")
    assert case.name == rows(library, SETS)[1].name
    assert "paired" in " ".join(case.evidence)
    pictures = thumbnails(library, numbers)
    assert {len(grey) for _, grey in pictures.values()} == {2 * THUMBNAIL_PX**2}
    assert without_thumbnail(library) == []


def test_roles_the_user_exchanged_come_back_exchanged(library, tmp_path):
    (case,) = open_paths([write_hearts(tmp_path / "scans", 1, ("stress", "rest"))]).cases
    swapped = case.swapped()
    number = library.add_case(swapped, hashes_of(library, swapped))
    again = open_stored(library, number)
    files = {role: cube.source.path for role, cube in swapped.cubes.items()}
    assert {role: cube.source.path for role, cube in again.cubes.items()} == files
    assert again.question == ""


def test_a_changed_or_missing_file_is_said_without_its_path(library, tmp_path):
    folder = write_hearts(tmp_path / "scans", 2)
    first, second = add_found(library, scan_folder(library, [folder]).new)
    (folder / "0000" / "stress.dcm").unlink()
    with pytest.raises(CubeviewError, match="not where it was") as said:
        open_stored(library, first)
    assert str(tmp_path) not in str(said.value)
    (folder / "0001" / "stress.dcm").write_bytes(
        (folder / "0001" / "stress.dcm").read_bytes() + b"\0"
    )
    with pytest.raises(CubeviewError, match="has changed"):
        open_stored(library, second)


def test_an_unchanged_file_is_hashed_once(library, tmp_path, monkeypatch):
    from cubeview.library import stored

    path = tmp_path / "scan"
    path.write_bytes(b"one")
    first = hash_of(library, path)
    monkeypatch.setattr(stored, "content_hash", lambda *a, **k: pytest.fail("read again"))
    assert hash_of(library, path) == first
    monkeypatch.undo()
    path.write_bytes(b"another")
    assert hash_of(library, path) != first


def test_windows_as_text():
    assert window_box("1:33,0:32,5:37") == (slice(1, 33), slice(0, 32), slice(5, 37))
    assert window_box("") is None


def test_the_audit_log_holds_no_name_and_no_path(library, tmp_path):
    folder = write_hearts(tmp_path / "Doe^Jane", 1)
    (number,) = add_found(library, scan_folder(library, [folder]).new)
    library.label(number, "mixed", label_set=SPECT_SET)
    log = library.read("SELECT reader, action, identity, detail FROM audit ORDER BY id", ())
    assert "Doe" not in json.dumps(log)
    assert "Wren" not in json.dumps(log)
    assert {"added", "labelled"} <= {action for _, action, _, _ in log}


def test_an_interrupted_scan_goes_on_where_it_stopped(library, tmp_path, monkeypatch):
    from cubeview.errors import Cancelled
    from cubeview.library import folder as module

    scans, kept, opened = write_hearts(tmp_path / "scans", 3), {}, []
    genuine = module.open_paths
    monkeypatch.setattr(
        module, "open_paths", lambda files, **k: opened.append(files) or genuine(files, **k)
    )

    def stop(fraction, text):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        scan_folder(library, [scans], kept=kept, report=stop)
    assert len(opened) == 2
    assert len(scan_folder(library, [scans], kept=kept).cases) == 3
    assert len(opened) == 4, "the first group was not opened again"


def test_masks_beside_scans_come_not_into_the_library(library, shared_data, tmp_path):
    for path in (shared_data / "spect_physionet").glob("*10284337*"):
        shutil.copy(path, tmp_path)
    assert list(tmp_path.glob("*.nii.gz"))
    (found,) = scan_folder(library, [tmp_path]).cases
    ((_, _, path, _),) = found.files.values()
    assert path.endswith(".dcm")


def test_a_pair_that_is_taken_apart_leaves_the_library_unless_it_was_labelled(library, tmp_path):
    folder = write_hearts(tmp_path / "scans", 2, ("stress", "rest"))
    for pair, label in zip(open_paths([folder]).cases, (None, "mixed"), strict=True):
        row = library.add_case(pair, hashes_of(library, pair))
        if label:
            library.label(row, label, label_set=SPECT_SET)
        stress, _ = taken_apart(pair)
        assert take_place(library, stress, hashes_of(library, stress)) is not None
        known = identity(pair, hashes_of(library, pair))
        assert (library.find(known) is not None) == bool(label)
