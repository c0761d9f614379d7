"""The Explain panel: where the network looked, by the kinds of map there are."""

from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSlider,
    QWidget,
)

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.errors import CubeviewError
from cubeview.gui.desk import questions
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.panels.disc import WallDisc
from cubeview.gui.panels.occlusion_choices import OcclusionBox
from cubeview.gui.widgets.basic import SignedBar, chooser, column, label, rule
from cubeview.kinds import kind_of
from cubeview.learn.explain.advice import advice, read_figures
from cubeview.learn.explain.methods import EXPLAINERS, explainer

OPACITY_STEP = 0.1


class ExplainPanel(QWidget):
    """Makes maps and says how they are painted.

    Signals
    -------
    broke(object)
        An exception that is no CubeviewError: a bug, for the window to show.
    saved(object)
        Path a map was written to.
    """

    broke = pyqtSignal(object)
    saved = pyqtSignal(object)

    def __init__(
        self, session: Session, jobs: Jobs, memory: SettingsFile, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._jobs, self._memory = session, jobs, memory
        self._job: Job | None = None
        self._making = ""  # label of the method at work
        layout = column(self)
        self.buttons: dict[str, QPushButton] = {}
        layout.addLayout(self._method_grid())
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        self.target = chooser("Class", "The class whose evidence the map shows")
        self.target.activated.connect(self._retarget)
        self.opacity = _slider("Opacity of the map ( [ and ] )")
        self.threshold = _slider("Share of the largest value below which the map is clear")
        self.opacity.valueChanged.connect(lambda v: session.set_overlay_style(opacity=v / 100))
        self.threshold.valueChanged.connect(lambda v: session.set_overlay_style(threshold=v / 100))
        rows = (
            ("Class", self.target),
            ("Opacity [ ]", self.opacity),
            ("Threshold", self.threshold),
        )
        for place, (text, widget) in enumerate(rows):
            grid.addWidget(label(text, "dim", wrap=False), place, 0)
            grid.addWidget(widget, place, 1)
            widget.setAccessibleName(text)
        layout.addLayout(grid)
        self.advice = label(part="dim")
        layout.addWidget(self.advice)
        self.bar = SignedBar()
        self.caption = label(part="dim")
        self.wall = WallDisc(session)
        for widget in (self.bar, self.wall, self.caption):
            layout.addWidget(widget)
        layout.addLayout(self._progress_row())
        self.problem = label(part="bad")
        layout.addWidget(self.problem)
        layout.addWidget(rule())
        layout.addWidget(label("Occlusion", "heading"))
        self.occlusion = OcclusionBox(memory)
        layout.addWidget(self.occlusion)
        self.save_button = QPushButton("Save map…  Ctrl+S")
        self.save_button.clicked.connect(self.save)
        layout.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        session.case_changed.connect(self._case_changed)
        session.model_changed.connect(self._case_changed)
        session.prediction_changed.connect(self._refresh)
        session.overlay_changed.connect(self._refresh)
        session.overlay_style_changed.connect(self._refresh)
        self._case_changed()

    def run_cam(self) -> None:
        """Show the class activation map; classifies first where nobody did."""
        self.run("cam")

    def run_occlusion(self) -> None:
        """Show the occlusion map, coarse first; classifies first where nobody did."""
        self.run("occlusion")

    def run_gradients(self) -> None:
        """Show the integrated gradients."""
        self.run("ig")

    def run_grad_cam(self) -> None:
        """Show the Grad-CAM++ map."""
        self.run("gradcam++")

    def off(self) -> None:
        """Take the map away and stop making one."""
        self._jobs.cancel("explain")
        self._session.set_overlay(None)
        self._refresh()

    def toggle(self) -> None:
        """Hide the map, or show it again."""
        self._session.set_overlay_style(visible=not self._session.overlay_style.visible)

    def fainter(self) -> None:
        """Lower the opacity by a step."""
        self._step_opacity(-OPACITY_STEP)

    def stronger(self) -> None:
        """Raise the opacity by a step."""
        self._step_opacity(OPACITY_STEP)

    def save(self) -> None:
        """Ask where to write the map, and write it in the background."""
        overlay = self._session.overlay
        if overlay is None:
            return
        suffix = kind_of(overlay.case).map_suffix
        kind = {"fits": "FITS cube (*.fits)", "npz": "NumPy arrays (*.npz)"}[suffix]
        dialog = QFileDialog(self, "Save map", self._memory.settings.folder, kind)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"{overlay.method} {overlay.target}.{suffix}".lower().replace(" ", "-"))
        dialog.fileSelected.connect(lambda name: self.save_to(Path(name), overlay))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

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
        ref, said = questions.chosen(self._session), ""
        answer = self._session.prediction.answer if self._session.prediction else ""
        target: str = self.target.currentData() or answer
        if ref is not None and target:
            said = advice(read_figures(ref.folder), target)
        self.advice.setText(said)
        self.advice.setVisible(bool(said))

    def run(self, method: str) -> None:
        """Show a map by the key or the label of its method; classifies first where nobody did."""
        session, way = self._session, explainer(method)
        ref = questions.chosen(session)
        self.problem.setText(questions.objection(session))
        if session.case is None or ref is None or self.problem.text():
            self._refresh()
            return
        prediction = session.prediction
        case = session.asked if prediction is not None else questions.aim(session, ref.card)
        assert case is not None
        ventricles, folder = dict(session.ventricles) or None, ref.folder
        target: str = self.target.currentData()
        settings = self.occlusion.settings if way.settings is not None else None

        def work(job: Job) -> Overlay:
            known = prediction
            if known is None:
                known = questions.answer(folder, case, ventricles, report=job.report)
                job.partial.emit(known)
            return questions.explanation(
                folder,
                case,
                target or known.answer,
                ventricles or dict(known.ventricles) or None,
                method=way.label,
                settings=settings,
                report=job.report,
                partial=job.emit_partial,
            )

        self._job = self._jobs.start(
            "explain",
            way.title.replace("&", ""),
            work,
            finished=self._take,
            failed=self._failed,
            partial=self._take,
        )
        self._job.progressed.connect(self._progressed)
        self._job.ended.connect(self._ended)
        self.progress.setValue(0)
        self._making = way.label
        self._refresh()

    def _take(self, result: Prediction | Overlay) -> None:
        if isinstance(result, Prediction):
            self._session.set_prediction(result)
            return
        self._session.set_overlay(result)
        self._session.set_overlay_style(visible=True)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, CubeviewError):
            self.problem.setText(str(error))
        else:
            self.problem.setText("This failed unexpectedly; the message above says more.")
            self.broke.emit(error)
        self._refresh()

    def _progressed(self, fraction: float, text: str) -> None:
        self.progress.setValue(round(100 * fraction))

    def _ended(self) -> None:
        # A newer job may have taken the place of the one that ended.
        if self._job is not None and not self._job.running:
            self._job, self._making = None, ""
        self._refresh()

    def _retarget(self) -> None:
        overlay = self._session.overlay
        self._advise()
        if overlay is not None:
            self.run(overlay.method)

    def _step_opacity(self, step: float) -> None:
        opacity = min(max(self._session.overlay_style.opacity + step, 0.0), 1.0)
        self._session.set_overlay_style(opacity=round(opacity, 2))

    def _case_changed(self) -> None:
        self.problem.setText("")
        self._jobs.cancel("explain")
        ref = questions.chosen(self._session)
        fits = ref is not None and not questions.objection(self._session)
        before = self.target.currentData()
        self.target.clear()
        self.target.addItem("the answer", "")
        for name in ref.card.classes if ref is not None else ():
            self.target.addItem(name, name)
        self.occlusion.set_roles(ref.card.roles if ref is not None else ())
        self.target.setCurrentIndex(max(0, self.target.findData(before)))
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
            self.bar.set_scale(overlay.peak, overlay.unit, style.threshold)
            said = [f"{overlay.method} for {overlay.target}", overlay.model]
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
            button = QPushButton(way.label[0].upper() + way.label[1:] + key)
            button.setToolTip(f"{way.help} ({way.shortcut})" if way.shortcut else way.help)
            button.clicked.connect(lambda _=False, method=way.key: self.run(method))
            self.buttons[way.label] = button
            grid.addWidget(button, place // 2, place % 2)
        self.off_button = QPushButton("Off")
        self.off_button.clicked.connect(self.off)
        grid.addWidget(self.off_button, 0, 2, -1, 1)
        self._group = QButtonGroup(self)
        for button in (*self.buttons.values(), self.off_button):
            button.setCheckable(True)
            self._group.addButton(button)
        return grid

    def _progress_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.cancel_button = QPushButton("✕")
        self.cancel_button.setProperty("part", "quiet")
        self.cancel_button.setToolTip("Stop; what is there so far stays")
        self.cancel_button.setAccessibleName("Stop")
        self.cancel_button.clicked.connect(self._stop)
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel_button)
        return row

    def _stop(self) -> None:
        self._jobs.cancel("explain")
        self._refresh()


def _slider(tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 100)
    slider.setToolTip(tip)
    return slider
