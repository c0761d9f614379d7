#!/usr/bin/env bash
# Build everything for Linux into dist/: .deb, .tar.zst, wheel, sdist, bill of materials, sums.
# Usage: packaging/linux/build.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
work=build/linux
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
lock=packaging/linux/requirements.lock
sum=$(cksum < "$lock")
if [ "$(cat "$env/.made" 2>/dev/null)" != "$sum" ]; then
  rm -rf "$env"
  "$python" -m venv "$env"
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --require-hashes -r "$lock"
  echo "$sum" > "$env/.made"
fi
run=$env/bin/python
version=$("$run" -c 'import cubeview; print(cubeview.__version__)')

desktop-file-validate packaging/linux/cubeview-desktop.desktop
appstreamcli validate --no-net packaging/linux/org.cubeview.CubeView.metainfo.xml

echo "== freezing"
"$run" -m PyInstaller --noconfirm --log-level WARN --workpath "$work/freeze" \
  --distpath "$work/bundle" packaging/linux/cubeview.spec
bundle=$work/bundle/cubeview
cp LICENSE "$bundle/LICENSE"
# Wheels come with symbols for debuggers, 130 MB of them. The program itself is left alone: what it
# consists of is appended to it, and strip would cut that off. So are the libraries that a wheel
# took in from its builder's system: they were patched, and strip puts their pages out of line.
find "$bundle/_internal" -type f \( -name '*.so' -o -name '*.so.*' \) -not -path '*.libs/*' \
  -exec strip --strip-unneeded {} +
"$run" packaging/linux/without_openssl.py "$bundle"
"$run" "$common/sizes.py" --unpacked "$bundle"
echo "== testing the frozen program"
"$bundle/cubeview" --self-test

echo "== wheel and sdist"
rm -f dist/cubeview_desktop-*
"$run" -m build --no-isolation --outdir dist . > "$work/build.log" || { cat "$work/build.log"; exit 1; }

echo "== packages"
packaging/linux/deb.sh "$bundle" "$version" dist
packaging/linux/tarball.sh "$bundle" "$version" dist
cd dist
deb=cubeview-desktop_${version}_$(dpkg --print-architecture).deb
tar=cubeview-$version-linux-$(uname -m).tar.zst
for file in "$deb" "$tar"; do "../$run" "../$common/sizes.py" --packed "$file"; done
"../$run" "../$common/sbom.py" "../$bundle/_internal/resources/parts.json" "$version" \
  "cubeview-$version-linux.cdx.json" "$deb" "$tar"
sha256sum "$deb" "$tar" cubeview_desktop-"$version"* "cubeview-$version-linux.cdx.json" > SHA256SUMS
cat SHA256SUMS
