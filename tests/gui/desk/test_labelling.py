"""Labels placed in the real window, by keys, on real (small, simulated) files."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMenu

from cubeview.cubes.answer import Prediction
from cubeview.gui.dialogs.plan import PlanDialog
from cubeview.gui.shell.window import Window
from cubeview.io import open_paths
from cubeview.io.export.dicom import write_nm
from cubeview.io.export.fits import write_cube
from cubeview.library.answers import keep, packed
from cubeview.library.exchange import apply_import
from cubeview.library.library import Library
from cubeview.library.schema import SKY_SET, SPECT_SET
from cubeview.library.table_import import plan_any
from tests.gui.fakes import HEART_WEIGHTS, make_heart, make_sky
from tests.gui.keys import press
from tests.helpers.nmfolder import small_scan, write_hearts

NAMES = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")


def texts(window):
    return [message.text for message in window.messages.messages() if not message.asks]


@pytest.fixture
def quiet(qtbot):
    """Wait until nothing is being worked on, neither asked nor opened."""

    def wait(window):
        def done():
            jobs = (*window.jobs.running(), *window.records.jobs.running())
            return not jobs and not window.desk.subject.busy

        qtbot.waitUntil(done, timeout=60_000)

    return wait


@pytest.fixture
def imported(window, tmp_path, quiet, qtbot):
    """Import a folder of hearts through its box."""

    def put(count, roles=("stress",)):
        window.library_dialogs.scan(write_hearts(tmp_path / "scans", count, roles))
        quiet(window)
        (box,) = window.findChildren(PlanDialog)
        assert window.records.rows() == [], "nothing is added before the user says so"
        box.do_button.click()
        quiet(window)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return box

    return put


def label_all(window, quiet, count):
    for number in range(count):
        press(window, "N")
        quiet(window)
        assert window.worklist.selected() == [window.desk.subject.case_id], "what is shown"
        press(window, str(number % 5 + 1))
    press(window, "N")


def check_all(window, count):
    rows = window.records.rows()
    assert [row.label for row in rows] == [NAMES[n % 5] for n in range(count)]
    assert all(row.labelled_blind for row in rows)
    assert window.worklist.count.text() == f"{count} of {count} labelled"
    assert any(f"All {count} cases" in text for text in texts(window))
    library = Library(window.records.library.path, window.records.reader)
    kept = library.current(SPECT_SET)
    assert len(kept) == count
    library.close()
    assert len(window.session.cases) == 1, "cases opened from the library do not pile up"


def test_cases_are_labelled_by_keys(window, imported, quiet):
    imported(6)
    label_all(window, quiet, 6)
    check_all(window, 6)


def test_the_list_of_open_cases_follows_labels(window, imported, quiet):
    imported(1)
    press(window, "N")
    quiet(window)
    assert "labelled" not in window.cases.list.item(0).text()
    press(window, "3")
    press(window, "2")
    assert "labelled ischaemic" in window.cases.list.item(0).text()
    assert any(text.endswith(": infarcted → ischaemic") for text in texts(window))
    press(window, "Z")
    assert "labelled infarcted" in window.cases.list.item(0).text()
    press(window, "Z")
    assert "labelled" not in window.cases.list.item(0).text()


def test_a_folder_is_summed_up_before_anything_is_added(window, imported, tmp_path, quiet):
    (tmp_path / "scans" / "bad").mkdir(parents=True)
    bad = tmp_path / "scans" / "bad" / "torn.dcm"
    box = imported(3, ("stress", "rest"))
    assert box.lines == ["3 hearts with rest and stress"]
    bad.write_bytes((tmp_path / "scans" / "0000" / "rest.dcm").read_bytes()[:900])
    window.library_dialogs.scan(tmp_path / "scans")
    quiet(window)
    again = next(b for b in window.findChildren(PlanDialog) if b is not box and b.isVisible())
    assert "1 files that cannot be read" in again.lines
    assert "3 in the library already" in again.lines
    assert again.do_button is None
    again.reject()
    assert {row.state for row in window.records.rows()} == {"rest + stress"}


def test_unsure_quality_note_undo_and_back(window, imported, quiet, qtbot):
    imported(2)
    press(window, "N")
    quiet(window)
    first = window.desk.subject.case_id
    press(window, "2")
    press(window, "Q")
    window.labels.note.setFocus()
    qtbot.keyClicks(window.labels.note, "gut 1 uptake")
    qtbot.keyClick(window.labels.note, Qt.Key.Key_Return)
    window.setFocus()
    placed = window.desk.labelling.placed
    assert (placed.class_name, placed.quality, placed.note) == ("ischaemic", "poor", "gut 1 uptake")
    assert window.labels.buttons["ischaemic"].isChecked()
    assert window.labels.quality.isChecked()
    press(window, "U")
    assert window.desk.labelling.placed.class_name == "unsure"
    assert not window.desk.labelling.placed.sure
    press(window, "N")
    quiet(window)
    second = window.desk.subject.case_id
    assert second != first
    press(window, "Z")
    assert "Undone: " in texts(window)[0]
    assert window.records.row(first).label == "ischaemic"
    press(window, "Shift+Z")
    assert window.records.row(first).label == "unsure"
    press(window, "Backspace")
    quiet(window)
    assert window.desk.subject.case_id == first
    for _ in range(4):
        press(window, "Z")
    assert not window.labels.note.hasFocus()
    assert window.records.row(first).label is None
    assert window.desk.labelling.placed.quality == ""
    assert len(window.records.library.history(first, SPECT_SET)) == 10, "nothing is erased"


def test_blind_hides_opinions_and_the_label_records_what_was_seen(
    window, imported, quiet, tmp_path
):
    imported(2)
    press(window, "N")
    quiet(window)
    press(window, "P")
    quiet(window)
    assert window.predict.answer.text() == "Cannot judge", "stress alone: this model needs both"

    model, records, labelling = window.worklist.model, window.records, window.desk.labelling
    case = window.session.case
    for row in records.rows():
        odds = {"healthy": 0.2, "mixed": 0.8}
        answer = Prediction(
            case, "heart-net", odds, 0.8, device="CPU", seconds=0.1, weights=HEART_WEIGHTS
        )
        keep(records.library, row.id, packed(answer))
    window.worklist.refill()

    def shown(place, column):
        names = [entry.name for entry in model.columns]
        return model.data(model.index(place, names.index(column)), Qt.ItemDataRole.DisplayRole)

    assert shown(0, "prediction") == shown(0, "agreement") == shown(0, "probability") == "hidden"
    press(window, "1")
    assert labelling.placed.opinion_seen == ""
    assert (shown(0, "prediction"), shown(0, "agreement")) == ("mixed", "differs")
    assert shown(1, "prediction") == "hidden"
    press(window, "4")
    assert labelling.placed.opinion_seen == "heart-net", "by now it was seen"
    assert shown(0, "agreement") == "agrees"
    window.labels.blind.click()
    assert shown(1, "prediction") == "mixed"
    press(window, "N")
    quiet(window)
    press(window, "1")
    assert labelling.placed.opinion_seen == "heart-net"


def test_asking_answers_at_once_though_blind_and_is_recorded(window, imported, quiet):
    imported(1, ("stress", "rest"))
    press(window, "N")
    quiet(window)
    press(window, "P")
    quiet(window)
    assert window.predict.answer.text() == "Ischaemic"
    press(window, "2")
    assert window.desk.labelling.placed.opinion_seen == "heart-net"
    assert window.records.rows()[0].model == "heart-net"
    assert "heart-net" in window.labels.state.text()


def test_windows_of_a_sky_cube_are_labelled_listed_and_drawn(window, tmp_path, quiet, files):
    write_cube(make_sky().main, tmp_path / "field.fits")
    (case,) = open_paths([tmp_path / "field.fits"]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    quiet(window)
    window.session.set_cursor(20, 17, 16)
    press(window, "3")
    window.session.set_cursor(20, 30, 30)
    press(window, "1")
    marks = window.session.marks
    assert [mark.text for mark in marks] == ["emission line", "empty"]
    assert [(s.start, s.stop) for s in marks[0].box] == [(4, 36), (1, 33), (0, 32)]
    assert window.labels.windows.count() == 2
    sky = next(view for view in window.ortho.slices if view.axis == 0)
    assert not sky.marks.boundingRect().isEmpty()
    window.labels.windows.setCurrentRow(0)
    window.labels.windows.itemClicked.emit(window.labels.windows.item(0))
    assert window.session.window == marks[0].box
    assert window.desk.labelling.placed.class_name == "emission line"
    window.desk.library_cases.open(window.records.rows()[1].id)
    quiet(window)
    assert window.session.case is case, "an open cube is not opened again"
    assert window.desk.labelling.placed.class_name == "empty"
    window.session.close_case()
    window.desk.library_cases.open(window.records.rows()[0].id)
    quiet(window)
    assert window.desk.labelling.placed.class_name == "emission line"


def test_a_case_that_lies_in_no_file_cannot_be_labelled_and_says_why(window, with_case):
    with_case(make_sky())
    assert "no file" in window.labels.what.text()
    assert not window.labels.buttons["empty"].isEnabled()
    press(window, "1")
    assert window.records.rows() == []


def test_two_windows_see_each_others_labels(window, imported, quiet, qtbot):
    imported(2)
    other = Window()
    qtbot.addWidget(other)
    other.labels.reader.setText("Ben")
    other.labels.reader.editingFinished.emit()
    assert window.memory.settings.reader == "", "settings are read at start"
    other.worklist.next()
    quiet(other)
    other.desk.labelling.place("mixed")
    window.records.look()
    (row, _) = window.worklist.model.rows()
    assert row.others == (("Ben", "mixed"),)
    assert row.label is None
    window.worklist.next()
    quiet(window)
    window.desk.labelling.place("healthy")
    box = window.library_dialogs.show_agreement()
    assert "0 of 1 cases alike" in box.words.text()
    assert box.disputed.count() == 1
    box.close()
    other.close()


def test_a_library_that_cannot_be_opened_is_said_and_the_window_goes_on(qtbot, network, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    window = Window(library=tmp_path / "file" / "library.sqlite")
    qtbot.addWidget(window)
    assert any("library cannot be opened" in text for text in texts(window))
    assert not window.worklist.import_button.isEnabled()
    window.library_dialogs.ask_folder()
    window.close()


def test_labels_go_out_and_come_back_through_the_boxes(window, imported, quiet, tmp_path):
    imported(2)
    press(window, "N")
    quiet(window)
    press(window, "2")
    window.library_dialogs.export(SPECT_SET, tmp_path / "out.json")
    assert "1 labels" in texts(window)[0]
    text = (tmp_path / "out.json").read_text()
    (tmp_path / "in.json").write_text(text.replace(window.records.reader, "Ben"))
    window.library_dialogs.plan(tmp_path / "in.json")
    quiet(window)
    box = next(b for b in window.findChildren(PlanDialog) if b.isVisible())
    assert box.lines == ["1 labels for cases of this library"]
    assert window.records.rows()[0].others == ()
    box.do_button.click()
    quiet(window)
    assert window.records.rows()[0].others == (("Ben", "ischaemic"),)


def test_a_label_set_of_ones_own(window, imported, quiet):
    imported(1)
    press(window, "N")
    quiet(window)
    press(window, "2")
    box = window.library_dialogs.edit_sets()
    box.sets.setCurrentIndex(box.sets.count() - 1)
    box.sets.activated.emit(box.sets.currentIndex())
    box.name.setText("motion")
    box.table.item(0, 1).setText("still")
    box.add_class("moved")
    box.save()
    assert window.labels.sets.findText("motion") >= 0
    window.labels.sets.setCurrentText("motion")
    window.labels.sets.activated.emit(window.labels.sets.currentIndex())
    assert list(window.labels.buttons) == ["still", "moved"]
    press(window, "2")
    assert window.desk.labelling.placed.class_name == "moved"
    assert {e.class_name for e in window.records.library.history(1, SPECT_SET)} == {"ischaemic"}
    box = window.library_dialogs.edit_sets()
    box.table.item(1, 0).setText("1")
    box.save()
    assert "key" in box.problem.text()
    box.reject()


def test_a_key_pressed_while_the_next_case_is_being_opened_labels_nothing(window, imported, quiet):
    imported(2)
    press(window, "N")
    quiet(window)
    press(window, "N")
    press(window, "2")
    assert window.desk.subject.busy
    quiet(window)
    assert [row.label for row in window.records.rows()] == [None, None]


def test_the_list_is_filtered_searched_sorted_and_asked_in_the_background(
    window, imported, quiet, qtbot, monkeypatch
):
    imported(4)
    for number, name in ((1, "mixed"), (3, "healthy")):
        window.records.library.label(number, name, label_set=SPECT_SET)
    window.worklist.refill()
    panel = window.worklist
    panel.filter.setCurrentText("unlabelled")
    panel.filter.activated.emit(panel.filter.currentIndex())
    assert panel.model.shown == [2, 4]
    assert "2 shown" in panel.count.text()
    panel.filter.setCurrentText("all")
    panel.filter.activated.emit(0)
    panel.model.set_filter("all", "mixed stress")
    assert panel.model.shown == [1]
    panel.model.set_filter("all", "")
    panel.model.sort(1, Qt.SortOrder.DescendingOrder)
    assert panel.model.shown[:2] == [1, 3]
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_N)
    quiet(window)
    assert window.desk.subject.case_id == 2, "keys work while the list has the focus"
    qtbot.keyClick(panel.table, Qt.Key.Key_1)
    assert window.desk.labelling.placed.class_name == "healthy"
    qtbot.keyClick(panel.table, Qt.Key.Key_Z)
    qtbot.keyClick(panel.table, Qt.Key.Key_1)
    assert window.desk.labelling.placed.class_name == "healthy"
    qtbot.keyClick(panel.table, Qt.Key.Key_Z)
    panel.model.sort(-1)
    panel.table.selectAll()
    assert panel.ask_button.text() == "Classify 4 cases"
    asked = []

    def predict_cases(library, numbers, *, defaults, done, report):
        from cubeview.learn.ask.archive import Batch

        asked.extend(numbers)
        return Batch(0, 0, ((1, "Case 1: no heart."),))

    monkeypatch.setattr("cubeview.learn.ask.archive.predict_cases", predict_cases)
    panel.classify()
    quiet(window)
    assert sorted(asked) == [1, 2, 3, 4]
    assert "could not be: Case 1: no heart." in texts(window)[0]


def test_a_sky_cube_of_the_library_is_done_when_a_window_of_it_is(window, tmp_path, quiet, qtbot):
    (tmp_path / "sky").mkdir()
    write_cube(make_sky().main, tmp_path / "sky" / "field.fits")
    window.library_dialogs.scan(tmp_path / "sky")
    quiet(window)
    (box,) = window.findChildren(PlanDialog)
    assert box.lines == ["1 sky cubes, 0 other volumes"]
    box.do_button.click()
    quiet(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    press(window, "N")
    quiet(window)
    press(window, "3")
    press(window, "N")
    assert "All 2 cases" in texts(window)[0]
    whole, part = window.worklist.model.rows()
    assert (whole.is_whole_cube, whole.windows, part.label) == (True, 1, "emission line")
    assert window.worklist.count.text() == "1 of 1 labelled"


def test_a_case_whose_file_has_gone_is_passed_over(window, imported, quiet, tmp_path):
    imported(2)
    next((tmp_path / "scans" / "0000").iterdir()).unlink()
    press(window, "N")
    quiet(window)
    assert "not where it was" in texts(window)[0]
    assert window.session.case is None
    press(window, "N")
    quiet(window)
    press(window, "1")
    assert [row.label for row in window.records.rows()] == [None, "healthy"]
    press(window, "N")
    assert "but for 1 that could not be opened" in texts(window)[0]
    window.records.remove([1, 2])
    assert "1 cases removed" in texts(window)[0]
    assert [row.label for row in window.records.rows()] == ["healthy"]


def opinions(window, given):
    """Put a model's opinion and features of each case into the library."""
    case = window.session.case or make_heart()
    for number, (healthy, place) in given.items():
        odds = {"healthy": healthy, "mixed": 1 - healthy}
        answer = Prediction(
            case, "heart-net", odds, 0, device="CPU", seconds=0, weights=HEART_WEIGHTS
        )
        keep(window.records.library, number, packed(answer, np.array([place, 0.0])))
    window.worklist.refill()


