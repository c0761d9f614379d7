"""Tables, images, spectra and places to and from other programs, by SAMP; off until asked.

SAMP 1.3 (IVOA recommendation, Taylor et al. 2012) by astropy.samp. Nothing outside this computer is
asked for anything: files come from the disk, or from a program here.
"""

import logging
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PyQt6.QtCore import QObject, pyqtSignal

import cubeview
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs

log = logging.getLogger(__name__)

_ENDINGS = {
    "table.load.votable": ".vot",
    "table.load.fits": ".fits",
    "image.load.fits": ".fits",
}
"""What is listened to besides places, and how such a file's name ends."""
_POINT = "coord.pointAt.sky"
_PATIENCE_S = 20
_HERE = ("localhost", "127.0.0.1", "::1", "")


class Samp(QObject):
    """One client of the hub that runs on this computer.

    Signals
    -------
    changed()
        Connected, or no longer.
    came(str, object)
        What kind of message, and the path of the file that came with it.
    pointed(float, float)
        Another program points at a place: ICRS right ascension and declination in degrees.
    said(str)
        Something failed, in words for the user.
    """

    changed = pyqtSignal()
    came = pyqtSignal(str, object)
    pointed = pyqtSignal(float, float)
    said = pyqtSignal(str)
    _asked = pyqtSignal(str, str)  # from the client's thread: the message and its address

    def __init__(self, jobs: Jobs, hub: Any = None) -> None:
        super().__init__()
        self._jobs, self._hub = jobs, hub
        self._client: Any = None
        self._sent: Path | None = None
        self._received: Path | None = None
        self._asked.connect(self._fetch)

    @property
    def on(self) -> bool:
        """True while there is a hub to talk to."""
        return self._client is not None

    def turn(self, on: bool) -> None:
        """Connect to the hub in the background, or leave it."""
        if not on:
            self.close()
        elif not self.on:
            self._jobs.start(
                "samp", "Looking for a SAMP hub", lambda job: self._connected(),
                finished=self._take, failed=self._refused,
            )  # fmt: skip

    def close(self) -> None:
        """Leave the hub, and remove what was written for others; what came may be open."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.disconnect()
            except Exception:  # a hub that has gone cannot be left
                log.info("the SAMP hub had gone")
            self.changed.emit()
        if self._sent is not None:
            shutil.rmtree(self._sent, ignore_errors=True)
            self._sent = None

    def end(self) -> None:
        """Leave the hub for good, and remove what came too."""
        self.close()
        if self._received is not None:
            shutil.rmtree(self._received, ignore_errors=True)

    def room(self, name: str) -> Path:
        """Return a path for a file that is handed to others; it lives as long as the connection."""
        if self._sent is None:
            self._sent = Path(tempfile.mkdtemp(prefix="cubeview-samp-"))
        return Path(tempfile.mkdtemp(dir=self._sent)) / name

    def send_file(self, mtype: str, path: Path, name: str, **more: Any) -> None:
        """Tell all other programs of a file."""
        self._send(mtype, {"url": path.as_uri(), "name": name, **more})

    def point(self, ra_deg: float, dec_deg: float) -> None:
        """Point all other programs at a place, ICRS."""
        self._send(_POINT, {"ra": repr(float(ra_deg)), "dec": repr(float(dec_deg))})

    def _send(self, mtype: str, params: dict[str, Any]) -> None:
        client = self._client
        if client is None:
            return

        def work(job: Job) -> None:
            try:
                client.notify_all({"samp.mtype": mtype, "samp.params": params})
            except Exception as error:  # of the network, of XML-RPC, of the hub
                raise CubeviewError(f"The SAMP hub does not answer ({error}).") from error

        self._jobs.start(f"samp {mtype}", "Sending by SAMP", work, failed=self.said.emit)

    def _connected(self) -> Any:
        from astropy.samp import SAMPIntegratedClient, conf
        from astropy.samp.errors import SAMPHubError, SAMPProxyError

        about = {
            "samp.name": "CubeView",
            "samp.description.text": "3-D cubes of hearts and skies",
            "author.name": "CubeView",
            "cubeview.version": cubeview.__version__,
        }
        with conf.set_temp("use_internet", False):
            client = SAMPIntegratedClient(name="CubeView", metadata=about, addr="127.0.0.1")
            try:
                client.connect(hub=self._hub)
            except (SAMPHubError, SAMPProxyError, OSError) as error:
                raise CubeviewError(
                    "No SAMP hub runs on this computer. Start TOPCAT, Aladin or DS9 first: each "
                    "brings one."
                ) from error
        for mtype in (*_ENDINGS, _POINT):
            client.bind_receive_notification(mtype, self._notified)
            client.bind_receive_call(mtype, self._called)
        return client

    def _take(self, client: Any) -> None:
        self._client = client
        self.changed.emit()

    def _refused(self, why: str) -> None:
        self.said.emit(why)
        self.changed.emit()

    def _notified(
        self, key: str, sender: str, mtype: str, params: dict[str, Any], extra: Any
    ) -> None:
        """Take a message; called in the client's thread."""
        if mtype == _POINT:
            try:
                self.pointed.emit(float(params["ra"]), float(params["dec"]))
            except (KeyError, TypeError, ValueError):
                log.info("a SAMP message without a place")
        else:
            self._asked.emit(mtype, str(params.get("url", "")))

    def _called(
        self, key: str, sender: str, number: str, mtype: str, params: dict[str, Any], extra: Any
    ) -> None:
        self._notified(key, sender, mtype, params, extra)
        if (client := self._client) is not None:
            client.reply(number, {"samp.status": "samp.ok", "samp.result": {}})

    def _fetch(self, mtype: str, url: str) -> None:
        ending = _ENDINGS.get(mtype, "")
        if self._received is None:
            self._received = Path(tempfile.mkdtemp(prefix="cubeview-samp-"))
        path = Path(tempfile.mkdtemp(dir=self._received)) / f"received{ending}"

        def work(job: Job) -> Path:
            fetch(url, path)
            return path

        self._jobs.start(
            f"fetch {path}", "Receiving by SAMP", work,
            finished=lambda there: self.came.emit(mtype, there), failed=self.said.emit,
        )  # fmt: skip


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows nobody to another place."""

    def redirect_request(self, *args: Any) -> None:
        """Refuse."""


def fetch(url: str, path: Path) -> None:
    """Copy what an address of this computer leads to.

    Raises CubeviewError if it is an address elsewhere, or nothing is there.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("file", "http") or (parts.hostname or "") not in _HERE:
        raise CubeviewError(
            "What another program offered by SAMP does not lie on this computer, and was not "
            "fetched. Save it there and open the file."
        )
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stays())
        with opener.open(url, timeout=_PATIENCE_S) as there, path.open("wb") as here:
            shutil.copyfileobj(there, here)
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise CubeviewError(
            f"What another program offered by SAMP cannot be read ({error})."
        ) from error
