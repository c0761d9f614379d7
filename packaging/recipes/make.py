"""Write the recipes of conda, Flatpak, Homebrew and winget for this version into ``dist/recipes``.

The version is that of the package, sums are read from ``dist/SHA256SUMS*`` as the builds left them;
a recipe whose file was not built is left out, and that is said.

Usage: ``python packaging/recipes/make.py --url https://HOST/PATH``, where the files are offered.
"""

import argparse
import datetime
import re
import sys
from pathlib import Path
from string import Template

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

NEEDS = {
    "conda/recipe.yaml": r"cubeview_desktop-{version}\.tar\.gz",
    "flatpak/org.cubeview.CubeView.yml": r"cubeview-{version}-linux-x86_64\.tar\.zst",
    "homebrew/cubeview.rb": r"CubeView-{version}-macos-arm64\.dmg",
    "winget/CubeView.CubeView.yaml": r"CubeView-{version}-windows-x64-cpu.*\.exe",
    "winget/CubeView.CubeView.installer.yaml": r"CubeView-{version}-windows-x64-cpu.*\.exe",
    "winget/CubeView.CubeView.locale.en-US.yaml": r"CubeView-{version}-windows-x64-cpu.*\.exe",
}
"""Which built file each recipe fetches."""


def version() -> str:
    """Return the version of the program, from the one place that says it."""
    text = (ROOT / "cubeview" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    assert found is not None
    return found[1]


def sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the built files by their names."""
    lines = [line for path in folder.glob("SHA256SUMS*") for line in path.read_text().splitlines()]
    return {name.strip(): digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def filled(recipe: str, url: str, built: dict[str, str]) -> str:
    """Return a recipe with version, address and sum; empty where its file was not built."""
    number = version()
    pattern = re.compile(NEEDS[recipe].format(version=re.escape(number)))
    names = sorted(name for name in built if pattern.fullmatch(name))
    if not names:
        return ""
    return Template((HERE / recipe).read_text(encoding="utf-8")).substitute(
        version=number,
        url=url.rstrip("/"),
        file=names[0],
        sha256=built[names[0]],
        SHA256=built[names[0]].upper(),
        date=datetime.date.today().isoformat(),
    )


def main() -> None:
    """Write all recipes whose files are there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="where the built files are offered")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    built = sums(options.dist)
    for recipe in NEEDS:
        text = filled(recipe, options.url, built)
        if not text:
            print(f"{recipe}: left out, its file is not in {options.dist}", file=sys.stderr)
            continue
        path = options.dist / "recipes" / recipe
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
