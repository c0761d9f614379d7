"""How an occlusion hides: the choices under the Explain panel, remembered from start to start."""

from PyQt6.QtWidgets import QGridLayout, QSpinBox, QWidget

from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.widgets.basic import chooser, label, offer, plain_tip, steady
from cubeview.learn.explain.question import OcclusionSettings

FILLS = {"zero": "nothing (0)", "wall": "the wall's mean", "mean": "the input's mean"}
PRECISIONS = {"float32": "exact (float32)", "bfloat16": "faster, to 1 % (bfloat16)"}

PRECISION_TIP = (
    "Number format the changes are computed in; a processor without bfloat16 computes in float32"
)


class OcclusionChoices(QWidget):
    """Patch, stride, fill, channel and precision of an occlusion."""

    def __init__(self, memory: SettingsFile) -> None:
        super().__init__()
        self._memory = memory
        kept = memory.settings
        self.patch, self.stride = steady(QSpinBox()), steady(QSpinBox())
        self.patch.setRange(1, 32)
        self.patch.setValue(kept.occlusion_patch)
        self.stride.setRange(1, self.patch.value())
        self.stride.setValue(kept.occlusion_stride)
        self.fill, self.channel = chooser("Fill"), chooser("Hide in")
        self.precision = chooser("Precision")
        offer(self.precision, PRECISIONS, kept.occlusion_precision)
        self.patch.valueChanged.connect(self._remember)
        self.stride.valueChanged.connect(self._remember)
        self.fill.activated.connect(lambda: memory.change(occlusion_fill=self.fill.currentData()))
        self.precision.activated.connect(self._remember)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        cells = (
            ("Patch", self.patch, "Edge of the hidden block, in input voxels", 0, 0, 1),
            ("Stride", self.stride, "Finest step between blocks; coarse maps come first", 0, 2, 1),
            ("Fill", self.fill, "What the hidden voxels are replaced by", 1, 0, 3),
            ("Hide in", self.channel, "Which of the network's inputs is hidden", 2, 0, 3),
            ("Precision", self.precision, PRECISION_TIP, 3, 0, 3),
        )
        for text, widget, tip, row, place, span in cells:
            widget.setToolTip(plain_tip(tip))
            widget.setAccessibleName(text)
            grid.addWidget(label(text, "dim", wrap=False), row, place)
            grid.addWidget(widget, row, place + 1, 1, span)
        self.offer((), wall=True)

    @property
    def settings(self) -> OcclusionSettings:
        """What is chosen."""
        return OcclusionSettings(
            patch=self.patch.value(),
            stride=self.stride.value(),
            fill=self.fill.currentData(),
            channel=self.channel.currentData(),
            precision=self.precision.currentData(),
        )

    def offer(self, roles: tuple[str, ...], *, wall: bool) -> None:
        """Offer the inputs of a network to hide in; `wall` where the case has one."""
        fills = {value: text for value, text in FILLS.items() if wall or value != "wall"}
        offer(self.fill, fills, self._memory.settings.occlusion_fill)
        offer(self.channel, {"both": "both", **{role: f"{role} only" for role in roles}})

    def _remember(self) -> None:
        self.stride.setMaximum(self.patch.value())
        self._memory.change(
            occlusion_patch=self.patch.value(),
            occlusion_stride=self.stride.value(),
            occlusion_precision=self.precision.currentData(),
        )