def choose_order(window, quiet, name):
    window.worklist.order.setCurrentText(name)
    window.worklist.order.activated.emit(window.worklist.order.currentIndex())
    quiet(window)


def walk(window, quiet, steps):
    """Press N some times; return the cases that came."""
    seen = []
    for _ in range(steps):
        press(window, "N")
        quiet(window)
        seen.append(window.desk.subject.case_id)
    return seen


def test_the_next_key_follows_each_order(window, imported, quiet):
    imported(5)
    # Probability of healthy, and where the case lies in feature space.
    opinions(window, {1: (0.9, 0), 2: (0.5, 1), 3: (0.7, 8), 4: (0.55, 8.5), 5: (0.99, -6)})
    assert walk(window, quiet, 3) == [1, 2, 3]
    choose_order(window, quiet, "most doubtful")
    assert walk(window, quiet, 4) == [2, 4, 1, 5], "the one on the screen is passed over"
    choose_order(window, quiet, "most doubtful")
    assert walk(window, quiet, 2) == [2, 4]
    choose_order(window, quiet, "as listed")
    window.records.library.label(1, "mixed", label_set=SPECT_SET)
    window.worklist.refill()
    choose_order(window, quiet, "most different")
    assert walk(window, quiet, 1) == [3], "4 is on the screen already"
    press(window, "1")
    assert walk(window, quiet, 2) == [5, 2], "4 lies beside 3, which has a label now"
    choose_order(window, quiet, "disagreement")
    assert walk(window, quiet, 1) == [1], "labelled mixed, predicted healthy"
    press(window, "N")
    assert "disagree in no other case" in texts(window)[0]
    press(window, "1")
    assert not any(row.differs for row in window.worklist.model.rows())


