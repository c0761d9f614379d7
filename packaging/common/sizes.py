"""Print the twenty largest parts of a build and fail when it is over its budget.

``python sizes.py --unpacked FOLDER`` or ``python sizes.py --packed FILE``.
"""

import sys
from collections import Counter
from pathlib import Path

UNPACKED_MB = 900
PACKED_MB = 280
SHOWN = 20
MB = 1_000_000


def main(kind: str, path: Path) -> int:
    """Return 0 when the build is within its budget."""
    if kind == "--packed":
        size, budget = path.stat().st_size, PACKED_MB
    else:
        parts: Counter[str] = Counter()
        for file in path.rglob("*"):
            if file.is_file() and not file.is_symlink():
                inside = file.relative_to(path).parts
                parts["/".join(inside[:3])] += file.stat().st_size
        for name, part in parts.most_common(SHOWN):
            print(f"{part / MB:8.1f} MB  {name}")
        size, budget = sum(parts.values()), UNPACKED_MB
    print(f"{path.name}: {size / MB:.0f} MB of {budget} MB allowed")
    return int(size > budget * MB)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
