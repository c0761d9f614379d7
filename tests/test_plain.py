"""Text that does nothing but be read, and JSON that is none."""

import json
import os

import pytest

from cubeview.cli import main
from cubeview.io import corrections
from cubeview.learn.models.card import find_models
from cubeview.paths import data_dir
from cubeview.plain import from_json, one_line_of, sized, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\u001b[2Jgone"),
        ("\x9b31m", "\\u009b31m"),
        ("\x07\x7f\0", "\\u0007\\u007f\\u0000"),
        ("abc\u202efdp.stif", "abc\\u202efdp.stif"),
        ("half\udcff", "half\\udcff"),
        ("Å × 5\u00a0µm\tλ\n\r", "Å × 5\u00a0µm\tλ\n\r"),
    ],
)
def test_what_would_act_is_written_in_figures(text, shown):
    assert visible(text) == shown


def test_a_name_fits_on_a_line():
    assert one_line_of("a\nb\rc") == "a\\nb\\rc"
    assert one_line_of("x" * 240) == "x" * 40 + "…" + "x" * 40


def test_little_room_is_not_no_room():
    said = ["1 MB", "700 MB", "1.1 GB", "2000000.0 GB"]
    assert [sized(n) for n in (115_200, 700_000_000, 1 << 30, 2 * 10**15)] == said


def test_no_name_of_a_file_commands_the_terminal(tmp_path, capsys):
    for name in ("\x1b]0;mine\x07.a", "\x9b2J.b", os.fsdecode(b"\xff\x1b[2J.c")):
        (tmp_path / name).write_bytes(b"nothing")
        assert main(["info", str(tmp_path / name)]) == 2
        said = capsys.readouterr().err
        assert "\\u00" in said
        assert "neither FITS" in said
        assert not set(said) & set("\x1b\x07\x9b\udcff")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_nested_without_end_is_no_json(opening, own_home):
    deep = opening * 200_000
    with pytest.raises(ValueError, match="nested too deep"):
        from_json(deep)
    assert from_json(json.dumps({"a": [1]})) == {"a": [1]}
    (data_dir() / "corrections.json").write_text(deep)
    assert corrections.load() == corrections.Memory()
    folder = data_dir() / "models" / "deep"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(deep)
    assert "deep" not in {ref.name for ref in find_models()}
