"""What happens to a library while a window has it: full disk, damage, formats, other windows."""

import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest
from PyQt6.QtGui import QKeySequence
from PyQt6.QtTest import QTest

from cubeview.gui.shell.window import Window
from cubeview.io import open_paths
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET, VERSION
from tests.gui.desk.test_labelling import texts
from tests.helpers.nmfolder import write_hearts
from tests.helpers.smalldisk import fill, small_disk
from tests.library.test_repair import old_library


@pytest.fixture
def scan(tmp_path):
    return write_hearts(tmp_path / "scans", 1)


@pytest.fixture
def show(qtbot, network, scan):
    """Open a window on a library file, with one case in it; close it when done."""
    opened = []

    def put(path):
        window = Window(library=path)
        qtbot.addWidget(window)
        window.show()
        opened.append(window)
        (case,) = open_paths([scan]).cases
        window.session.add_cases((case,))
        window.session.set_case(case)
        qtbot.waitUntil(lambda: not window.jobs.running(), timeout=10_000)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield put
    for window in opened:
        window.close()


def press(window, key):
    QTest.keySequence(window, QKeySequence(key))


def test_a_full_disk_is_said_and_labelling_goes_on_with_space(show, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        window = show(disk / "library.sqlite")
        press(window, "1")
        filler, count = fill(disk), 0
        while not any("free space" in text for text in texts(window)):
            press(window, "12345"[count % 5])
            count += 1
            assert count < 5000
        library = window.records.library
        shown = window.desk.labelling.placed.class_name
        assert len(library.history(1, SPECT_SET)) == count, "all but the refused one are there"
        assert window.labels.buttons[shown].isChecked(), "what is shown is what is on disk"
        filler.unlink()
        press(window, "4")
        assert window.desk.labelling.placed.class_name == "mixed"
        assert len(library.history(1, SPECT_SET)) == count + 1
        window.close()


def test_a_read_only_disk_is_said_before_and_while_labelling(show, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        window = show(disk / "library.sqlite")
        press(window, "1")
        window.close()
        remount = ["mount", "-o", "remount,{}", str(disk)]
        subprocess.run([word.format("ro") for word in remount], check=True)
        window = show(disk / "library.sqlite")
        assert any("read-only" in text for text in texts(window))
        press(window, "2")
        assert not window.labels.buttons
        assert "read-only" in window.labels.what.text()
        window.close()
        subprocess.run([word.format("rw") for word in remount], check=True)
        window = show(disk / "library.sqlite")
        assert window.desk.labelling.placed.class_name == "healthy"
        window.close()


def test_a_damaged_library_is_set_aside_restored_and_told(show, tmp_path):
    path = tmp_path / "library.sqlite"
    window = show(path)
    press(window, "3")
    window.close()
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    path.write_bytes(content)
    window = show(path)
    (said,) = (text for text in texts(window) if "damaged" in text)
    assert "set aside as library-damaged-" in said
    assert "The backup of" in said
    assert window.desk.labelling.placed.class_name == "infarcted"
    assert list(tmp_path.glob("library-damaged-*"))
    press(window, "1")
    assert window.desk.labelling.placed.class_name == "healthy"


def test_a_newer_library_is_refused_kindly_and_not_touched(show, tmp_path):
    path = tmp_path / "library.sqlite"
    Library(path, "Anna").close()
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA user_version = {VERSION + 1}")
    raw.close()
    before = path.read_bytes()
    window = show(path)
    assert any("made by a newer CubeView" in text for text in texts(window))
    assert "Update CubeView" in window.labels.what.text()
    press(window, "1")
    window.close()
    assert path.read_bytes() == before


def test_an_older_library_is_brought_up_to_date_and_kept(show, tmp_path):
    path = tmp_path / "library.sqlite"
    old_library(path)
    window = show(path)
    assert any("kept as library-format1.sqlite" in text for text in texts(window))
    assert window.records.rows()[0].others == (("Anna", "mixed"),)
    press(window, "1")
    assert window.desk.labelling.placed.class_name == "healthy"
    assert path.with_name("library-format1.sqlite").is_file()


OTHER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from PyQt6.QtGui import QKeySequence
    from PyQt6.QtTest import QTest
    from cubeview.gui.shell.app import application
    from cubeview.gui.desk.settings import SettingsFile
    from cubeview.gui.shell.window import Window
    from cubeview.io import open_paths

    app = application()
    memory = SettingsFile()
    memory.change(reader="Ben")
    window = Window(memory, Path(sys.argv[1]))
    window.show()
    (case,) = open_paths([Path(sys.argv[2])]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    window.activateWindow()
    while not window.isActiveWindow():
        app.processEvents()
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(100):
        QTest.keySequence(window, QKeySequence(str(number % 5 + 1)))
        app.processEvents()
    print(*(m.text for m in window.messages.messages() if "could not" in m.text), flush=True)
    window.close()
""")


def test_two_programs_label_at_once(show, scan, tmp_path):
    path = tmp_path / "library.sqlite"
    window = show(path)
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path), str(scan)],
        env={**os.environ, "CUBEVIEW_HOME": str(tmp_path / "home")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n")
        other.stdin.flush()
        for number in range(100):
            press(window, str(number % 5 + 1))
        assert other.stdout.readline().strip() == ""
    assert other.returncode == 0
    said = window.records.library.history(1, SPECT_SET)
    assert len(said) == 200
    assert len([label for label in said if label.reader == "Ben"]) == 100
    assert not any("could not" in text for text in texts(window))
    window.records.look()
    assert window.records.rows()[0].others == (("Ben", "artefact"),)
    assert window.records.library.read("PRAGMA integrity_check", ()) == [("ok",)]
