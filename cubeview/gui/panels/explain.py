"""The Explain panel: where the network looked, by the kinds of map there are."""

from functools import partial
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QButtonGroup, QGridLayout, QProgressBar, QPushButton, QSlider, QWidget

from cubeview.cubes.answer import Answer, Overlay
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.units import map_unit
from cubeview.gui.panels.disc import WallDisc
from cubeview.gui.panels.occlusion_choices import OcclusionChoices
from cubeview.gui.widgets.bars import SignedBar
from cubeview.gui.widgets.basic import button, chooser, label, offer, plain_tip, rule, say, steady
from cubeview.gui.widgets.files import ask_save
from cubeview.gui.widgets.layout import column, put, row
from cubeview.kinds import kind_of
from cubeview.learn.explain.advice import advice, read_figures
from cubeview.learn.explain.methods import EXPLAINERS, explainer

_ARRAYS = "NumPy arrays (*.npz);;NIfTI, a file for each state (*.nii.gz)"


class ExplainPanel(QWidget):
    """Makes maps and says how they are painted.

    Signals
    -------
    saved(object)
        Path a map was written to.
    """

    saved = pyqtSignal(object)

    def __init__(
        self, session: Session, jobs: Jobs, memory: SettingsFile, questions: Questions
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._memory = session, jobs, memory
        self._questions = questions
        self._job: Job | None = None
        self._making = ""  # label of the method at work
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        self.target = chooser("Class", "The class that the map speaks for or against")
        self.target.activated.connect(self._retarget)
        self.opacity = _slider("Opacity of the map ( [ and ] )")
        self.threshold = _slider("Share of the largest value below which the map is clear")
        self.opacity.valueChanged.connect(lambda v: session.set_overlay_style(opacity=v / 100))
        self.threshold.valueChanged.connect(lambda v: session.set_overlay_style(threshold=v / 100))
        rows = {"Class": self.target, "Opacity [ ]": self.opacity, "Threshold": self.threshold}
        for place, (text, widget) in enumerate(rows.items()):
            grid.addWidget(label(text, "dim", wrap=False), place, 0)
            grid.addWidget(widget, place, 1)
            widget.setAccessibleName(text)
        self.advice, self.caption = label(part="dim"), label(part="dim")
        self.problem = label(part="bad")
        self.bar, self.wall = SignedBar(), WallDisc(session)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        tip = "Stop; what is there so far stays"
        self.cancel_button = button("✕", self._stop, tip, "quiet", name="Stop")
        self.occlusion = OcclusionChoices(memory)
        self.save_button = button("Save map…  Ctrl+S", self.save)
        layout = column(self)
        put(layout, self._method_grid(), grid, self.advice, self.bar, self.wall, self.caption)
        put(layout, row((self.progress, 1), self.cancel_button), self.problem, rule())
        put(layout, label("Occlusion", "heading"), self.occlusion)
        layout.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        session.case_changed.connect(self._case_changed)
        session.model_changed.connect(lambda: self._offer(self.target.currentData()))
        session.prediction_changed.connect(self._refresh)
        session.overlay_changed.connect(self._refresh)
        session.overlay_style_changed.connect(self._refresh)
        self._case_changed()

    def off(self) -> None:
        """Take the map away and stop making one."""
        self._jobs.cancel("explain")
        self._session.set_overlay(None)
        self._refresh()

    def toggle(self) -> None:
        """Hide the map, or show it again."""
        self._session.set_overlay_style(visible=not self._session.overlay_style.visible)

    def change_opacity(self, step: float) -> None:
        """Paint the map stronger, or fainter, by a share of 1."""
        opacity = min(max(self._session.overlay_style.opacity + step, 0.0), 1.0)
        self._session.set_overlay_style(opacity=round(opacity, 2))

    def save(self) -> None:
        """Ask where to write the map, and write it in the background."""
        overlay = self._session.overlay
        if overlay is None:
            return
        suffix = kind_of(overlay.case).map_suffix
        kind = {"fits": "FITS cube (*.fits)", "npz": _ARRAYS}[suffix]
        said = " ".join((overlay.case.name, overlay.method, overlay.target)).lower()
        name = "-".join("".join(c if c.isalnum() else " " for c in said).split()) + f".{suffix}"
        folder = self._memory.settings.folder
        write = partial(self.save_to, overlay=overlay)
        ask_save(self, "Save map", folder, write, names=kind, name=name)

    def save_to(self, path: Path, overlay: Overlay) -> None:
        """Write a map in the background."""

        def work(job: Job) -> Path:
            from cubeview.io.export.overlay import write_overlay

            write_overlay(overlay, path)
            return path

        self._jobs.start(
            "save map", "Saving the map", work, finished=self.saved.emit, failed=self._failed
        )

    def _advise(self) -> None:
        """Say which map can be believed for the class asked about, from the model's figures."""
        ref, said = self._questions.chosen(self._session), ""
        answer = self._session.prediction.answer if self._session.prediction else ""
        target: str = self.target.currentData() or answer
        if ref is not None and target:
            said = advice(read_figures(ref.folder), target)
        say(self.advice, said)

    def run(self, method: str) -> None:
        """Show a map by the key or the label of its method; classifies first where nobody did."""
        session, way = self._session, explainer(method)
        ref = self._questions.chosen(session)
        self.problem.setText(self._questions.objection(session))
        if session.case is None or ref is None or self.problem.text():
            self._refresh()
            return
        prediction = session.prediction
        asked, opened = self._questions, session.shown
        case = session.asked if prediction is not None else asked.aim(session, ref.card)
        assert case is not None
        ventricles, folder = dict(session.ventricles), ref.folder
        target: str = self.target.currentData()
        settings = self.occlusion.settings if way.settings is not None else None

        def work(job: Job) -> Overlay:
            known = prediction
            if known is None:
                known = asked.answer(folder, opened, case, ventricles, report=job.report)
                job.partial.emit(known)
            why = partial(asked.explanation, method=way.label, settings=settings)
            name, found = target or known.answer, ventricles or dict(known.ventricles)
            tell = job.emit_partial
            return why(folder, opened, case, name, found, report=job.report, partial=tell)

        title, take, failed = way.title.replace("&", ""), self._take, self._failed
        self._job = self._jobs.start(
            "explain", title, work, finished=take, failed=failed, partial=take
        )
        self._job.progressed.connect(self._progressed)
        self._job.ended.connect(self._refresh)
        self.progress.setValue(0)
        self._making = way.label
        self._refresh()

    def _take(self, result: Answer | Overlay) -> None:
        if isinstance(result, Answer):
            self._session.set_prediction(result)
            return
        self._session.set_overlay(result)
        self._session.set_overlay_style(visible=True)

    def _failed(self, why: str) -> None:
        self.problem.setText(why)
        self._refresh()

    def _progressed(self, fraction: float, text: str) -> None:
        self.progress.setValue(round(100 * fraction))

    def _retarget(self) -> None:
        overlay = self._session.overlay
        self._advise()
        if overlay is not None and overlay.method in self.buttons:
            self.run(overlay.method)

    def _case_changed(self) -> None:
        """Ask about the answer again: a class chosen for one case says nothing of the next."""
        self._offer("")

    def _offer(self, target: str) -> None:
        """Offer the classes of the model that answers, one of them chosen; empty for the answer."""
        self.problem.setText("")
        self._jobs.cancel("explain")
        ref = self._questions.chosen(self._session)
        fits = ref is not None and not self._questions.objection(self._session)
        names = {name: name for name in (ref.card.classes if ref is not None else ())}
        offer(self.target, {"": "the answer", **names}, target)
        case = self._session.case
        wall = case is None or kind_of(case).ventricle
        self.occlusion.offer(ref.card.channels if ref is not None else (), wall=wall)
        for widget in (*self.buttons.values(), self.target, self.occlusion.channel):
            widget.setEnabled(fits)
        self._refresh()

    def _refresh(self) -> None:
        overlay, style = self._session.overlay, self._session.overlay_style
        working = self._job is not None and self._job.running and not self._job.cancelled
        for slider, value in ((self.opacity, style.opacity), (self.threshold, style.threshold)):
            with QSignalBlocker(slider):
                slider.setValue(round(100 * value))
        answer = self._session.prediction.answer if self._session.prediction else ""
        self.target.setItemText(0, f"the answer ({answer})" if answer else "the answer")
        shown = overlay is not None
        method = (self._making if working else "") or (overlay.method if overlay else "")
        self.buttons.get(method, self.off_button).setChecked(True)
        self._advise()
        for widget in (self.bar, self.caption, self.save_button):
            widget.setVisible(shown)
        self.opacity.setEnabled(shown)
        self.threshold.setEnabled(shown)
        if overlay is not None:
            self.bar.set_scale(overlay.peak, map_unit(overlay.unit), style.threshold)
            said = [f"{overlay.method} for {overlay.target}", overlay.model]
            if answer and overlay.target != answer and overlay.method in self.buttons:
                said[0] = f"⚠ {said[0]}, not for the answer ({answer})"
            said += [f"{name} {value}" for name, value in overlay.settings.items()]
            said += [] if overlay.complete else ["coarse, being refined"]
            said += [] if style.visible else ["hidden (H)"]
            self.caption.setText(" · ".join(said))
        self.progress.setVisible(working)
        self.cancel_button.setVisible(working)
        self.problem.setVisible(bool(self.problem.text()))

    def _method_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(4)
        for place, way in enumerate(EXPLAINERS.values()):
            key = f"  {way.shortcut}" if len(way.shortcut) == 1 else ""
            text = way.label[0].upper() + way.label[1:] + key
            tip = f"{way.help} ({way.shortcut})" if way.shortcut else way.help
            self.buttons[way.label] = button(text, partial(self.run, way.key), tip)
            grid.addWidget(self.buttons[way.label], place // 2, place % 2)
        self.off_button = button("Off", self.off)
        grid.addWidget(self.off_button, grid.rowCount(), 0, 1, 2)
        group = QButtonGroup(self)
        for made in (*self.buttons.values(), self.off_button):
            made.setCheckable(True)
            group.addButton(made)
        return grid

    def _stop(self) -> None:
        self._jobs.cancel("explain")
        self._refresh()


def _slider(tip: str) -> QSlider:
    slider = steady(QSlider(Qt.Orientation.Horizontal))
    slider.setRange(0, 100)
    slider.setToolTip(plain_tip(tip))
    return slider
