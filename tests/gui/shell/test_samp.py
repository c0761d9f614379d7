"""SAMP against astropy's own hub: what another program hears of us, and we of it."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.samp import SAMPHubServer, SAMPIntegratedClient, conf
from astropy.table import Table

from cubeview.cubes.shape import Shape
from cubeview.errors import CubeviewError
from cubeview.gui.desk.samp import fetch
from tests.helpers.viewcases import sky_case


@pytest.fixture
def hub(tmp_path):
    with conf.set_temp("use_internet", False):
        server = SAMPHubServer(
            web_profile=False, addr="127.0.0.1", lockfile=str(tmp_path / "samp"), mode="multiple"
        )
        server.start()
        yield server
        server.stop()


@pytest.fixture
def other(hub):
    """Another program: what it heard, by message."""
    client = SAMPIntegratedClient(name="other", addr="127.0.0.1")
    client.connect(hub=hub)
    client.heard = {}
    for mtype in ("image.load.fits", "spectrum.load.ssa-generic", "coord.pointAt.sky"):
        client.bind_receive_notification(
            mtype, lambda key, sender, mtype, params, extra: client.heard.update({mtype: params})
        )
    yield client
    client.disconnect()


@pytest.fixture
def samp(window, with_case, hub, qtbot):
    with_case(sky_case())
    samp = window.desk.samp
    assert not samp.on, "off until asked"
    samp._hub = hub
    window.actions_table["samp"].trigger()
    qtbot.waitUntil(lambda: samp.on)
    yield samp
    if samp.on:
        window.actions_table["samp"].trigger()
    samp._hub = None
    assert not samp.on


def test_what_we_send_is_heard(window, idle, samp, other, qtbot):
    session, case = window.session, window.session.case
    session.set_cursor(3, 9, 14)
    session.set_measured(
        interval=(5010.0, 5020.0), shapes=(Shape("circle", 9, 14, (3.0,), name="core"),)
    )
    idle(window)
    window.actions_table["samp_send"].trigger()
    qtbot.waitUntil(lambda: len(other.heard) == 3)
    place = other.heard["coord.pointAt.sky"]
    assert (float(place["ra"]), float(place["dec"])) == pytest.approx((150.0, 2.0))
    url = other.heard["image.load.fits"]["url"]
    with fits.open(url.removeprefix("file://")) as parts:
        np.testing.assert_array_equal(parts["MOMENT0"].data, session.measured.image.values)
    spectrum = Table.read(
        other.heard["spectrum.load.ssa-generic"]["url"].removeprefix("file://"), format="fits"
    )
    np.testing.assert_allclose(spectrum["flux"], session.measured.traces[0].spectrum.values)
    assert spectrum["wavelength"][0] == case.main.axes[0].values[0]
    idle(window)
    folder = Path(url.removeprefix("file://")).parent.parent
    window.actions_table["samp"].trigger()
    assert not folder.exists(), "what was written for others goes with the connection"


def test_what_comes_is_taken(window, samp, other, qtbot, tmp_path):
    session = window.session
    point = {"ra": "150.0", "dec": "2.0"}
    other.notify_all({"samp.mtype": "coord.pointAt.sky", "samp.params": point})
    qtbot.waitUntil(lambda: session.cursor[1:] == (9, 14))
    path = tmp_path / "theirs.anything"
    Table({"ra": [150.0], "dec": [2.0], "name": ["core"]}).write(path, format="votable")
    params = {"url": path.as_uri(), "name": "theirs"}
    other.call_all("a table", {"samp.mtype": "table.load.votable", "samp.params": params})
    qtbot.waitUntil(lambda: bool(session.measured.places))
    assert session.measured.places[0].names == ("core",)
    away = {"url": "http://example.org/table.vot"}
    other.notify_all({"samp.mtype": "table.load.votable", "samp.params": away})
    qtbot.waitUntil(lambda: "not lie on this computer" in _said(window))


def _said(window):
    return " ".join(message.text for message in window.messages.messages())


def test_without_a_hub_it_is_said(window, qtbot, monkeypatch, tmp_path):
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'none').as_uri()}")
    window.desk.samp.turn(True)
    qtbot.waitUntil(lambda: "No SAMP hub" in _said(window))
    assert not window.desk.samp.on
    assert not window.actions_table["samp"].isChecked()


@pytest.mark.parametrize("url", ["ftp://localhost/a", "http://example.org/a", "file:///none/a", ""])
def test_only_files_of_this_computer_are_fetched(url, tmp_path):
    with pytest.raises(CubeviewError):
        fetch(url, tmp_path / "copy")