def test_order_sort_and_columns_are_remembered(window, imported, quiet, qtbot):
    imported(2)
    choose_order(window, quiet, "most doubtful")
    window.worklist.table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.DescendingOrder)
    window.worklist._column_menu(window.mapToGlobal(window.rect().center()))
    (menu,) = (m for m in window.worklist.findChildren(QMenu) if m.isVisible())
    next(action for action in menu.actions() if action.text() == "kind").trigger()
    menu.close()
    other = Window()
    qtbot.addWidget(other)
    panel = other.worklist
    assert panel.order.currentText() == "most doubtful"
    assert [row.name for row in map(panel.model.row, range(2))] == ["Wren 0001", "Wren 0000"]
    assert panel.table.horizontalHeader().sortIndicatorSection() == 0
    assert [n for n in range(panel.model.columnCount()) if panel.table.isColumnHidden(n)] == [7]
    choose_order(other, quiet, "as listed")
    assert panel.model.row(0).name == "Wren 0000"
    other.close()


def test_a_corrected_pair_takes_the_place_of_what_it_was(window, imported, quiet):
    imported(2, ("stress", "rest"))
    press(window, "N")
    quiet(window)
    (first, other) = window.records.rows()
    press(window, "S")
    quiet(window)
    rows = window.records.rows()
    assert len(rows) == 2
    assert first.identity not in {row.identity for row in rows}
    assert sorted(row.name for row in rows) == sorted((first.name, other.name))
    press(window, "2")
    labelled = window.desk.subject.case_id
    press(window, "S")
    quiet(window)
    rows = {row.id: row for row in window.records.rows()}
    assert len(rows) == 3, "a case that was labelled as it was stays beside the corrected one"
    assert rows[labelled].label == "ischaemic"
    assert rows[window.desk.subject.case_id].identity == first.identity
    assert not rows[window.desk.subject.case_id].label


