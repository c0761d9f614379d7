"""The log of a session: there when something went wrong, and without a word of any case."""

import faulthandler
import logging
import subprocess
import sys

import pytest

from cubeview import crashlog
from cubeview.io.opened import one_refused
from cubeview.paths import data_dir

PATIENT = "Doe^Jane"
log = logging.getLogger("cubeview.test")


@pytest.fixture
def running():
    was_on = faulthandler.is_enabled()
    crashlog.start()
    yield
    crashlog.stop()
    logging.getLogger("cubeview").setLevel(logging.NOTSET)
    if was_on:
        faulthandler.enable(sys.__stderr__)


def test_what_went_wrong_is_told_and_of_no_case_a_word(running, caplog, tmp_path):
    try:
        try:
            raise KeyError(f"/scans/{PATIENT}.dcm")
        except KeyError as error:
            raise ValueError(f"{PATIENT} has no slices") from error
    except ValueError as error:
        log.warning("of %s: %s", PATIENT, error, exc_info=True)
    logging.getLogger("pydicom").warning(f"odd name {PATIENT}")
    with one_refused(tmp_path / PATIENT, []):
        raise TypeError(PATIENT)
    told = crashlog.told()
    assert "WARNING cubeview.test: of %s: %s" in told
    assert "builtins.ValueError" in told
    assert "builtins.KeyError" in told
    assert f"tests/{__name__.rpartition('.')[2]}.py:" in told
    assert "a file could not be read" in told
    assert "builtins.TypeError" in told
    assert PATIENT not in told
    assert PATIENT not in "".join(file.read_text() for file in data_dir().glob("cubeview-*.txt"))
    assert PATIENT not in crashlog.places(TypeError(PATIENT))


def test_the_log_turns_round_and_a_report_has_its_end(running):
    (handler,) = [
        h for h in logging.getLogger().handlers if isinstance(h.formatter, crashlog._Bare)
    ]
    handler.maxBytes = 9000
    for _ in range(600):
        log.info("a line that is as long as lines of a log usually are")
    log.info("the last line")
    files = sorted(data_dir().glob("cubeview-log*"))
    assert len(files) == 4
    assert all(file.stat().st_size <= 9000 for file in files)
    assert len(crashlog.told().splitlines()) <= 151
    assert "the last line" in crashlog.told()


def test_where_the_program_was_when_it_crashed_is_written_down(own_home):
    code = (
        "import ctypes; from cubeview import crashlog; crashlog.start()\n"
        "def fatal(): ctypes.string_at(0)\nfatal()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode != 0
    assert "in fatal" in crashlog.told()


def test_a_home_nothing_can_be_written_to_is_no_fault(monkeypatch):
    def refuse(*_, **__):
        raise OSError("read-only")

    monkeypatch.setattr(crashlog, "_file", refuse)
    crashlog.start()
    assert crashlog.told() == ""
