"""Recipes of other installers, filled from the one version."""

import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import cubeview

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "packaging" / "recipes"
URL = "https://example.org/cubeview"
VERSION = cubeview.__version__
BUILT = {
    f"cubeview_desktop-{VERSION}.tar.gz": "1" * 64,
    f"cubeview-{VERSION}-linux-x86_64.tar.zst": "2" * 64,
    f"CubeView-{VERSION}-macos-arm64.dmg": "3" * 64,
    f"CubeView-{VERSION}-windows-x64-cpu.exe": "ab" * 32,
}
PYPI_TO_CONDA = {"pyqt6": "pyqt", "torch": "pytorch"}


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make_recipes", RECIPES / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_recipe_has_version_address_and_sum(make):
    assert make.version() == VERSION
    for recipe in make.NEEDS:
        text = make.filled(recipe, URL + "/", BUILT)
        assert VERSION in text, recipe
        assert not re.search(r"\$(version|url|file|sha256|SHA256|date)\b", text), recipe
        if recipe.endswith("ml"):
            assert isinstance(yaml.safe_load(text), dict), recipe
    assert "3" * 64 in make.filled("homebrew/cubeview.rb", URL, BUILT)
    installer = yaml.safe_load(make.filled("winget/CubeView.CubeView.installer.yaml", URL, BUILT))
    assert {one["InstallerSha256"] for one in installer["Installers"]} == {"AB" * 32}
    assert installer["Installers"][0]["InstallerUrl"] == f"{URL}/{list(BUILT)[-1]}"


def test_a_recipe_whose_file_was_not_built_is_left_out(make, tmp_path):
    assert make.filled("homebrew/cubeview.rb", URL, {}) == ""
    (tmp_path / "SHA256SUMS").write_text(f"{'1' * 64}  cubeview_desktop-{VERSION}.tar.gz\n")
    assert make.sums(tmp_path) == {f"cubeview_desktop-{VERSION}.tar.gz": "1" * 64}


def test_conda_asks_for_what_pip_asks_for(make):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[>;]", one)[0].strip().lower() for one in project["dependencies"]}
    recipe = yaml.safe_load(make.filled("conda/recipe.yaml", URL, BUILT))
    asked = {line.split()[0] for line in recipe["requirements"]["run"]} - {"python"}
    assert asked == {PYPI_TO_CONDA.get(name, name) for name in wanted}


def test_shell_in_recipes_parses(make):
    flatpak = yaml.safe_load(make.filled("flatpak/org.cubeview.CubeView.yml", URL, BUILT))
    lines = flatpak["modules"][0]["build-commands"]
    assert "--share=network" not in flatpak["finish-args"]
    for text in ("\n".join(lines), (RECIPES / "appimage" / "appimage.sh").read_text()):
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def test_what_is_cited_is_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    described = json.loads((ROOT / "codemeta.json").read_text())
    assert cited["version"] == described["version"] == VERSION
    assert cited["date-released"].isoformat() == described["datePublished"]
    assert cited["keywords"] == described["keywords"]


def test_every_source_the_paper_names_is_in_its_list():
    folder = ROOT / "docs" / "paper"
    named = set(re.findall(r"\[@(\w+)\]", (folder / "paper.md").read_text()))
    assert named == set(
        re.findall(r"^@\w+\{(\w+),", (folder / "paper.bib").read_text(), re.MULTILINE)
    )