def test_scans_paired_by_hand_are_one_case_of_the_library(window, tmp_path, quiet, qtbot):
    folder = tmp_path / "scans"
    folder.mkdir()
    for role, seed in (("stress", 1), ("rest", 2)):
        write_nm(small_scan(seed), folder / f"{seed}.dcm", role=role, case=f"Wren {role}")
    window.library_dialogs.scan(folder)
    quiet(window)
    (box,) = window.findChildren(PlanDialog)
    box.do_button.click()
    quiet(window)
    rows = window.records.rows()
    assert {row.state for row in rows} == {"stress", "rest"}
    for case in open_paths([folder]).cases:
        window.session.add_cases((case,))
    window.session.set_case(window.session.cases[0])
    window.notes.pair_with(window.session.cases[1])
    quiet(window)
    (row,) = window.records.rows()
    assert row.state == "rest + stress"


def test_an_opinion_asked_for_is_remembered_by_the_next_window(window, imported, quiet, qtbot):
    imported(1, ("stress", "rest"))
    press(window, "N")
    quiet(window)
    press(window, "P")
    quiet(window)
    path = window.records.library.path
    other = Window(library=path)
    qtbot.addWidget(other)
    other.show()
    other.worklist.next()
    quiet(other)
    other.desk.labelling.place("mixed")
    assert other.desk.labelling.placed.opinion_seen == "heart-net", "the reader saw it yesterday"
    other.records.set_reader("Ben")
    other.desk.labelling.place("mixed")
    assert other.desk.labelling.placed.opinion_seen == "", "another reader did not"
    other.close()


