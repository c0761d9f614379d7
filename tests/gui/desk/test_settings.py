import logging
from pathlib import Path

from PyQt6.QtCore import QByteArray, QSettings

from cubeview.gui.desk.settings import EARLIER, MOST_RECENT, Settings, SettingsFile
from cubeview.paths import data_dir


def ini():
    return QSettings(str(data_dir() / "settings.ini"), QSettings.Format.IniFormat)


def test_nothing_saved_gives_the_defaults(qapp):
    assert SettingsFile().settings == Settings()
    assert SettingsFile().layout() is None


def test_settings_come_back_with_their_types(qapp):
    memory = SettingsFile()
    memory.change(theme="light", occlusion_patch=4, research_use_seen=True, recent=("/a",))
    again = SettingsFile().settings
    assert again == memory.settings
    assert again.recent == ("/a",)
    assert again.research_use_seen is True


def test_bad_and_unknown_values_are_left_out_and_logged(qapp, caplog):
    store = ini()
    store.setValue("settings/theme", '"pink"')
    store.setValue("settings/occlusion_patch", '"8"')
    store.setValue("settings/occlusion_stride", "true")
    store.setValue("settings/recent", "not json")
    store.setValue("settings/of_the_future", "1")
    store.setValue("settings/folder", '"/scans"')
    store.sync()
    with caplog.at_level(logging.WARNING):
        settings = SettingsFile().settings
    assert settings == Settings(folder="/scans")
    assert len(caplog.records) == 4


def test_recent_files_are_few_and_the_newest_leads(qapp):
    memory = SettingsFile()
    for number in range(MOST_RECENT + 3):
        memory.opened([Path(f"/scans/{number}.dcm")])
    memory.opened([Path("/scans/9.dcm")])
    recent = memory.settings.recent
    assert len(recent) == MOST_RECENT
    assert recent[0].endswith("9.dcm")
    assert len(set(recent)) == MOST_RECENT


def test_a_damaged_layout_is_no_layout(qapp):
    memory = SettingsFile()
    memory.save_layout(QByteArray(b"g"), QByteArray(b"s"))
    assert SettingsFile().layout() == (QByteArray(b"g"), QByteArray(b"s"))
    store = ini()
    store.setValue("window/state", 7)
    store.sync()
    assert SettingsFile().layout() is None


def test_a_line_break_in_a_name_is_part_of_the_name(qapp, tmp_path):
    memory = SettingsFile(tmp_path)
    odd, pair = tmp_path / "two\nlines.fits", [tmp_path / "rest.dcm", tmp_path / "stress.dcm"]
    memory.opened([odd])
    memory.opened(pair)
    memory.change(recent=(*memory.settings.recent, "/old/a\n/old/b"))
    old = [Path("/old/a"), Path("/old/b")]
    assert SettingsFile(tmp_path).recent() == [pair, [odd], old]


def test_recent_files_are_called_as_the_cases_they_held(qapp, tmp_path):
    memory = SettingsFile(tmp_path)
    memory.change(recent=("/a/DOE_JANE.nii", "/a/field.fits"))
    assert memory.titles() == [EARLIER, ""]
    memory.opened([tmp_path / "DOE_JOHN.dcm"], "Case 6BBC")
    memory.opened([tmp_path / "other.fits"])
    memory.opened([tmp_path / "DOE_JOHN.dcm"], "Case 6BBC")
    again = SettingsFile(tmp_path)
    assert again.titles() == ["Case 6BBC", "", EARLIER, ""]
    assert [paths[0].name for paths in again.recent()][:2] == ["DOE_JOHN.dcm", "other.fits"]
