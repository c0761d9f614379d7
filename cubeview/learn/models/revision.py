"""Which state of the source a model was made with."""

import subprocess
from pathlib import Path

import cubeview


def revision() -> str:
    """Return the git revision of this checkout, with a ``+`` where files were changed since.

    Empty for an installed package, which has none.
    """
    root = Path(cubeview.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return ""
    try:
        asked = [
            subprocess.run(
                ["git", "-C", str(root), *words],
                capture_output=True,
                text=True,
                check=True,
                timeout=20,
            ).stdout.strip()
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--", "cubeview"))
        ]
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked[0] + ("+" if asked[1] else "")
