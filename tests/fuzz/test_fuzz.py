"""A few hundred mutants with fixed seed, and the bugs that longer runs have found."""

import gzip
import struct
import sys
import time

import pytest

from cubeview.errors import CubeviewError
from cubeview.io import open_path, open_paths
from tests.fuzz.fuzz import originals, run

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


def test_a_length_of_four_gigabytes_sets_no_memory_aside(tmp_path):
    # Explicit VR, a value of OB whose length is a lie.
    meta = struct.pack("<HH2sHI", 2, 0, b"UL", 4, 0)
    element = struct.pack("<HH2sHI", 8, 8, b"OB", 0, 0xFFFFFFF0) + b"short"
    path = tmp_path / "lie.dcm"
    path.write_bytes(bytes(128) + b"DICM" + meta + element)
    (refusal,) = open_paths([path]).refusals
    assert "memory" not in refusal.reason


def test_a_gzip_bomb_of_dicom_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("cubeview.io.dicom_file.MAX_INFLATED_BYTES", 2**20)
    element = struct.pack("<HH2sHI", 8, 5, b"CS", 4, 0)
    path = tmp_path / "bomb.dcm.gz"
    path.write_bytes(gzip.compress(bytes(128) + b"DICM\2\0\0\0UL\4\0" + element + bytes(2**22)))
    with pytest.raises(CubeviewError, match="unpacks to more than"):
        open_path(path)
