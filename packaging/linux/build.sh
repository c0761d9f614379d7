#!/usr/bin/env bash
# Build everything for Linux into dist/: .deb, .tar.zst, wheel, sdist, bill of materials, sums.
# Usage: packaging/linux/build.sh [cpu|cuda]
set -euo pipefail
cd "$(dirname "$0")/../.."
flavour=${1:-cpu}
case $flavour in
  cpu) lock=packaging/linux/requirements.lock work=build/linux suffix="" ;;
  cuda) lock=packaging/linux/requirements-cuda.lock work=build/linux-cuda suffix=-cuda ;;
  *) echo "usage: build.sh [cpu|cuda]" >&2; exit 2 ;;
esac
if [ ! -f "$lock" ]; then
  echo "$lock is missing: make it on this machine with packaging/common/lock.sh (see README.md)" >&2
  exit 1
fi
common=packaging/common
mkdir -p "$work" dist
python=${PYTHON:-python3.11}
env=$work/env

for tool in dpkg-deb readelf strip fakeroot zstd lintian desktop-file-validate appstreamcli; do
  command -v "$tool" >/dev/null || missing="${missing:-} $tool"
done
if [ -n "${missing:-}" ]; then
  echo "the build needs:$missing. On Debian: apt-get install dpkg binutils fakeroot zstd lintian" \
    "desktop-file-utils appstream" >&2
  exit 1
fi

# A fresh environment with the locked files only: whatever else is installed would be bundled.
sum=$(cksum < "$lock")
if [ "$(cat "$env/.made" 2>/dev/null)" != "$sum" ]; then
  rm -rf "$env"
  "$python" -m venv "$env"
  # PyInstaller compiles what it takes; the rest need not be.
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
    --require-hashes -r "$lock"
  echo "$sum" > "$env/.made"
fi
run=$env/bin/python
version=$("$run" -c 'import cubeview; print(cubeview.__version__)')

echo "== manual"
# Beside the environment, not in it: nothing of what makes the pages goes into the bundle.
"$python" -m venv --clear "$work/pages"
"$work/pages/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile \
  -c constraints.txt sphinx myst-parser shtab
PYTHONPATH=$(cd "$("$run" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" && pwd) \
  PYTHON=$work/pages/bin/python packaging/manual.sh

desktop-file-validate packaging/linux/cubeview-desktop.desktop
appstreamcli validate --no-net packaging/linux/org.cubeview.CubeView.metainfo.xml

echo "== freezing"
"$run" -m PyInstaller --noconfirm --log-level WARN --workpath "$work/freeze" \
  --distpath "$work/bundle" packaging/linux/cubeview.spec
bundle=$work/bundle/cubeview
cp LICENSE "$bundle/LICENSE"
# PyInstaller's links to what was left out, and what libraries forgot in their folders.
find "$bundle" \( -xtype l -o -name .gitignore \) -delete
# Sources that torch reads, which nobody starts as scripts; some name an interpreter nobody has.
find "$bundle/_internal" -name '*.py' -exec sed -i '1s/^#!.*/#/' {} +
# Wheels come with symbols for debuggers, 130 MB of them. The program itself is left alone: what it
# consists of is appended to it, and strip would cut that off. So are the libraries that a wheel
# took in from its builder's system: they were patched, and strip puts their pages out of line.
find "$bundle/_internal" -type f \( -name '*.so' -o -name '*.so.*' \) -not -path '*.libs/*' \
  -exec strip --strip-unneeded {} +
# The CUDA libraries alone take several times what is allowed.
if [ "$flavour" = cpu ]; then "$run" "$common/sizes.py" --unpacked "$bundle"; fi
echo "== testing the frozen program"
"$bundle/cubeview" --self-test

echo "== wheel and sdist"
rm -f dist/cubeview_desktop-*
"$run" -m build --no-isolation --outdir dist . > "$work/build.log" || { cat "$work/build.log"; exit 1; }

echo "== packages"
packaging/linux/deb.sh "$bundle" "$version$suffix" dist
packaging/linux/tarball.sh "$bundle" "$version$suffix" dist
parts=$bundle/_internal/resources/parts.json
cd dist
deb=cubeview-desktop_$version${suffix}_$(dpkg --print-architecture).deb
tar=cubeview-$version$suffix-linux-$(uname -m).tar.zst
bill=cubeview-$version$suffix-linux.cdx.json
if [ "$flavour" = cpu ]; then
  for file in "$deb" "$tar"; do "../$run" "../$common/sizes.py" --packed "$file"; done
fi
"../$run" "../$common/sbom.py" "../$parts" "$version" "$bill" "$deb" "$tar"
sha256sum "$deb" "$tar" cubeview_desktop-"$version"* "$bill" > "SHA256SUMS$suffix"
cat "SHA256SUMS$suffix"
echo "== licences"
"../$run" "../$common/licences.py" "../$parts"