def test_the_audit_log_tells_what_was_done_and_names_nobody(window, tmp_path, quiet, qtbot):
    folder = write_hearts(tmp_path / "Doe^Jane", 1, ("stress", "rest"))
    (case,) = open_paths([folder]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    quiet(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    press(window, "P")
    quiet(window)
    press(window, "3")
    window.library_dialogs.export(SPECT_SET, tmp_path / "out.csv")
    log = window.records.library.read("SELECT action, identity, detail FROM audit ORDER BY id", ())
    assert [action for action, _, _ in log] == [
        "opened",
        "opinion seen",
        "labelled",
        "predicted",
        "exported",
    ]
    assert len({known for _, known, _ in log[:4]}) == 1, "all of one case"
    assert log[0][1]
    assert "Doe" not in str(log)
    assert "Wren" not in str(log)


def test_a_case_that_was_moved_is_found_when_it_is_opened_from_its_new_place(
    window, imported, quiet, tmp_path
):
    imported(2)
    (tmp_path / "scans" / "0000").rename(tmp_path / "elsewhere")
    press(window, "N")
    quiet(window)
    assert "not where it was" in texts(window)[0]
    (case,) = open_paths([tmp_path / "elsewhere"]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    quiet(window)
    window.session.close_case()
    press(window, "N")
    quiet(window)
    press(window, "1")
    assert [row.label for row in window.records.rows()] == ["healthy", None]


def test_windows_of_a_moved_cube_are_found_with_it_also_from_imported_labels(
    window, tmp_path, quiet, qtbot
):
    (tmp_path / "old").mkdir()
    write_cube(make_sky().main, tmp_path / "old" / "field.fits")
    (case,) = open_paths([tmp_path / "old"]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    quiet(window)
    window.desk.labelling.place("emission line")
    window.library_dialogs.export(SKY_SET, tmp_path / "labels.csv")
    window.session.close_case()
    (tmp_path / "old").rename(tmp_path / "new")
    (case,) = open_paths([tmp_path / "new"]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    quiet(window)
    window.session.close_case()
    window.desk.library_cases.open(1)
    quiet(window)
    assert window.desk.labelling.placed.class_name == "emission line"
    other = Window(library=tmp_path / "other.sqlite")
    qtbot.addWidget(other)
    library = other.records.library
    apply_import(library, plan_any(library, tmp_path / "labels.csv"))
    other.session.add_cases((case,))
    other.session.set_case(case)
    quiet(other)
    (mark,) = other.session.marks
    assert mark.text == "emission line"
    other.session.close_case()
    other.desk.library_cases.open(1)
    quiet(other)
    assert other.desk.labelling.placed.class_name == "emission line"
    other.close()


def test_labels_of_an_earlier_session_can_be_undone(window, imported, quiet):
    imported(1)
    press(window, "N")
    quiet(window)
    for key in "32":
        press(window, key)
    press(window, "Z")
    labelling = window.desk.labelling
    labelling._undo, labelling._redo = [], []  # as after a restart
    press(window, "Z")
    assert labelling.placed.class_name is None
    press(window, "Z")
    assert any("Nothing to undo" in text for text in texts(window))
    press(window, "Shift+Z")
    assert labelling.placed.class_name == "infarcted"


def test_the_next_case_is_an_open_one_before_those_of_the_library(
    window, imported, tmp_path, quiet
):
    imported(1)
    cases = open_paths([write_hearts(tmp_path / "other", 4)]).cases[1:]
    window.session.add_cases(cases)
    window.session.set_case(cases[0])
    quiet(window)
    press(window, "1")
    press(window, "N")
    assert window.session.case is cases[1]
    press(window, "1")
    press(window, "N")
    assert window.session.case is cases[2]
    press(window, "1")
    press(window, "N")
    quiet(window)
    assert window.session.case not in cases
    assert [row.label for row in window.records.rows()].count("healthy") == 3
