"""Units as they are written, parsed within bounds: astropy counts out what a header asks for."""

import re
from typing import Any

from astropy import units

LONGEST = 120
"""Characters of the longest text that is read as a unit."""

# 10**99999999999 is worked out digit by digit, and nothing can stop it. A scale may have many
# digits, where it leads.
_ENDLESS = re.compile(r"\d{16}|(?<![\d.])(?<!^)\d{6}")
_BAD = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)


def unit_of(text: str, form: str | None = None) -> Any:
    """Return the astropy unit of a text; ValueError, saying why, where there is none.

    `form` is one of astropy's formats. A scale that is not a positive number is none.
    """
    check_length(text)
    try:
        found = units.Unit(text, format=form)
    except _BAD as error:
        raise ValueError(f"{text!r} is no unit ({error})") from error
    if not 0 < (getattr(found, "scale", None) or 1.0) < float("inf"):
        raise ValueError(f"{text!r} is no unit: its scale is no positive number")
    return found


def check_length(text: str) -> None:
    """Raise ValueError for what would keep astropy's reader of units busy without end."""
    if len(text) > LONGEST or _ENDLESS.search(text.strip()):
        raise ValueError(f"{text[:40]!r}… is too long or too large for a unit")
