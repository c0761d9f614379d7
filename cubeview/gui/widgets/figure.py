"""Figures of maps side by side, as PDF or PNG: scale, labels, contours, beam, north and a bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QLineF, QMarginsF, QPointF, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QFont, QImage, QPageSize, QPainter, QPdfWriter, QPen

from cubeview.cubes.contour import segments
from cubeview.cubes.reduce import to_steps
from cubeview.errors import CubeviewError, refusing
from cubeview.gui.widgets.colormaps import picture, table
from cubeview.paths import replacing

DPI = 300
ENDINGS = (".pdf", ".png")
_WIDTH_MM = 180.0
_LETTER_PT = 8.0
_ROOM_PT = 38.0
"""Around the maps, for what stands beside them."""
_BAR_PT = 52.0
_LIT = QColor("#ffffff")
_INK = QColor("#202020")


@dataclass(frozen=True, eq=False)
class Figure:
    """Maps on one grid.

    Parameters
    ----------
    planes : ndarray, shape (n, y, x)
    labels : sequence of str
        In the corner of each.
    columns : int
    levels : tuple of float
        Of the colours.
    contours : sequence of float
        Levels of lines; below zero dashed.
    size : tuple of float
        Height and width of a spaxel, arcsec; of one voxel where there is no sky.
    turn : ndarray, shape (2, 2)
        East and north of one step along x, and along y, in its columns; from the WCS.
    offset_unit : str
    beam : (major, minor, angle), optional
        Arcsec, degrees from north to east.
    unit, title, colormap : str
    """

    planes: np.ndarray
    labels: Sequence[str]
    columns: int
    levels: tuple[float, float]
    contours: Sequence[float]
    size: tuple[float, float]
    turn: np.ndarray
    offset_unit: str
    beam: tuple[float, float, float] | None
    unit: str
    title: str
    colormap: str = "viridis"


def check_ending(path: Path) -> None:
    """Raise CubeviewError where a name ends in what no figure is written as."""
    if path.suffix.lower() not in ENDINGS:
        raise CubeviewError(f"{path}: figures are written as {' or '.join(ENDINGS)}.")


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the ending says how. Whole or not at all; CubeviewError if it cannot be.

    A QGuiApplication must be there.
    """
    check_ending(path)
    rows = -(-len(figure.planes) // figure.columns)
    wide = _WIDTH_MM / 25.4 * 72
    side = (wide - _ROOM_PT - _BAR_PT) / figure.columns
    tall = side * _aspect(figure) * rows + 2 * _ROOM_PT
    advice = "Choose another folder or free some space."
    with refusing(path, "cannot be written", advice), replacing(path) as part:
        if path.suffix.lower() == ".pdf":
            paper = QPdfWriter(str(part))
            paper.setPageSize(QPageSize(QSizeF(wide, tall), QPageSize.Unit.Point))
            paper.setPageMargins(QMarginsF(0, 0, 0, 0))
            paper.setResolution(DPI)
            paper.setTitle(figure.title)
            painter = QPainter(paper)
            _draw(painter, figure, side, rows)
            good = painter.end()
        else:
            scale = DPI / 72
            image = QImage(round(wide * scale), round(tall * scale), QImage.Format.Format_RGB32)
            image.setDotsPerMeterX(round(DPI / 0.0254))
            image.setDotsPerMeterY(round(DPI / 0.0254))
            image.fill(Qt.GlobalColor.white)
            painter = QPainter(image)
            _draw(painter, figure, side, rows)
            painter.end()
            good = image.save(str(part), "PNG")
        if not good:
            raise CubeviewError(f"{path}: cannot be written. {advice}")


def _aspect(figure: Figure) -> float:
    _, height, width = figure.planes.shape
    return float(height * figure.size[0] / (width * figure.size[1]))


def _draw(painter: QPainter, figure: Figure, side: float, rows: int) -> None:
    """Draw in points of 1/72 inch."""
    painter.scale(DPI / 72, DPI / 72)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = QFont(painter.font())
    font.setPixelSize(round(_LETTER_PT))
    painter.setFont(font)
    tall = side * _aspect(figure)
    painter.setPen(_INK)
    painter.drawText(QRectF(_ROOM_PT, 4, side * figure.columns, 20),
                     Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                     figure.title)  # fmt: skip
    for number, plane in enumerate(figure.planes):
        row, column = divmod(number, figure.columns)
        where = QRectF(_ROOM_PT + column * side, _ROOM_PT * 0.7 + row * tall, side, tall)
        _map(painter, figure, plane, where, figure.labels[number])
        last = number == (rows - 1) * figure.columns
        if last:
            _axes(painter, figure, where)
            _beam(painter, figure, where)
            _compass(painter, figure, where)
    bar = QRectF(_ROOM_PT + side * figure.columns + 6, _ROOM_PT * 0.7, 9, tall * rows)
    _bar(painter, figure, bar)


def _map(painter: QPainter, figure: Figure, plane: np.ndarray, where: QRectF, text: str) -> None:
    height, width = plane.shape
    steps = to_steps(plane, *figure.levels)[::-1]  # rows run upward
    rows = table(figure.colormap)[steps]
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(where, picture(np.ascontiguousarray(rows)))
    across, up = where.width() / width, where.height() / height
    for level in figure.contours:
        pen = QPen(_LIT, 0.5)
        if level < 0:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        lines = [
            QLineF(where.left() + (x0 + 0.5) * across, where.bottom() - (y0 + 0.5) * up,
                   where.left() + (x1 + 0.5) * across, where.bottom() - (y1 + 0.5) * up)
            for (y0, x0), (y1, x1) in segments(plane, level)
        ]  # fmt: skip
        if lines:
            painter.drawLines(*lines)
    painter.setPen(QPen(_INK, 0.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(where)
    room = painter.boundingRect(where, Qt.AlignmentFlag.AlignLeft, text)
    room.moveTopLeft(where.topLeft() + QPointF(2, 1.5))
    painter.fillRect(room.adjusted(-1, 0, 1, 0), QColor(0, 0, 0, 120))
    painter.setPen(_LIT)
    painter.drawText(room, Qt.AlignmentFlag.AlignLeft, text)


def _axes(painter: QPainter, figure: Figure, where: QRectF) -> None:
    """Draw offsets from the middle along the lower and the left edge."""
    _, height, width = figure.planes.shape
    painter.setPen(QPen(_INK, 0.4))
    # Longitude grows to the left where a step along x leads west.
    signs = np.sign(figure.turn[0, 0]) or 1.0, np.sign(figure.turn[1, 1]) or 1.0
    spans = width * figure.size[1] / 2, height * figure.size[0] / 2
    for axis, (half, sign) in enumerate(zip(spans, signs, strict=True)):
        step = _nice(half)
        for tick in np.arange(-np.floor(half / step), np.floor(half / step) + 1) * step:
            share = (1 + tick * sign / half) / 2
            words = f"{tick:g}".replace("-", "\u2212")
            if axis == 0:
                x = where.left() + share * where.width()
                painter.drawLine(QLineF(x, where.bottom(), x, where.bottom() + 3))
                box = QRectF(x - 20, where.bottom() + 3, 40, 10)
                painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, words)
            else:
                y = where.bottom() - share * where.height()
                painter.drawLine(QLineF(where.left() - 3, y, where.left(), y))
                box = QRectF(where.left() - 34, y - 5, 30, 10)
                flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(box, flags, words)
    box = QRectF(where.left() - 30, where.bottom() + 13, where.width() + 60, 11)
    painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, f"Offset ({figure.offset_unit})")


def _beam(painter: QPainter, figure: Figure, where: QRectF) -> None:
    if figure.beam is None:
        return
    width = figure.planes.shape[2]
    major, minor, angle = figure.beam
    scale = where.width() / (width * figure.size[1])
    east = -1.0 if figure.turn[0, 0] < 0 else 1.0  # on the paper, to the right
    north = 1.0 if figure.turn[1, 1] >= 0 else -1.0
    painter.save()
    reach = major * scale / 2 + 3
    painter.translate(where.left() + reach, where.bottom() - reach)
    turn = np.radians(angle)
    across, up = np.sin(turn) * east, np.cos(turn) * north
    painter.rotate(-float(np.degrees(np.arctan2(up, across))))
    painter.setPen(QPen(_INK, 0.5))
    painter.setBrush(_LIT)
    painter.drawEllipse(QPointF(0, 0), major * scale / 2, minor * scale / 2)
    painter.restore()


def _compass(painter: QPainter, figure: Figure, where: QRectF) -> None:
    """Draw which way north and east are, where there is a sky."""
    if figure.offset_unit != "arcsec":
        return
    middle = where.bottomRight() + QPointF(-16, -16)
    painter.setPen(QPen(_LIT, 0.8))
    inverse = np.linalg.inv(figure.turn)
    for name, way in (("E", inverse[:, 0]), ("N", inverse[:, 1])):
        step = way * (figure.size[1], figure.size[0])
        step = step / np.hypot(*step) * 10
        end = middle + QPointF(step[0], -step[1])
        painter.drawLine(QLineF(middle, end))
        there = middle + QPointF(step[0], -step[1]) * 1.45
        box = QRectF(there.x() - 5, there.y() - 5, 10, 10)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)


