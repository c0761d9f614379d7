"""The build's own tools, those that need no build."""

import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cubeview.licences import Part, parts

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"


def load(name):
    spec = importlib.util.spec_from_file_location(name, PACKAGING / "common" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def inventory(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    return load("inventory")


@pytest.fixture
def licences():
    return load("licences")


def test_every_python_part_has_a_licence_that_allows_the_bundle(licences):
    found = map(licences.reviewed, parts())
    if torch.version.cuda is not None:
        # The wheel of the newest Pythons; a bundle of it is for whoever builds it, as a build says.
        found = [part for part in found if not licences.excepted(part)]
    assert licences.incompatible(found) == []


def test_every_part_has_its_licence_text():
    assert [part.name for part in parts() if not part.text] == []


def test_a_licence_is_believed_only_while_the_part_itself_says_so(licences):
    text = "XZ Utils: - liblzma is in the public domain."
    part = Part("liblzma5", "5", "GPL-2 AND PD", "debian", text)
    assert licences.reviewed(part).licence == "public-domain"
    with pytest.raises(SystemExit, match="no longer says"):
        licences.reviewed(Part("liblzma5", "6", "PD", "debian", "liblzma is 0BSD."))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("numpy.libs/libscipy_openblas64_-32a4b2a6.so", "libscipy_openblas"),
        ("scipy.libs/libgfortran-040039e1-0352e75f.so.5.0.0", "libgfortran"),
        ("PIL/.dylibs/libtiff.6.dylib", "libtiff"),
        ("torch/lib/libgomp.so.1", "libgomp"),
        ("x.libs/libunknown-12345678.so", "libunknown"),
        ("numpy/_core/_multiarray_umath.so", None),
    ],
)
def test_libraries_inside_wheels_are_parts_of_their_own(licences, monkeypatch, path, name):
    monkeypatch.setattr(licences, "_proved", lambda part, entry: replace(part, licence="MIT"))
    part = licences.in_wheel(Path(path), Part("owner", "1", "MIT", "python", "its text"))
    assert (part and part.name) == name
    if name == "libunknown":
        assert licences.incompatible([part]) != []


@pytest.mark.parametrize(
    ("file", "inside", "name"),
    [
        ("libtorch_cpu.so", b"\0Intel(R) oneAPI Math Kernel Library\0", "Intel oneMKL"),
        ("torch_cpu.dll", b"\0Intel(R) oneAPI Math Kernel Library\0", "Intel oneMKL"),
        ("libiomp5md.dll", b"anything", "Intel OpenMP runtime"),
        ("cudnn_ops64_9.dll", b"anything", "NVIDIA libraries"),
        ("libcublasLt.so.13", b"anything", "NVIDIA libraries"),
        ("libtorch_cpu.dylib", b"openblas", None),
        ("nccl.py", b"a module of torch", None),
        ("libc10.so", b"\0Intel(R) oneAPI Math Kernel Library\0", None),
    ],
)
def test_what_wheels_do_not_say_they_contain_is_found_and_said(
    licences, tmp_path, file, inside, name
):
    library = tmp_path / file
    library.write_bytes(b"\0" * 9 + inside)
    torch = Part("torch", "2", "BSD-3-Clause", "python")
    part = licences.compiled_in(library, torch)
    assert (part and part.name) == name
    if part is not None:
        assert part.text
        assert licences.incompatible([part]) != []
        assert any(name in line for line in licences.said_aloud([torch, part]))
    assert licences.said_aloud([torch]) == []


def test_torch_on_this_machine_is_looked_into(licences):
    """Its makers may move or rename what the build looks for."""
    import torch

    libraries = Path(torch.__file__).parent / "lib"
    owner = Part("torch", torch.__version__, "BSD-3-Clause", "python")
    found = {part.name for f in libraries.iterdir() if (part := licences.compiled_in(f, owner))}
    assert ("Intel oneMKL" in found) == torch.backends.mkl.is_available()


@pytest.mark.parametrize(
    ("licence", "good"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND Zlib", True),
        ("GPL-2.0-only OR MIT", True),
        ("GPL-2.0-only", False),
        ("MIT AND Proprietary", False),
        ("not stated", False),
    ],
)
def test_the_licence_check_stops_what_cannot_be_combined(licences, licence, good):
    assert (licences.incompatible([Part("x", "1", licence, "python")]) == []) is good


def test_a_file_that_nobody_owns_stops_the_build(inventory, tmp_path):
    stray = tmp_path / "stray.so"
    stray.write_bytes(b"")
    if not Path("/usr/bin/dpkg").exists():
        pytest.skip("needs dpkg")
    with pytest.raises(SystemExit, match="nobody knows"):
        inventory._debian_owners({stray})


def test_the_bill_names_every_part_and_the_artifacts_sum(tmp_path):
    artifact = tmp_path / "a.deb"
    artifact.write_bytes(b"abc")
    records = [
        {"name": "Py_Thing", "version": "1", "licence": "MIT OR Zlib", "kind": "python",
         "text": "", "home": ""},
        {"name": "libz", "version": "1:2", "licence": "not an expression", "kind": "debian",
         "text": "", "home": "https://z.example"},
    ]  # fmt: skip
    bill = load("sbom").bill(records, "1.0", [artifact])
    assert [part["purl"] for part in bill["components"]] == [
        "pkg:pypi/py-thing@1",
        "pkg:deb/debian/libz@1%3A2",
    ]
    assert bill["components"][0]["licenses"] == [{"expression": "MIT OR Zlib"}]
    assert bill["components"][1]["licenses"] == [{"license": {"name": "not an expression"}}]
    (file,) = bill["metadata"]["component"]["components"]
    assert file["hashes"][0]["content"].startswith("ba7816bf")


def test_a_build_over_its_budget_fails(tmp_path, monkeypatch, capsys):
    sizes = load("sizes")
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "file").write_bytes(b"x" * 2_000_000)
    assert sizes.main("--unpacked", tmp_path) == 0
    monkeypatch.setattr(sizes, "UNPACKED_MB", 1)
    assert sizes.main("--unpacked", tmp_path) == 1
    assert "big" in capsys.readouterr().out


def test_nothing_at_run_time_starts_python_by_its_path():
    """In the frozen program sys.executable is the program itself."""
    package = PACKAGING.parent / "cubeview"
    for path in package.rglob("*.py"):
        assert "sys.executable" not in path.read_text(encoding="utf-8"), path


def test_the_entry_point_lets_workers_start_before_anything_else():
    lines = (PACKAGING / "common" / "entry.py").read_text(encoding="utf-8").splitlines()
    code = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    assert code[1:4] == [
        "import multiprocessing",
        'if __name__ == "__main__":',
        "multiprocessing.freeze_support()",
    ]


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_scripts_can_be_run():
    for path in PACKAGING.rglob("*.sh"):
        assert os.access(path, os.X_OK), path
