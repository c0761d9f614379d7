"""The model manager: what models there are, where they came from, and which one answers."""

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QDialog,
    QHeaderView,
    QMessageBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.widgets.basic import button, label, plain_tip, set_part
from cubeview.gui.widgets.files import ask_open, ask_save
from cubeview.gui.widgets.layout import put, row
from cubeview.learn.models.card import ModelRef
from cubeview.learn.models.choose import default_of
from cubeview.learn.models.packs import (
    SUFFIX,
    Listed,
    delete_model,
    export_model,
    import_model,
    listed,
    parent_of,
)

_PACKED = "Packed models (*.zip)"
_HEADS = ("Name", "For", "From", "Classes", "Cases", "Figures", "Made")


class ModelsDialog(QDialog):
    """All models in a list, with what can be done with each."""

    def __init__(self, session: Session, jobs: Jobs, memory: SettingsFile, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._jobs, self._memory = session, jobs, memory
        self._models: list[Listed] = []
        self.setWindowTitle("Models")
        self.resize(1040, 380)
        words = label(
            "The default answers for its kind of case unless another is chosen in Classify. Models "
            "are never overwritten: rolling back makes the one it came from the default again.",
            "dim",
        )
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Models")
        self.tree.setHeaderLabels(list(_HEADS))
        self.tree.setRootIsDecorated(False)
        header = self.tree.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        # The longest names give way, so that figures and dates are seen at once.
        header.setSectionResizeMode(_HEADS.index("Classes"), QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        self.tree.currentItemChanged.connect(self._enable)
        self.said = label()
        tip = "Make the model this one was fine-tuned from the default again"
        buttons = (
            button("Make default", self.make_default),
            button("Roll back", self.roll_back, tip),
            button("Export…", self._ask_export),
            button("Import…", self._ask_import),
            button("Delete…", self._ask_delete),
            button("Close", self.close),
        )
        for made in buttons:
            made.setAutoDefault(False)
        self.default_button, self.back_button, self.export_button = buttons[:3]
        self.import_button, self.delete_button, close = buttons[3:]
        put(QVBoxLayout(self), words, (self.tree, 1), self.said, row(*buttons[:-1], None, close))
        session.model_changed.connect(self.refresh)

    @property
    def current(self) -> Listed | None:
        """The model of the chosen line."""
        item = self.tree.currentItem()
        return None if item is None else self._models[self.tree.indexOfTopLevelItem(item)]

    def open(self) -> None:
        """Show the list as it now is."""
        self._say("")
        self.refresh()
        self.show()
        self.raise_()

    def choose(self, name: str) -> None:
        """Choose the line of a model."""
        place = next(i for i, entry in enumerate(self._models) if entry.ref.name == name)
        self.tree.setCurrentItem(self.tree.topLevelItem(place))

    def refresh(self) -> None:
        """Read the models again."""
        kept = self.current.ref.name if self.current else ""
        self._models = listed()
        self.tree.clear()
        for entry in self._models:
            card = entry.ref.card
            default = self._is_default(entry)
            cells = (
                f"{entry.ref.name}{' (default)' if default else ''}",
                card.kind,
                entry.parent or "simulations",
                ", ".join(card.classes),
                "" if entry.cases is None else str(entry.cases),
                entry.figures,
                entry.made,
            )
            item = QTreeWidgetItem(list(cells))
            item.setToolTip(0, plain_tip(f"{card.title}\n{card.intended_use}"))
            item.setToolTip(3, plain_tip(", ".join(card.classes)))
            if default:
                font = item.font(0)
                font.setBold(True)
                item.setFont(0, font)
            self.tree.addTopLevelItem(item)
            if entry.ref.name == kept:
                self.tree.setCurrentItem(item)
        self._enable()

    def make_default(self) -> None:
        """Let the chosen model answer from now on."""
        if self.current is not None:
            self._set_default(self.current.ref)

    def roll_back(self) -> None:
        """Make the parent of the chosen model the default."""
        parent = parent_of(self.current.ref) if self.current is not None else None
        if parent is not None:
            self._set_default(parent)

    def export(self, path: Path) -> None:
        """Write the chosen model into one file, in the background."""
        entry = self.current
        if entry is None:
            return
        folder = entry.ref.folder
        if path.suffix.lower() != ".zip":
            path = path.with_name(path.name + SUFFIX)  # or no import would find it
        self._jobs.start(
            "export model",
            f"Exporting {entry.ref.name}",
            lambda job: export_model(folder, path),
            finished=lambda done: self._say(f"Exported to {done}"),
            failed=self._failed,
        )

    def take_in(self, path: Path) -> None:
        """Import a model from one file, in the background."""

        def taken(ref: ModelRef) -> None:
            self._say(f"Imported {ref.name}.")
            self._session.model_changed.emit()
            self.choose(ref.name)

        self._jobs.start(
            "import model",
            f"Importing {path.name}",
            lambda job: import_model(path, report=job.report),
            finished=taken,
            failed=self._failed,
        )

    def delete(self) -> None:
        """Delete the chosen model of the user's, for good."""
        entry = self.current
        if entry is None:
            return
        try:
            delete_model(entry.ref.folder)
        except CubeviewError as error:
            self._failed(str(error))
            return
        kind, name = entry.ref.card.kind, entry.ref.name
        if self._session.default_models.get(kind) == name:
            self._remember(kind, "")
        self._say(f"Deleted {name}.")
        self._session.model_changed.emit()

    def was_kept(self, ref: ModelRef, default: bool) -> None:
        """Take notice of a new model, and let it answer from now on if so wished."""
        if default:
            self._set_default(ref)
        self._session.model_changed.emit()

    def _set_default(self, ref: ModelRef) -> None:
        self._remember(ref.card.kind, ref.name)
        self._say(f"{ref.name} answers for {ref.card.kind} cases from now on.")

    def _remember(self, kind: str, name: str) -> None:
        self._session.set_default_model(kind, name)
        entries = (f"{k}={n}" for k, n in self._session.default_models.items())
        self._memory.change(default_models=tuple(entries))

    def _is_default(self, entry: Listed) -> bool:
        usual = default_of(entry.ref.card.kind, self._session.default_models)
        return usual is not None and usual.name == entry.ref.name

    def _enable(self) -> None:
        entry = self.current
        self.default_button.setEnabled(entry is not None and not self._is_default(entry))
        self.back_button.setEnabled(entry is not None and parent_of(entry.ref) is not None)
        self.export_button.setEnabled(entry is not None)
        self.delete_button.setEnabled(entry is not None and entry.own)

    def _ask_export(self) -> None:
        if (entry := self.current) is not None:
            folder, name = self._memory.settings.folder, entry.ref.name + SUFFIX
            ask_save(self, "Export model", folder, self.export, names=_PACKED, name=name)

    def _ask_import(self) -> None:
        folder = self._memory.settings.folder
        ask_open(self, "Import model", folder, lambda p: self.take_in(p[0]), names=_PACKED)

    def _ask_delete(self) -> None:
        entry = self.current
        if entry is None:
            return
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(f"Delete the model {entry.ref.name}?")
        box.setInformativeText("It cannot be brought back. Export it first to keep a copy.")
        sure = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        assert sure is not None
        sure.clicked.connect(self.delete)
        box.open()

    def _failed(self, why: str) -> None:
        self._say(why, "bad")

    def _say(self, text: str, part: str = "") -> None:
        self.said.setText(text)
        set_part(self.said, part)
