"""A few hundred mutants with fixed seed, and the bugs that longer runs have found."""

import gzip
import struct
import sys
import time

import pytest

from cubeview.errors import CubeviewError
from cubeview.io import open_path, open_paths
from tests.fuzz.fuzz import originals, run
from tests.io.dicom.nm_files import nm, write

MUTANTS = 400


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_damaged_files_are_opened_or_refused(shared_data):
    outcome = run(originals(shared_data), seed=2, numbers=range(MUTANTS), seconds=30)
    assert not outcome.bugs, "\n".join(
        f"{bug.kind} {bug.number} {bug.detail}" for bug in outcome.bugs
    )
    assert outcome.counts["ok"] > 5
    assert sum(outcome.counts.values()) == MUTANTS


@pytest.mark.parametrize("first", [(), ("NAXIS   =                    1",)])
def test_two_thousand_million_axes_are_refused_at_once(tmp_path, first):
    cards = ("SIMPLE  =                    T", "BITPIX  =                    8", *first)
    cards += ("NAXIS   =           2147483647", "NAXIS1  =                   10", "END")
    path = tmp_path / "axes.fits"
    path.write_bytes("".join(card.ljust(80) for card in cards).ljust(2880).encode())
    began = time.process_time()
    with pytest.raises(CubeviewError, match="declares 2,147,483,647 axes"):
        open_path(path)
    assert time.process_time() - began < 2


def test_a_part_of_negative_size_is_no_endless_loop(tmp_path):
    primary = ("SIMPLE  =                    T", "BITPIX  =                    8")
    primary += ("NAXIS   =                    0", "EXTEND  =                    T", "END")
    image = ("XTENSION= 'IMAGE   '", "BITPIX  =                    8")
    image += ("NAXIS   =                    1", "NAXIS1  =                   10")
    image += ("PCOUNT  =                -6000", "GCOUNT  =                    1", "END")
    parts = ["".join(card.ljust(80) for card in cards).ljust(2880) for cards in (primary, image)]
    path = tmp_path / "back.fits"
    path.write_bytes("".join(parts).encode() + bytes(2880))
    began = time.process_time()
    assert open_paths([path]).refusals
    assert time.process_time() - began < 2


def test_a_length_of_four_gigabytes_sets_no_memory_aside(tmp_path):
    # Explicit VR, a value of OB whose length is a lie.
    meta = struct.pack("<HH2sHI", 2, 0, b"UL", 4, 0)
    element = struct.pack("<HH2sHI", 8, 8, b"OB", 0, 0xFFFFFFF0) + b"short"
    path = tmp_path / "lie.dcm"
    path.write_bytes(bytes(128) + b"DICM" + meta + element)
    (refusal,) = open_paths([path]).refusals
    assert "memory" not in refusal.reason


def test_header_text_in_the_place_of_a_syntax_reaches_no_message(tmp_path):
    path = write(nm(), tmp_path / "scan.dcm")
    written = b"1.2.840.10008.1.2.1\0"
    assert path.read_bytes().count(written) == 1
    path.write_bytes(path.read_bytes().replace(written, b"\0\x80DOE^JANE 10008.1.2"))
    (refusal,) = open_paths([path]).refusals
    assert "an unknown format" in refusal.reason
    assert "DOE" not in refusal.reason
    assert refusal.reason.isprintable()


def test_a_gzip_bomb_of_dicom_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("cubeview.io.dicom.file.MAX_INFLATED_BYTES", 2**20)
    element = struct.pack("<HH2sHI", 8, 5, b"CS", 4, 0)
    path = tmp_path / "bomb.dcm.gz"
    path.write_bytes(gzip.compress(bytes(128) + b"DICM\2\0\0\0UL\4\0" + element + bytes(2**22)))
    with pytest.raises(CubeviewError, match="unpacks to more than"):
        open_path(path)


@pytest.mark.parametrize("odd", ["NAXIS2  = -64", "BITPIX  = 0"])
def test_voxels_that_cannot_be_are_refused(tmp_path, odd):
    cards = ["SIMPLE  =                    T", "BITPIX  =                  -32"]
    cards += ["NAXIS   =                    4"]
    cards += [f"NAXIS{n}  =                    {n + 1}" for n in range(1, 5)]
    cards = [odd if card[:8] == odd[:8] else card for card in cards] + ["END"]
    path = tmp_path / "odd.fits"
    path.write_bytes("".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(28800))
    assert open_paths([path]).refusals
