"""Times of a header as seconds: PS3.5 6.2, DT and TM."""

import re
from datetime import datetime

_TIME = re.compile(r"(\d{8})?:?(\d{2}):?(\d{2})?:?(\d{2}(?:\.\d{1,6})?)?")


def second_of(text: str) -> float | None:
    """Return a time in seconds: of its day, or of all days where it has a date; None for none."""
    found = _TIME.match(text.strip())
    if not found:
        return None
    day, hour, minute, second = found.groups()
    seconds = 3600.0 * int(hour) + 60.0 * int(minute or 0) + float(second or 0)
    try:
        days = datetime.strptime(day, "%Y%m%d").toordinal() if day else 0
    except ValueError:
        return None
    return 86400.0 * days + seconds
