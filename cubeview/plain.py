"""Values as JSON writes them, and text that does nothing but be read."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff]"
)

_LONG_WORD = re.compile(r"\S{60}(?=\S)")


def from_json(text: str | bytes) -> Any:
    """Return what a JSON document says; ValueError for what is none, however it is not.

    Python's own reader also gives up, in another way, on brackets nested a thousand deep.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None


def visible(text: str) -> str:
    """Return a text with each character that is not to be seen, but may act, written in figures.

    Such are those that command a terminal, that turn the direction of writing, and halves of
    characters, of which file names may be made.
    """
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line_of(name: str, most: int = 80) -> str:
    """Return a name that fits on a line: what breaks it in figures, its middle left out."""
    shown = visible(name).replace("\n", "\\n").replace("\r", "\\r").replace("\t", " ")
    half = most // 2
    return shown if len(shown) <= most else f"{shown[:half]}…{shown[-half:]}"


def breakable(text: str) -> str:
    """Return a text whose long words may be broken: else one widens a window past the screen."""
    return _LONG_WORD.sub("\\g<0>\u200b", text)


def plain(value: Any) -> Any:
    """Return plain JSON values; JSON has no NaN, so a number that is none becomes None."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def sized(count: int) -> str:
    """Return how much room a number of bytes takes, as in ``"1.5 GB"`` or ``"12 MB"``."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{math.ceil(count / 1e6)} MB"
