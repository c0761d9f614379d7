"""Draw the program's icon: an SVG, PNGs of the usual sizes, and an .ico or .icns where asked for.

``python packaging/common/icons.py`` renews resources/icons; ``... icons.py FILE.ico`` writes one
file for the Windows build, ``... icons.py FILE.icns`` for the macOS build.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PyQt6.QtGui import QGuiApplication, QImage, QPainter
from PyQt6.QtSvg import QSvgRenderer

ICONS = Path(__file__).resolve().parents[2] / "resources" / "icons"
SIZES = (16, 32, 48, 64, 128, 256, 512)

# Corners of a cube seen along its diagonal, on a canvas of 512.
TOP, RIGHT, LOW, LEFT = (256, 74), (414, 165), (256, 256), (98, 165)
DEEP = 182
PARTS = 5


def svg() -> str:
    """Return the icon: a cube cut into slices, with a warm spot where a network looked."""
    rows = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512" width="512" height="512">',
        "<title>CubeView</title>",
        '<defs><radialGradient id="spot"><stop offset="0" stop-color="#fff3c4"/>'
        '<stop offset=".35" stop-color="#f0b429"/><stop offset=".7" stop-color="#ef6f6c" '
        'stop-opacity=".75"/><stop offset="1" stop-color="#ef6f6c" stop-opacity="0"/>'
        "</radialGradient>",
        f'<clipPath id="face"><path d="{_path(_left())}"/></clipPath></defs>',
        '<rect x="16" y="16" width="480" height="480" rx="104" fill="#14171c"/>',
        f'<path d="{_path(_left())}" fill="#2f6fb8"/>',
        f'<path d="{_path(_right())}" fill="#1d4a80"/>',
        f'<path d="{_path((TOP, RIGHT, LOW, LEFT))}" fill="#7cbcff"/>',
        '<ellipse cx="182" cy="306" rx="74" ry="86" fill="url(#spot)" clip-path="url(#face)"/>',
    ]
    for part in range(1, PARTS):
        drop = DEEP * part / PARTS
        bent = [(x, y + drop) for x, y in (LEFT, LOW, RIGHT)]
        rows.append(
            f'<path d="{_path(bent, close=False)}" fill="none" stroke="#14171c" '
            'stroke-width="9" stroke-opacity=".8" stroke-linejoin="round"/>'
        )
    return "\n".join([*rows, "</svg>"]) + "\n"


def render(size: int) -> QImage:
    """Return the icon as a picture of size × size pixels."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(svg().encode()).render(painter)
    painter.end()
    return image


def _left() -> list[tuple[float, float]]:
    return [LEFT, LOW, (LOW[0], LOW[1] + DEEP), (LEFT[0], LEFT[1] + DEEP)]


def _right() -> list[tuple[float, float]]:
    return [LOW, RIGHT, (RIGHT[0], RIGHT[1] + DEEP), (LOW[0], LOW[1] + DEEP)]


def _path(points: object, *, close: bool = True) -> str:
    steps = " L".join(f"{x:g} {y:g}" for x, y in points)  # type: ignore[attr-defined]
    return f"M{steps}{' Z' if close else ''}"


def main() -> None:
    """Write what was asked for."""
    app = QGuiApplication(sys.argv[:1])
    ICONS.mkdir(parents=True, exist_ok=True)
    if len(sys.argv) > 1:
        target = Path(sys.argv[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(ICONS / "cubeview-512.png") as picture:
            picture.save(target, sizes=[(size, size) for size in SIZES[:-1]])
    else:
        (ICONS / "cubeview.svg").write_text(svg(), encoding="utf-8")
        for size in SIZES:
            render(size).save(str(ICONS / f"cubeview-{size}.png"))
    app.quit()


if __name__ == "__main__":
    main()