def _bar(painter: QPainter, figure: Figure, where: QRectF) -> None:
    rows = table(figure.colormap)[np.arange(255, 0, -1)][:, None]
    painter.drawImage(where, picture(np.ascontiguousarray(rows)))
    painter.setPen(QPen(_INK, 0.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(where)
    low, high = figure.levels
    for share in np.linspace(0, 1, 5):
        y = where.bottom() - share * where.height()
        painter.drawLine(QLineF(where.right(), y, where.right() + 2, y))
        words = f"{low + share * (high - low):.3g}".replace("-", "\u2212")
        box = QRectF(where.right() + 3, y - 5, 44, 10)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
    for level in figure.contours:
        share = (level - low) / (high - low)
        if 0 <= share <= 1:
            y = where.bottom() - share * where.height()
            painter.setPen(QPen(_LIT, 0.7))
            painter.drawLine(QLineF(where.left(), y, where.right(), y))
    painter.setPen(_INK)
    box = QRectF(where.left() - 40, where.bottom() + 4, 40 + _BAR_PT, 11)
    painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, figure.unit)


def _nice(half: float) -> float:
    """Return a step of 1, 2 or 5 by which about two ticks lie in half the width."""
    power = 10.0 ** np.floor(np.log10(half / 2))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power * 2.5 >= half))
