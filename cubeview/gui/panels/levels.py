"""The control of levels, stretch and colour map."""

import numpy as np
from PyQt6.QtCore import QSignalBlocker, QSize, Qt
from PyQt6.QtGui import QIcon, QPaintEvent, QPixmap
from PyQt6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QStyleOptionComboBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from cubeview.cubes.reduce import STRETCHES, VENTRICLE, WAYS, sample, ventricle_maximum
from cubeview.errors import CubeviewError
from cubeview.gui.desk.display import (
    ALL_SHADES,
    BY_HAND,
    levels_of,
    link_levels,
    set_levels,
    whole_of,
)
from cubeview.gui.desk.measured import IMAGE, SkyImage
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import WHITE
from cubeview.gui.widgets.basic import label, offer, plain_tip, steady, tick
from cubeview.gui.widgets.colormaps import COLORMAPS, picture, table
from cubeview.gui.widgets.histogram import FigureBox, Histogram
from cubeview.gui.widgets.layout import put, row
from cubeview.kinds import kind_of

_BESIDE_ICON_PX = 10


class LevelsControl(QWidget):
    """Colour map, stretch and way of choosing levels; low and high of each state apart."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.colours = steady(_ColourBox())
        self.stretch = steady(QComboBox())
        offer(self.stretch, {name: name for name in STRETCHES})
        self.way = steady(QComboBox())
        tip = "Interpolate hearts between voxels; the networks see plain voxels"
        self.smooth = tick("smooth", tip)
        tip = "What is done to one state is done to all, each in % of its own maximum (Shift+L)"
        self.linked = tick("states linked", tip)
        for box, words in (
            (self.colours, "Colour map"),
            (self.stretch, "How values are spread over the colours"),
            (self.way, "How the levels are chosen"),
        ):
            box.setToolTip(plain_tip(words))
            box.setAccessibleName(words)
            # As wide as the panel allows, not as its longest entry asks for.
            policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            box.setSizeAdjustPolicy(policy)
            box.setMinimumContentsLength(6)
        self._rows = QGridLayout()
        for column in (1, 2):
            self._rows.setColumnStretch(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        put(layout, row((self.colours, 3), (self.stretch, 1)), row((self.way, 1), self.smooth))
        put(layout, self.linked)
        layout.addLayout(self._rows)
        self.bands = steady(QComboBox())
        self.bands.setToolTip(plain_tip("Which bands of a picture are shown"))
        self.bands.setAccessibleName("Which bands of a picture are shown")
        self.bands.activated.connect(lambda _: session.set_display(band=self.bands.currentData()))
        layout.insertWidget(0, self.bands)
        self.unknown = label("The ventricle is not known: the brightest in the middle", "warn")
        layout.addWidget(self.unknown)
        self.rows: dict[str, _Row] = {}

        self.colours.activated.connect(
            lambda _: session.set_display(colormap=self.colours.currentData())
        )
        self.stretch.activated.connect(
            lambda _: session.set_display(stretch=self.stretch.currentData())
        )
        self.way.activated.connect(lambda _: self._choose(self.way.currentText()))
        self.smooth.clicked.connect(lambda on: session.set_display(smooth=on))
        self.linked.clicked.connect(lambda on: link_levels(session, on))
        session.case_changed.connect(self._build)
        session.white_changed.connect(self._build)
        session.measured_changed.connect(self._follow_image)
        session.display_changed.connect(self._read)
        session.ventricles_changed.connect(self._read)
        self._build()

    def _build(self) -> None:
        case = self.session.case
        for old in self.rows.values():
            old.remove()
        self.rows = {}
        self.setEnabled(case is not None)
        self.way.clear()
        self.unknown.hide()
        if case is None:
            return
        heart = kind_of(case).ventricle
        self.bands.setVisible(kind_of(case).flat and len(case.roles) > 1)
        in_colour = {"": "all in colour"} if len(case.roles) > 2 else {}
        self.bands.clear()
        offer(self.bands, {**in_colour, **{role: role for role in case.roles}})
        self.smooth.setVisible(heart)
        self.linked.setVisible(heart and len(case.roles) > 1)
        self.way.addItems([way for way in WAYS if heart or way != VENTRICLE])
        extra = {WHITE: self.session.white, IMAGE: self.session.measured.seen is not None}
        keys = (*case.roles, *(key for key, there in extra.items() if there))
        for number, key in enumerate(keys):
            self.rows[key] = _Row(self.session, key, self._rows, 2 * number)
        self._read()

    def _follow_image(self) -> None:
        image = self.session.measured.seen
        if (IMAGE in self.rows) != (image is not None):
            self._build()
        elif image is not None:
            self.rows[IMAGE].recount(image)

    def _choose(self, how: str) -> None:
        if how not in (BY_HAND, ALL_SHADES):
            self.session.set_display(levels=levels_of(self.session, how), levels_from=how)

    def _read(self) -> None:
        """Show what the session says; `activated` and `clicked` come from the user only."""
        display = self.session.display
        self.colours.choose(display.colormap)
        self.stretch.setCurrentIndex(self.stretch.findData(display.stretch))
        self.smooth.setChecked(display.smooth)
        self.linked.setChecked(display.linked)
        self.bands.setCurrentIndex(max(0, self.bands.findData(display.band)))
        for how in (BY_HAND, ALL_SHADES):
            place = self.way.findText(how)
            if display.levels_from == how and place < 0:
                self.way.addItem(how)
            elif display.levels_from != how and place >= 0:
                self.way.removeItem(place)
        self.way.setCurrentText(display.levels_from)
        case, by_wall = self.session.case, display.levels_from == VENTRICLE
        known = case is None or whole_of(self.session, case.roles) == VENTRICLE
        self.unknown.setVisible(by_wall and not known)
        for shown in self.rows.values():
            shown.read()


class _Row:
    """Histogram and two fields of one role or of white light; hearts in % of the whole."""

    def __init__(self, session: Session, role: str, grid: QGridLayout, line: int) -> None:
        assert session.case is not None
        self.session = session
        self.role = role
        self.cube = session.case.cubes.get(role, session.case.main)
        self.histogram = Histogram()
        self.low, self.high = FigureBox(), FigureBox()
        several = len(session.case.roles) > 1
        named = kind_of(self.cube).ventricle or role in (WHITE, IMAGE) or several
        self.label = label(role.partition(" ")[0].capitalize() if named else "", wrap=False)
        for box, words in ((self.low, "lower"), (self.high, "upper")):
            box.setSuffix(" %" if kind_of(self.cube).ventricle else "")
            box.setAccessibleName(f"{role} {words} level")
            box.valueChanged.connect(self._take_fields)
        self.histogram.dragged.connect(self._take)
        self._parts = (self.label, self.histogram, self.low, self.high)
        grid.addWidget(self.label, line, 0)
        grid.addWidget(self.histogram, line, 1, 1, 2)
        grid.addWidget(self.low, line + 1, 1)
        grid.addWidget(self.high, line + 1, 2)
        self._shown: tuple[float, float] | None = None
        self._image: SkyImage | None = None

    @property
    def _unit(self) -> str:
        heart, image = kind_of(self.cube).ventricle, self.session.measured.image
        if self.role == IMAGE and image is not None:
            return image.unit
        return f"% of {whole_of(self.session, [self.role])}" if heart else self.cube.unit

    @property
    def _share(self) -> float:
        """Shown figure over value."""
        if not kind_of(self.cube).ventricle:
            return 1.0
        return 100 / ventricle_maximum(self.cube, self.session.ventricles.get(self.role))

    def remove(self) -> None:
        """Take the widgets away."""
        for part in self._parts:
            part.hide()
            part.deleteLater()

    def read(self) -> None:
        """Show the levels of the session."""
        levels = (self.session.display.levels or {}).get(self.role)
        if levels is None:
            return
        self._set_range(levels)
        self.histogram.set_levels(levels, self.session.display.colormap)
        for box, level, words in ((self.low, levels[0], "Lower"), (self.high, levels[1], "Upper")):
            box.setToolTip(plain_tip(f"{words} level, {self._unit}"))
            with QSignalBlocker(box):
                box.setSingleStep((levels[1] - levels[0]) * self._share / 50)
                box.setValue(level * self._share)

    def _set_range(self, levels: tuple[float, float]) -> None:
        """Count values once, and again when a level leaves the histogram."""
        if self._shown and self._shown[0] <= levels[0] and levels[1] <= self._shown[1]:
            return
        try:
            values = self._values()
        except CubeviewError:
            values = np.zeros(0, dtype=np.float32)
        ends = np.percentile(values, [0.1, 99.9]) if len(values) else levels
        low, high = min(float(ends[0]), levels[0]), max(float(ends[1]), levels[1])
        self._shown = (low, high + 0.05 * (high - low))
        self.histogram.set_values(values, self._shown)

    def recount(self, image: SkyImage) -> None:
        """Count the values of a new image of an interval."""
        if image is not self._image:
            self._image, self._shown = image, None
            self.read()

    def _values(self) -> np.ndarray:
        if self.role not in (WHITE, IMAGE):
            return sample(self.cube)
        image = self.session.measured.image
        plane = self.session.shown.white_plane
        if self.role == IMAGE:
            plane = None if image is None else image.values
        return np.zeros(0, dtype=np.float32) if plane is None else plane[np.isfinite(plane)]

    def _take_fields(self) -> None:
        self._take(self.low.value() / self._share, self.high.value() / self._share)

    def _take(self, low: float, high: float) -> None:
        set_levels(self.session, self.role, low, high)
        if not low < high:
            self.read()  # a lower level above the upper one is not taken


class _ColourBox(QComboBox):
    """The colour maps, each with a sample, which is drawn when it is first seen."""

    def __init__(self) -> None:
        super().__init__()
        self.setIconSize(QSize(48, 12))
        for key, name in COLORMAPS.items():
            self.addItem(name, key)
        self.currentTextChanged.connect(
            lambda name: self.setToolTip(plain_tip(f"Colour map: {name}"))
        )

    def choose(self, key: str) -> None:
        """Show one as the chosen one."""
        self._draw(self.findData(key))
        self.setCurrentIndex(self.findData(key))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the name so far as it fits, and say where it is cut off."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        style = self.style()
        assert style is not None
        field = style.subControlRect(
            style.ComplexControl.CC_ComboBox, option, style.SubControl.SC_ComboBoxEditField, self
        )
        room = field.width() - self.iconSize().width() - _BESIDE_ICON_PX
        option.currentText = option.fontMetrics.elidedText(
            option.currentText, Qt.TextElideMode.ElideRight, room
        )
        painter = QStylePainter(self)
        painter.drawComplexControl(style.ComplexControl.CC_ComboBox, option)
        painter.drawControl(style.ControlElement.CE_ComboBoxLabel, option)

    def showPopup(self) -> None:
        """Open the list."""
        for place in range(self.count()):
            self._draw(place)
        super().showPopup()

    def _draw(self, place: int) -> None:
        if self.itemIcon(place).isNull():
            rows = np.repeat(table(self.itemData(place))[None, 1::4], 12, axis=0)
            self.setItemIcon(place, QIcon(QPixmap.fromImage(picture(rows))))
