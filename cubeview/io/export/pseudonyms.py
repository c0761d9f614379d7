"""The way from true identities to the others, kept apart in a file of the user's.

Every new identity is made from the old one and the file's secret (HMAC-SHA-256, RFC 2104), so that
series de-identified on different days, or by two processes, still belong together. What was made
is also written down, for the way back. Who has the file can undo all that was done with it.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import uuid
from pathlib import Path
from typing import Any

from cubeview.errors import CubeviewError, refusing
from cubeview.paths import data_dir, read_within

NAME = "identities.jsonl"
LONGEST_SHIFT_DAYS = 3650
"""Dates of a patient are moved back by 1 to this many days, all by the same number."""

_FORMAT = "cubeview identities 1"
_MOST_BYTES = 2**30
_ADVICE = "Name another file with --map."


class Pseudonyms:
    """Other identities, the same for the same thing each time.

    Parameters
    ----------
    path : Path, optional
        Made, readable by the user alone, if it is not there. By default a file of the user's data
        folder.

    Raises
    ------
    CubeviewError
        If the file is of another kind, or cannot be read or made.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = data_dir() / NAME if path is None else path
        self._known: set[str] = set()
        self._waiting: list[dict[str, Any]] = []
        if not self.path.exists():
            self._make()
        self._secret, self._torn = self._read()

    def uid(self, old: str) -> str:
        """Return the UID that stands for one; PS3.5 B.2, UUIDs of version 8 (RFC 9562)."""
        digits = bytearray(self._digest("uid", old)[:16])
        digits[6] = digits[6] & 0x0F | 0x80
        digits[8] = digits[8] & 0x3F | 0x80
        new = f"2.25.{uuid.UUID(bytes=bytes(digits)).int}"
        self._note({"uid": old, "is": new})
        return new

    def patient(self, old: str) -> str:
        """Return the name that stands for a patient."""
        letters = base64.b32encode(self._digest("patient", old)).decode()[:12]
        new = f"CV-{letters}"
        self._note({"patient": old, "is": new, "days": -self.days(old)})
        return new

    def days(self, old: str) -> int:
        """Return by how many days all dates of a patient are moved back."""
        return 1 + int.from_bytes(self._digest("days", old)[:8]) % LONGEST_SHIFT_DAYS

    def keep(self) -> None:
        """Write down what was made since the last time: before the files that use it are written.

        Raises CubeviewError if that cannot be done.
        """
        if not self._waiting:
            return
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in self._waiting]
        with refusing(self.path, "cannot be written", _ADVICE), self.path.open("ab") as stream:
            stream.write(("\n" * self._torn + "".join(lines)).encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._torn = False
        self._waiting.clear()

    def _note(self, record: dict[str, Any]) -> None:
        if record["is"] not in self._known:
            self._known.add(record["is"])
            self._waiting.append(record)

    def _digest(self, what: str, old: str) -> bytes:
        return hmac.digest(self._secret, f"{what} {old}".encode(), hashlib.sha256)

    def _make(self) -> None:
        """Begin the file; where another process is faster, its secret counts."""
        line = json.dumps({"format": _FORMAT, "secret": secrets.token_hex(32)}) + "\n"
        with refusing(self.path, "cannot be made", _ADVICE):
            self.path.parent.mkdir(0o700, parents=True, exist_ok=True)
            try:
                handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write(line)
            except OSError:
                self.path.unlink()
                raise

    def _read(self) -> tuple[bytes, bool]:
        """Return the secret, and whether the last line was cut short by a kill or a full disk."""
        data = read_within(self.path, _MOST_BYTES, _ADVICE)
        lines = data.decode("utf-8", errors="replace").splitlines()
        try:
            first = json.loads(lines[0])
            if first["format"] != _FORMAT or not re.fullmatch(r"[0-9a-f]{64}", first["secret"]):
                raise ValueError
        except (LookupError, TypeError, ValueError) as error:
            raise CubeviewError(
                f"{self.path}: no list of identities made by CubeView. {_ADVICE}"
            ) from error
        for line in lines[1:]:
            try:
                self._known.add(json.loads(line)["is"])
            except (LookupError, TypeError, ValueError):
                continue  # cut short; made again when it is needed
        return bytes.fromhex(first["secret"]), not data.endswith(b"\n")
