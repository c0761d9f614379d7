"""A label finds its scan again by pixels, whatever became of its file."""

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless

from cubeview.commands.common import public_name
from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.io.corrections import pixel_hash
from cubeview.io.identity import content_hash, identity
from cubeview.kinds import kind_of
from cubeview.library.folder import scan_folder
from cubeview.library.library import Library
from cubeview.library.stored import hashes_of, open_stored, rewritten
from tests.io.dicom.nm_files import nm, truth, write
from tests.io.dicom.volume_files import SHAPE, single

SET = "SPECT perfusion"


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path / "library.sqlite", "me")
    yield made
    made.close()


def pair(folder, **extra):
    folder.mkdir(exist_ok=True)
    for shift, state in enumerate(("rest", "stress")):
        ds = nm(stored=truth() + 9 * shift, StudyInstanceUID="1.2.3", SeriesDescription=state)
        for keyword, value in extra.items():
            setattr(ds, keyword, value)
        write(ds, folder / state)
    return folder


def known(library, folder):
    """Return the number of the case of a folder, and whether only its pixels say so."""
    (case,) = open_paths([folder]).cases
    hashes = hashes_of(library, case)
    return library.find(identity(case, hashes)), rewritten(library, case, hashes)


def labelled(library, folder):
    (case,) = open_paths([folder]).cases
    number = library.add_case(case, hashes_of(library, case))
    library.label(number, "healthy", label_set=SET)
    return number


def compressed(folder, at):
    at.mkdir()
    for path in folder.iterdir():
        ds = pydicom.dcmread(path)
        ds.compress(RLELossless)
        ds.save_as(at / f"{path.name}.rle")
    return at


def test_a_scan_is_known_again_after_renaming_pseudonyms_and_compression(library, tmp_path):
    first = pair(tmp_path / "first")
    number = labelled(library, first)
    assert known(library, first) == (number, False)
    other = {"PatientID": "P-1", "PatientName": "P-1", "StudyDate": "", "StudyInstanceUID": "1.2.9"}
    for folder in (pair(tmp_path / "named", **other), compressed(first, tmp_path / "packed")):
        assert known(library, folder) == (number, True)
        (found,) = scan_folder(library, [folder]).cases
        assert found.known
    assert library.current(SET)[number, "me"].class_name == "healthy"


def test_it_opens_from_its_new_file_where_the_first_has_gone(library, tmp_path):
    first = pair(tmp_path / "first")
    number = labelled(library, first)
    packed = compressed(first, tmp_path / "packed")
    for path in first.iterdir():
        path.unlink()
    with pytest.raises(CubeviewError, match="not where it was"):
        open_stored(library, number)
    (case,) = open_paths([packed]).cases
    library.found_again(case, hashes_of(library, case))
    assert open_stored(library, number).roles == ("stress", "rest")
    # What else lies there by then is not taken for it.
    write(nm(stored=truth() + 77, SeriesDescription="rest"), packed / "rest.rle")
    with pytest.raises(CubeviewError, match="has changed"):
        open_stored(library, number)


def test_other_pixels_and_no_pixels_are_nobody_s(library, tmp_path):
    labelled(library, pair(tmp_path / "first"))
    more = pair(tmp_path / "more", StudyInstanceUID="1.2.4")
    write(nm(stored=truth() + 5, StudyInstanceUID="1.2.4", SeriesDescription="rest"), more / "rest")
    assert known(library, more) == (None, True)
    blank = {"PixelData": bytes(truth().size * 2)}
    labelled(library, pair(tmp_path / "blank", **blank))
    assert known(library, pair(tmp_path / "void", PatientID="2", **blank)) == (None, False)


def test_exchanged_states_are_another_reading(library, tmp_path):
    first = pair(tmp_path / "first")
    number = labelled(library, first)
    (case,) = open_paths([compressed(first, tmp_path / "packed")]).cases
    swapped = case.swapped()
    assert library.find(identity(swapped, hashes_of(library, swapped))) is None
    assert library.find(identity(case, hashes_of(library, case))) == number


# --- What is put together from several files.


def slices(folder, *, last=600, folders=1):
    """Write six slices, the last of a value of its own, into one folder or several."""
    for number in range(6):
        ds = single("PT", number, 4.0 * number, RescaleSlope="1", RescaleIntercept="0")
        ds.SOPInstanceUID = f"1.2.3.{number}"
        if number == 5:
            ds.PixelData = np.full(SHAPE, last, "<u2").tobytes()
        at = folder / str(number % folders)
        at.mkdir(parents=True, exist_ok=True)
        write(ds, at / f"{number}.dcm")
    return folder


def test_a_volume_is_known_by_all_its_files(library, tmp_path):
    number = labelled(library, slices(tmp_path / "one"))
    assert known(library, slices(tmp_path / "same")) == (number, False)
    assert known(library, slices(tmp_path / "other", last=700)) == (None, False)
    (tmp_path / "same" / "0" / "5.dcm").unlink()
    assert known(library, tmp_path / "same") == (None, False)


def test_a_volume_of_several_folders_opens_whole_from_the_library(library, tmp_path):
    folder = slices(tmp_path / "one", folders=3)
    number = labelled(library, folder)
    again = open_stored(library, number)
    assert again.main.plane(0, 5).max() == 600
    assert again.main.shape == (6, *SHAPE)
    folder.rename(tmp_path / "moved")
    with pytest.raises(CubeviewError, match="of its 6 volume files 6 cannot be found"):
        open_stored(library, number)
    (case,) = open_paths([tmp_path / "moved"]).cases
    assert library.found_again(case, hashes_of(library, case))
    assert not library.found_again(case, hashes_of(library, case))
    assert open_stored(library, number).main.plane(0, 5).max() == 600
    slices(tmp_path / "moved", folders=3, last=5)
    with pytest.raises(CubeviewError, match="the content of its volume file has changed"):
        open_stored(library, number)


def test_a_label_of_a_volume_known_by_its_first_file_is_still_found(library, tmp_path):
    """So identities were made up to format 5 of the library."""
    folder = slices(tmp_path / "one", folders=2)
    (case,) = open_paths([folder]).cases
    old = {"flux": content_hash(case.main.source.path)}
    number = library.add_case(case, old)
    with library.transaction() as run:
        run.execute("DELETE FROM beside")
    assert known(library, folder) == (number, False)
    assert library.found_again(case, hashes_of(library, case))
    assert open_stored(library, number).main.shape == (6, *SHAPE)
    (other,) = open_paths([slices(tmp_path / "other", last=700)]).cases
    with library.transaction() as run:
        run.execute("INSERT INTO contents VALUES (?, '', ?)", (old["flux"], pixel_hash(case.main)))
    assert hashes_of(library, other) != old


def test_a_file_named_after_its_patient_gives_no_name_to_a_document(tmp_path):
    path = tmp_path / "DOE_JANE.nii"
    nibabel.save(nibabel.Nifti1Image(np.arange(60, dtype=np.float32).reshape(3, 4, 5), None), path)
    (case,) = open_paths([path]).cases
    assert "DOE" in case.name
    assert public_name(case) == f"{kind_of(case).name} {content_hash(path)[:8]}"
    assert kind_of(case).called("flux") == kind_of(case).name
